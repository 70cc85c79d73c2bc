//! The exhaustive search: the shipped planner against an adversary that tries every interleaving in a small world.
//!
//! [`Config`] says what is searched, [`explore()`] searches it, [`Report`] says what came of it. The order of a pass is the
//! engine's: read the set, read pods and claims in either order, decide, swap the status, act. Between any two steps of
//! anybody everything else may happen: the other controller, the runtime, people who change the declaration, crashes,
//! requests that land late or never.
//!
//! A view is of several moments: the set with its status, the pods and the claims are three steps, as they are three
//! requests of the engine. Under [`piecemeal`](Config::piecemeal()) each pod and each claim of a list is a step too, in any
//! order, as it is with a backend that looks at them one by one.
//!
//! What the model leaves out: time (`minReadySeconds`, pauses after failures), names and DNS, the `initialized`
//! annotation, labels and selectors, `OnDelete`, volumes that bind with their first pod, and the history of revisions. A status that
//! differs in counts or conditions only is not written; such a write can make a swap fail and do nothing more.
//!
//! # What is checked
//!
//! The safety promises S1, S2, S4 to S12 and S16 at every decision and every landing of a request, L2 and S17 on a fair
//! run from every state. At a decision an action must name the incarnation and the version that the planner was shown
//! (S4) and a claim that is the pet's (S5); a landing trusts the runtime to hold requests to that, and to refuse a name
//! that is taken (S1): what comes of a runtime that does not is shown by [`Flaw::NoUid`] and [`Flaw::FreshNames`].
//!
//! At the goal pods and claims are as the declaration and its retention policy say. A pet that only people can help
//! (S7, or a template that never works) is waived, and with it what it holds up: pets above it in an ordered set, and the
//! rollout where it fills the budget. What is known not to hold is exempt by name, and counted in each report: [`Gap`].
//!
//! What is no statement about states here, and where it is shown instead:
//!
//! * S3: a plan has no word for a grace period; the engine's requests are checked by the simulation, `flaw-no-grace`.
//! * S13: every read here is of the present, and a pass keeps nothing of the one before; `flaw-stale-list` of the
//!   simulation, and [`Flaw::StaleList`] for the order of the reads.
//! * S14: there are neither leases nor clocks here; everything holds without them.
//! * S15: whether a read failed is the engine's to see, not the planner's; [`Flaw::ErrorIsAbsence`], which S2 catches
//!   here, and the simulation, which claims S15 at each request.
//! * S18 to S22 are about effort, processes, panics, rights and manifests: see `docs/guarantees.md`.

mod act;
mod bridge;
mod config;
mod configs;
mod effect;
#[cfg_attr(not(feature = "flaws"), expect(dead_code, reason = "only the tests of this crate make mistakes"))]
mod flaw;
mod gap;
mod model;
mod plans;
mod recover;
mod report;
mod safety;
mod search;
mod seeded;
mod step;
#[cfg(feature = "flaws")]
mod steps;
mod story;
mod table;
mod targets;
mod turn;

pub use config::{Config, Spec};
#[cfg(feature = "flaws")]
pub use configs::flawed;
pub use configs::{ci, nightly, quick};
#[cfg(feature = "flaws")]
pub use flaw::Flaw;
pub use gap::Gap;
pub use model::Faults;
pub use report::{Found, Report};
pub use search::explore;

// The search's inner state, for the cross-check with another model checker only.
#[cfg(feature = "flaws")]
#[doc(hidden)]
pub use {
    act::{Act, Acts, Kind},
    model::{Claim, ClaimState, Controller, Debt, PETS, Phase, Pod, STRANGER, Slot, Stage, State, Status},
    step::Step,
    steps::Steps,
};
