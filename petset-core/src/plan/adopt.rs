//! Step 2: orphans in, strays out (behaviour §1.4).

use super::slots::Slots;
use super::view::{Desired, Observed, Ownership, PodView};
use super::{Action, DeleteReason, HoldReason, Plan, volumes};

/// Ends what is left of earlier lives, adopts orphans that the selector matches, releases pods that it no longer matches, and reports names that belong to
/// somebody else. A set that is being deleted adopts and releases nothing.
pub(super) fn step(desired: &Desired<'_>, slots: &Slots<'_>, plan: &mut Plan) {
    if slots.census.unsettled == 0 || desired.deletion.is_some() {
        return;
    }
    for pod in slots.below.iter().chain(slots.in_range).chain(slots.above) {
        let (ordinal, uid) = (pod.ordinal, pod.uid.clone());
        match (pod.owner, pod.selected, pod.terminating) {
            (Ownership::Ours, false, _) => plan.actions.push(Action::ReleasePod { ordinal, uid }),
            (Ownership::Nobody, true, false) => plan.actions.push(Action::AdoptPod { ordinal, uid }),
            (Ownership::Former, _, false) => plan.actions.push(end_leftover(pod)),
            (Ownership::Former, _, true) if desired.contains(ordinal) => plan.hold(ordinal, HoldReason::Terminating),
            (Ownership::Ours, true, _) | (Ownership::Former, _, true) => {}
            (Ownership::Nobody | Ownership::Foreign, _, _) => {
                if desired.contains(ordinal) {
                    plan.hold(ordinal, HoldReason::NameTaken);
                }
            }
        }
    }
}

/// What to do about a set that is no more: its pods, which only requests can have made that landed after its end, go.
pub fn leftovers(pods: &[PodView]) -> Vec<Action> {
    pods.iter().filter(|pod| pod.owner == Ownership::Former && !pod.terminating).map(end_leftover).collect()
}

fn end_leftover(pod: &PodView) -> Action {
    let (ordinal, uid, version) = (pod.ordinal, pod.uid.clone(), Some(pod.version.clone()));
    Action::DeletePod { ordinal, uid, version, reason: DeleteReason::FormerLife }
}

/// Deletion with `cascade: orphan`: every pod and claim becomes nobody's, then the set is forgotten. Names stay
/// published, so that whoever talks to the pods still finds them. A pod with a ticket cannot be given away: a request to
/// end it may be under way, and would hit it later in somebody else's hands, so its end is seen through.
pub(super) fn orphan_all(observed: &Observed<'_>, slots: &Slots<'_>, plan: &mut Plan) {
    for pod in slots.condemned() {
        if observed.tickets.iter().any(|ticket| ticket.uid == pod.uid) {
            if pod.terminating {
                plan.hold(pod.ordinal, HoldReason::Terminating);
            } else {
                let (ordinal, uid) = (pod.ordinal, pod.uid.clone());
                let reason = DeleteReason::TicketHeld;
                plan.actions.push(Action::DeletePod { ordinal, uid, version: None, reason });
            }
            continue;
        }
        plan.actions.push(Action::ReleasePod { ordinal: pod.ordinal, uid: pod.uid.clone() });
    }
    volumes::disown_all(observed, slots, plan);
    if plan.actions.is_empty() && plan.holds.is_empty() {
        plan.actions.push(Action::RemoveSet);
    }
}
