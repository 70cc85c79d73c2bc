//! What the conformance suite cannot see of pods on a real engine: fields, restarts, crashes, foreign hands.

#[path = "../common/place.rs"]
mod place;
#[path = "../common/proxy.rs"]
mod proxy;

mod adopt;
mod create;
mod damage;
mod elsewhere;
mod events;
mod exec;
mod fields;
mod gate;
mod hand;
mod image;
mod network;
mod outage;
mod probes;
mod pull;
mod registry;
mod restart;
mod security;
mod support;
mod surroundings;
mod volumes;
