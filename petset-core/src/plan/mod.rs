//! The pure heart: what to do now, why the rest waits, and when to look again.
//!
//! [`plan`] is synchronous and total: no clock, no randomness, no input or output, no backend type. It reads as the list
//! of its steps, each in a file of its own:
//!
//! 1. `slots`: who stands where — in range, condemned, missing;
//! 2. `adopt`: orphans in, strays out;
//! 3. `volumes`: owners and deletions of claims;
//! 4. `create`: fill empty slots, in order;
//! 5. `scale_down`: empty condemned slots, in reverse order;
//! 6. `replace`: pods that cannot stay;
//! 7. `rollout`: outdated pods;
//! 8. `tickets`: permissions to free and to see through;
//! 9. `names`: what others resolve;
//! 10. `pauses`: what failed on a pod or a claim waits.
//!
//! `gate` alone answers "may this ordinal be disturbed now, else why not". [`check`] holds the invariants that every
//! plan must keep, written independently of the steps.

mod action;
mod adopt;
pub mod check;
mod create;
mod gate;
mod hold;
mod names;
mod pauses;
mod rehearse;
mod replace;
mod rollout;
mod scale_down;
mod slots;
mod tickets;
mod view;
mod volumes;

pub use action::{Action, ClaimCause, DeleteReason};
pub use adopt::leftovers;
pub use hold::{Hold, HoldReason, Lack};
pub use rehearse::{Rehearsal, rehearse};
pub use view::{ClaimView, Desired, Observed, Ownership, PodView, RetryAt, Strategy, Target};

use crate::status::{OrdinalSet, PetSetStatus, Started, Ticket};
use crate::store::Cascade;
use crate::time::Timestamp;
use gate::Gate;
use slots::Slots;

/// At most this many pods are created by one plan; the rest follows in the next pass.
pub const MAX_CREATES: usize = 500;

/// What to do now, why the rest waits, and when to look again.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[must_use = "a plan that nobody executes or reads is of no use"]
pub struct Plan {
    /// In order. When one fails, later ones of the same ordinal are left for the next pass.
    pub actions: Vec<Action>,
    /// Why something that is wanted does not happen now.
    pub holds: Vec<Hold>,
    /// When to look again although nothing may have changed.
    pub wake_at: Option<Timestamp>,
    /// The tickets after this plan, when they change; written by compare-and-swap before any action.
    pub tickets: Option<Vec<Ticket>>,
    /// The started pets after this plan, when they change; written before any action.
    pub started: Option<Started>,
    /// The pets whose claims are being deleted after this plan, when they change; written before any action.
    pub deleting_claims: Option<OrdinalSet>,
}

impl Plan {
    /// True when there is nothing to do, nothing that waits and nothing to write.
    pub fn is_idle(&self) -> bool {
        self.actions.is_empty() && self.is_at_goal()
    }

    /// True when there is nothing to do but to publish names, nothing that waits and nothing to write.
    pub fn is_at_goal(&self) -> bool {
        !self.acts() && self.holds.iter().all(|hold| hold.reason.is_at_rest()) && !self.needs_write()
    }

    /// True when it does more than publish names.
    pub fn acts(&self) -> bool {
        self.actions.iter().any(|action| !matches!(action, Action::PublishNames { .. }))
    }

    /// True when something must be written before any action.
    pub fn needs_write(&self) -> bool {
        self.tickets.is_some() || self.started.is_some() || self.deleting_claims.is_some()
    }

    /// True when it does what must not be done on a declaration that has changed meanwhile. That is all but what starts,
    /// ends and changes nothing: names, and volumes for pets that never ran. A claim that is made too late is looked at
    /// like one whose request was on its way for long.
    pub fn needs_newest(&self) -> bool {
        !self.actions.iter().all(|action| matches!(action, Action::PublishNames { .. }) || action.provisions())
    }

    /// Whether the status must be written, or its version looked at, before anything else is done: something must be
    /// remembered, or something is done that needs the newest declaration. Claims that go with the set or the pet are made
    /// for a set that is on record.
    pub fn needs_swap(&self, desired: &Desired<'_>, stored: &PetSetStatus) -> bool {
        let owns = || desired.deletes_claims() && self.actions.iter().any(Action::provisions);
        self.needs_write() || self.needs_newest() || stored.update_revision.is_none() && owns()
    }

    /// Whether it takes the first steps of a set, with nothing in their way: the status that it leads to follows at once.
    pub fn begins(&self, stored: &PetSetStatus) -> bool {
        stored.update_revision.is_none() && self.acts() && !self.holds.iter().any(|hold| hold.reason.is_trouble())
    }

    fn hold(&mut self, ordinal: impl Into<Option<crate::Ordinal>>, reason: HoldReason) {
        if let HoldReason::Backoff { until, .. } = &reason {
            self.wake(*until);
        }
        self.holds.push(Hold { ordinal: ordinal.into(), reason });
    }

    fn wake(&mut self, at: Timestamp) {
        self.wake_at = Some(self.wake_at.map_or(at, |other| other.min(at)));
    }
}

/// Decides.
///
/// Pods and claims must be what one fresh read showed, taken after the tickets and the declaration were read (safety
/// rule 2). At goal the number of allocations does not depend on the number of pets.
pub fn plan(desired: &Desired<'_>, observed: &Observed<'_>) -> Plan {
    let mut plan = Plan::default();
    let slots = Slots::new(desired, observed);
    if desired.is_held() {
        plan.hold(None, HoldReason::Paused);
        names::step(desired, observed, &slots, &mut plan);
        return plan;
    }
    if desired.deletion == Some(Cascade::Orphan) {
        adopt::orphan_all(observed, &slots, &mut plan);
        pauses::step(observed, &mut plan);
        return plan;
    }
    let mut gate = Gate::new(desired, observed, &slots);
    adopt::step(desired, &slots, &mut plan);
    volumes::step(desired, observed, &slots, &mut plan);
    create::step(desired, observed, &slots, &mut plan);
    scale_down::step(desired, &slots, &mut gate, &mut plan);
    replace::step(desired, observed, &slots, &mut gate, &mut plan);
    rollout::step(desired, observed, &slots, &mut gate, &mut plan);
    tickets::step(observed, &slots, gate, &mut plan);
    names::step(desired, observed, &slots, &mut plan);
    pauses::step(observed, &mut plan);
    if let Some(at) = slots.census.next_available {
        plan.wake(at);
    }
    plan
}
