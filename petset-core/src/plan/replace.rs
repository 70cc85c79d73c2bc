//! Step 6: pods that ended by themselves are removed, so that the next pass brings the pet back under the same identity
//! with the same data; after repeated failures not before their backoff is over. A pod of unknown state is left alone:
//! it counts as running (S2).

use std::sync::Arc;

use super::slots::Slots;
use super::view::Observed;
use super::{Action, DeleteReason, HoldReason, Plan};
use crate::backend::PodPhase;

pub(super) fn step(observed: &Observed<'_>, slots: &Slots<'_>, plan: &mut Plan) {
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
        match observed.retries.get(&pod.ordinal).filter(|retry| retry.at > observed.now) {
            Some(retry) => {
                plan.hold(pod.ordinal, HoldReason::Backoff { until: retry.at, message: Arc::clone(&retry.message) });
                plan.wake(retry.at);
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
