//! [`FakeWorld`]: pods, volumes, names and sets in memory, behind the three backend traits and the store's.
//!
//! One world has four light handles. Tests play everybody else: programs that become ready or fail, the runtime that
//! ends them, and foreign hands. Every effect lands in a journal and is checked against the safety promises at once.

#[cfg(feature = "simulate")]
mod between;
mod check;
mod counts;
mod effect;
mod fake;
mod names;
mod next_error;
mod pods;
mod program;
mod request;
mod script;
mod shared;
mod state;
mod store;
mod volumes;
mod watches;

pub use check::Check;
pub use counts::{Counts, Op};
pub use effect::Effect;
pub use fake::FakeWorld;
pub use names::FakeNames;
pub use pods::FakePods;
pub use program::Program;
#[cfg(feature = "simulate")]
pub use shared::Source;
pub use state::{Readiness, Termination};
pub use store::FakeStore;
pub use volumes::FakeVolumes;
pub use watches::WatchStart;

#[cfg(feature = "simulate")]
pub(crate) use {
    between::{Answer, Between, Caller, Landed, Lands, Verdict},
    pods::begin_end,
    request::Request,
    shared::Shared,
    state::{Running, State},
    volumes::{delete as delete_claim, provision as provision_claim},
};
