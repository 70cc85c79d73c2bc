//! Step 4: fill empty slots. Under `OrderedReady` one at a time, each only when every pet before it is available in
//! this very read (S8); otherwise all at once.

use std::sync::Arc;

use super::hold::Lack;
use super::slots::Slots;
use super::view::{Desired, Observed, PodView};
use super::volumes::{Needs, needs, remember};
use super::{Action, HoldReason, MAX_CREATES, Plan};
use crate::backend::PodPhase;
use crate::names::Ordinal;

pub(super) fn step(desired: &Desired<'_>, observed: &Observed<'_>, slots: &Slots<'_>, plan: &mut Plan) {
    if slots.all_available() {
        return;
    }
    let mut before: Option<(Ordinal, Lack)> = None;
    let mut filled = 0;
    for (ordinal, pod) in slots.wanted() {
        if let Some(pod) = pod {
            if let Some(lacks) = lack(slots, pod) {
                report(slots, pod, plan);
                before = before.or(Some((ordinal, lacks)));
            }
            continue;
        }
        if let (true, Some((pet, lacks))) = (desired.ordered, before) {
            plan.hold(ordinal, HoldReason::Predecessor { pet, lacks });
            return;
        }
        // Filling a slot below the pet that waits for its sign is a repair; above it, it is a scale step, and so is all
        // that would follow.
        if let Some(pet) = slots.census.uninitialized.filter(|pet| *pet < ordinal) {
            plan.hold(ordinal, HoldReason::NotInitialized { pet });
            return;
        }
        if filled == MAX_CREATES {
            return;
        }
        before = before.or(Some((ordinal, Lack::Pod)));
        // A pet that cannot be filled now leaves its place to another.
        filled += usize::from(fill(desired, observed, ordinal, plan));
    }
}

/// What a pet lacks to let the next one start.
fn lack(slots: &Slots<'_>, pod: &PodView) -> Option<Lack> {
    if !pod.is_ours() {
        Some(Lack::Owner)
    } else if pod.terminating {
        Some(Lack::Stay)
    } else if !pod.is_ready() {
        Some(Lack::Readiness)
    } else if !slots.is_available(pod) {
        Some(Lack::Availability)
    } else {
        None
    }
}

/// Why a pod that stands is not yet as it should be.
fn report(slots: &Slots<'_>, pod: &PodView, plan: &mut Plan) {
    let reason = match lack(slots, pod) {
        Some(Lack::Stay) => HoldReason::Terminating,
        // Ended pods and those of unknown state are told of by the step that replaces them.
        Some(Lack::Readiness) if !pod.has_ended() && pod.phase != PodPhase::Unknown => HoldReason::NotReady,
        Some(Lack::Availability) => match slots.available_at(pod) {
            Some(at) => HoldReason::NotAvailable { at },
            None => return,
        },
        Some(Lack::Readiness | Lack::Owner | Lack::Pod) | None => return,
    };
    plan.hold(pod.ordinal, reason);
}

/// Asks for the pod of an empty slot, or first for what it needs; false when it has to wait.
fn fill(desired: &Desired<'_>, observed: &Observed<'_>, ordinal: Ordinal, plan: &mut Plan) -> bool {
    // What failed on a pod that is gone is no reason to wait with another one; claims come first by themselves.
    if let Some(retry) = observed.pause(ordinal).filter(|retry| retry.on.is_none()) {
        plan.hold(ordinal, HoldReason::Backoff { until: retry.at, message: Arc::clone(&retry.message) });
        return false;
    }
    match needs(desired, observed, ordinal) {
        Needs::Blocked(reasons) => {
            for reason in reasons {
                plan.hold(ordinal, reason);
            }
            return false;
        }
        // The pod follows in the next pass, on a read that shows the claims: only then the pet counts as started.
        Needs::Claims(templates) => {
            plan.actions.extend(templates.into_iter().map(|template| Action::ProvisionClaim { ordinal, template }));
        }
        Needs::Nothing => {
            remember(desired, observed, ordinal, plan);
            let revision = desired.revision_of(ordinal).clone();
            plan.actions.push(Action::CreatePod { ordinal, revision });
        }
    }
    true
}
