//! The engine and the controller over a world in memory: what the pure planner cannot show.

mod claims;
mod controller;
mod failures;
mod names;
mod pass;
mod server;
mod support;
mod two_controllers;
