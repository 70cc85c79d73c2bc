//! Step 7: outdated pods, from the highest ordinal down to the partition. One that is ready passes the gate, in order.
//! One that is not is replaced freely, so that a reverted template always heals itself: what the template before the last
//! one broke is mended first, and the last one is proven there before it reaches a pet that works. But one that was ready
//! a moment ago is not broken yet: it keeps its turn until its time to be ready again is over.

use super::gate::{Gate, Permit};
use super::slots::Slots;
use super::view::{Desired, Observed, Strategy};
use super::{Action, DeleteReason, HoldReason, Plan};
use crate::backend::PodPhase;

pub(super) fn step(
    desired: &Desired<'_>,
    observed: &Observed<'_>,
    slots: &Slots<'_>,
    gate: &mut Gate<'_>,
    plan: &mut Plan,
) {
    if slots.census.outdated == 0 {
        return;
    }
    let partition = desired.partition();
    let mut outdated = slots.in_range.iter().rev().filter(|pod| {
        pod.is_ours()
            && !pod.terminating
            && !pod.has_ended()
            && pod.phase != PodPhase::Unknown
            && pod.ordinal.0 - desired.start.0 >= partition
            && pod.revision.as_ref() != Some(desired.update)
    });
    if desired.strategy == Strategy::OnDelete {
        if let Some(lowest) = outdated.next_back() {
            plan.hold(lowest.ordinal, HoldReason::OnDelete);
        }
        return;
    }
    let mut closed = false;
    for pod in outdated {
        if closed && pod.is_ready() {
            continue;
        }
        if let Some(until) = observed.lapse(pod).filter(|_| closed || !gate.has_room(desired, slots, pod)) {
            plan.hold(pod.ordinal, HoldReason::OutOfTurn { until });
            plan.wake(until);
            closed = true;
            continue;
        }
        let (version, reason) = match gate.ask(desired, slots, pod, DeleteReason::RollingUpdate) {
            Ok(Permit::AsSeen) => (Some(pod.version.clone()), DeleteReason::OutdatedNotReady),
            Ok(Permit::Ticket) => (None, DeleteReason::RollingUpdate),
            Err(reason) => {
                plan.hold(pod.ordinal, reason);
                closed = true;
                continue;
            }
        };
        plan.actions.push(Action::DeletePod { ordinal: pod.ordinal, uid: pod.uid.clone(), version, reason });
    }
}
