#![doc = include_str!("../README.md")]

pub mod clock;
#[cfg(feature = "explore")]
pub mod explore;
pub mod fixtures;
pub mod world;

pub use clock::ManualClock;
pub use world::{Check, Counts, Effect, FakeNames, FakePods, FakeVolumes, FakeWorld, Op, Readiness, Termination};
