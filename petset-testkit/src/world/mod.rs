//! [`FakeWorld`]: pods, volumes and names in memory, behind the three backend traits.
//!
//! One world has three light handles. Tests play everybody else: programs that become ready or fail, the runtime that
//! ends them, and foreign hands. Every effect lands in a journal and is checked against the safety promises at once.

mod check;
mod counts;
mod effect;
mod fake;
mod fault;
mod names;
mod pods;
mod program;
mod request;
mod script;
mod state;
mod volumes;

pub use check::Check;
pub use counts::{Counts, Op};
pub use effect::Effect;
pub use fake::FakeWorld;
pub use names::FakeNames;
pub use pods::FakePods;
pub use program::Program;
pub use state::{Readiness, Termination};
pub use volumes::FakeVolumes;
