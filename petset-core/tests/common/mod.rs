//! A small world for the planner: what a runtime, a provisioner and a store would remember, and nothing that decides.
//! It shares no code with the rehearsal in `src/plan`, so that a mistake there cannot hide here.

mod spec;
mod world;

pub(crate) use spec::Spec;
pub(crate) use world::{Applied, World};
