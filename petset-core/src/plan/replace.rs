//! Step 6: pods that cannot stay. Those that ended by themselves are removed, so that the next pass brings the pet back under the same identity
//! with the same data; after repeated failures not before their backoff is over. A pod of unknown state is left alone:
//! it counts as running (S2).

use std::sync::Arc;

use super::gate::{Gate, Permit};
use super::slots::Slots;
use super::view::{Desired, Observed};
use super::volumes::is_deleted;
use super::{Action, DeleteReason, HoldReason, Plan};
use crate::backend::PodPhase;

pub(super) fn step(
    desired: &Desired<'_>,
    observed: &Observed<'_>,
    slots: &Slots<'_>,
    gate: &mut Gate<'_>,
    plan: &mut Plan,
) {
    end_users_of_deleted_claims(desired, observed, slots, gate, plan);
    replace_ended(observed, slots, plan);
}

/// A wanted pod that stands on claims whose deletion is being seen through was asked for before its pet was scaled away,
/// and came late. What it writes goes with them, so it goes first, and its pet comes back on claims that stay.
fn end_users_of_deleted_claims(
    desired: &Desired<'_>,
    observed: &Observed<'_>,
    slots: &Slots<'_>,
    gate: &mut Gate<'_>,
    plan: &mut Plan,
) {
    for ordinal in observed.deleting_claims.iter().filter(|ordinal| desired.contains(*ordinal)) {
        let Some(pod) = slots.pod(ordinal).filter(|pod| pod.is_ours() && !pod.terminating) else { continue };
        if pod.has_ended() || pod.phase == PodPhase::Unknown || is_deleted(observed, ordinal) {
            continue;
        }
        match gate.ask(desired, slots, pod, DeleteReason::ClaimsDeleted) {
            Ok(permit) => plan.actions.push(Action::DeletePod {
                ordinal,
                uid: pod.uid.clone(),
                version: (permit == Permit::AsSeen).then(|| pod.version.clone()),
                reason: DeleteReason::ClaimsDeleted,
            }),
            Err(reason) => plan.hold(ordinal, reason),
        }
    }
}

fn replace_ended(observed: &Observed<'_>, slots: &Slots<'_>, plan: &mut Plan) {
    if slots.census.ended_or_unknown == 0 {
        return;
    }
    for pod in slots.in_range.iter().filter(|pod| pod.is_ours() && !pod.terminating) {
        if pod.phase == PodPhase::Unknown {
            plan.hold(pod.ordinal, HoldReason::Unknown);
        }
        if !pod.has_ended() {
            continue;
        }
        match observed.pause(pod.ordinal) {
            Some(retry) => {
                plan.hold(pod.ordinal, HoldReason::Backoff { until: retry.at, message: Arc::clone(&retry.message) });
            }
            None => plan.actions.push(Action::DeletePod {
                ordinal: pod.ordinal,
                uid: pod.uid.clone(),
                version: Some(pod.version.clone()),
                reason: DeleteReason::Ended,
            }),
        }
    }
}
