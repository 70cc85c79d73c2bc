//! Step 5: empty condemned slots, from the highest ordinal down. Under `OrderedReady` each end is confirmed before the
//! next is asked for (S9). Neither a failed creation nor a sick pet holds this up: a pod that is not ready goes freely.

use super::gate::{Gate, Permit};
use super::slots::Slots;
use super::view::Desired;
use super::{Action, DeleteReason, HoldReason, Plan};
use crate::names::Ordinal;

pub(super) fn step(desired: &Desired<'_>, slots: &Slots<'_>, gate: &mut Gate<'_>, plan: &mut Plan) {
    let reason = if desired.deletion.is_some() { DeleteReason::SetDeleted } else { DeleteReason::ScaledDown };
    if let (Some(pet), None, Some(pod)) = (slots.census.uninitialized, desired.deletion, slots.condemned().next()) {
        plan.hold(pod.ordinal, HoldReason::NotInitialized { pet });
        return;
    }
    let mut ending: Option<Ordinal> = None;
    for pod in slots.condemned() {
        if pod.terminating {
            if ending.is_none() {
                plan.hold(pod.ordinal, HoldReason::Terminating);
            }
            ending = ending.or(Some(pod.ordinal));
            continue;
        }
        if let (true, Some(pet)) = (desired.ordered, ending) {
            plan.hold(pod.ordinal, HoldReason::Successor { pet });
            return;
        }
        match gate.ask(desired, slots, pod, reason) {
            Ok(permit) => {
                let version = (permit == Permit::AsSeen).then(|| pod.version.clone());
                let (ordinal, uid) = (pod.ordinal, pod.uid.clone());
                plan.actions.push(Action::DeletePod { ordinal, uid, version, reason });
                ending = ending.or(Some(ordinal));
            }
            Err(reason) => {
                plan.hold(pod.ordinal, reason);
                if desired.ordered {
                    return;
                }
            }
        }
    }
}
