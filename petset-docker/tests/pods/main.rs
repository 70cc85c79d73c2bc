//! What the conformance suite cannot see of pods on a real engine: fields, restarts, crashes, foreign hands.

#[path = "../common/place.rs"]
mod place;
#[path = "../common/proxy.rs"]
mod proxy;

mod adopt;
mod create;
mod elsewhere;
mod events;
mod fields;
mod gate;
mod image;
mod network;
mod probes;
mod pull;
mod registry;
mod restart;
mod security;
mod support;
mod surroundings;
mod volumes;
