// Its examples use the default features.
#![cfg_attr(feature = "conformance", doc = include_str!("../README.md"))]
#![cfg_attr(not(feature = "conformance"), doc = "Fakes, faults and fixtures to test what is built on petset.")]
#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod clock;
#[cfg(feature = "conformance")]
pub mod conformance;
#[cfg(feature = "explore")]
#[cfg_attr(
    not(feature = "flaws"),
    expect(unreachable_pub, unnameable_types, reason = "the tests of this crate see its inner state")
)]
pub mod explore;
pub mod faults;
pub mod fixtures;
#[cfg(feature = "mock")]
pub mod mock;
pub mod seed;
#[cfg(feature = "simulate")]
pub mod simulate;
pub mod world;

pub use clock::{ManualClock, VirtualClock};
pub use faults::Faults;
#[cfg(feature = "simulate")]
pub use world::Source;
pub use world::{
    Check, Counts, Effect, FakeNames, FakePods, FakeStore, FakeVolumes, FakeWorld, Op, Program, Readiness, Termination,
    WatchStart,
};

#[cfg(feature = "simulate")]
pub(crate) use world::Request;

/// Chapters of the book, whose examples are tested here.
#[cfg(all(doctest, feature = "conformance"))]
mod guide {
    #[doc = include_str!("../chapters/backend.md")]
    mod backend {}
    #[doc = include_str!("../chapters/testing.md")]
    mod testing {}
}
