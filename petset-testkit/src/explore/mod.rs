//! The exhaustive search: the shipped planner against an adversary that tries every interleaving in a small world.
//!
//! [`Config`] says what is searched, [`explore`] searches it, [`Report`] says what came of it. The order of a pass is the
//! engine's: read the set, read pods and claims in either order, decide, swap the status, act. Between any two steps of
//! anybody everything else may happen: the other controller, the runtime, people who change the declaration, crashes,
//! requests that land late or never.
//!
//! What the model leaves out: time (`minReadySeconds`, pauses after failures), names and DNS, the `initialized`
//! annotation, labels and selectors, `OnDelete`, volumes that bind late, and the history of revisions. A status that
//! differs in counts or conditions only is not written; such a write can make a swap fail and do nothing more.

mod bridge;
mod config;
mod configs;
mod effect;
mod flaw;
mod model;
mod plans;
mod recover;
mod report;
mod safety;
mod search;
mod step;
mod steps;
mod story;
mod table;
mod turn;

pub use config::{Config, Spec};
pub use configs::{ci, flawed, nightly, quick};
pub use flaw::Flaw;
pub use model::{
    Act, Acts, Claim, ClaimState, Controller, Debt, Faults, Kind, PETS, Phase, Pod, STRANGER, Slot, Stage, State,
    Status,
};
pub use report::Report;
pub use search::explore;
pub use step::Step;
pub use steps::Steps;
