//! The deterministic simulation: the shipped [`Controller`](petset_core::Controller) over the world in memory, in virtual
//! time, with everything going wrong that the contracts leave open.
//!
//! * [`Scenario`] is what people declare and what befalls the pods, step by step; [`scenarios`] are the walkthroughs.
//! * [`Fault`] is what goes wrong and where it may; [`Plan`] says which faults a run meets.
//! * [`Run`] is one run: a scenario, a plan and a seed. [`Outcome`] says which promise was broken, if one was.
//! * [`sizes`] makes many runs: every single fault, every pair of faults at writes, and seeds.
//! * [`Gap`] is what is known not to hold. With the feature `flaws`, which is for the tests of this crate alone, a run can
//!   have a seeded mistake that the simulation must find.
//!
//! Every run is one thread with tokio's clock paused. Chance comes from the run's seed alone: the same seed gives the same
//! trace, line by line. At every request and every effect a checker that does not know the planner looks for broken
//! promises. After its script a run heals: nothing goes wrong any more, and within [`Scenario::bound`] the goal must be
//! reached, and then hold for an hour in which nothing is written.

mod agenda;
mod between;
mod chance;
mod checker;
mod driver;
mod fault;
#[cfg(feature = "flaws")]
mod flaw;
mod goal;
mod hints;
mod panics;
mod people;
mod plan;
mod reach;
mod run;
mod runtime;
mod scenario;
pub mod scenarios;
mod sim;
pub mod sizes;
mod trace;

pub use checker::{Broken, Gap};
pub use fault::{Fault, Place, Site, sites};
#[cfg(feature = "flaws")]
pub use flaw::Flaw;
pub use plan::{Plan, Swizzle};
pub use reach::Effort;
pub use run::{Outcome, Run, simulate};
pub use scenario::Scenario;
