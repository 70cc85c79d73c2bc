//! Step 8: what the tickets mean for this plan. A ticket whose incarnation still stands is seen through: the request of
//! whoever took it may still be under way, so the only safe end is that incarnation's end.

use super::gate::Gate;
use super::slots::Slots;
use super::view::Observed;
use super::{Action, DeleteReason, Plan};

pub(super) fn step(observed: &Observed<'_>, slots: &Slots<'_>, gate: Gate<'_>, plan: &mut Plan) {
    if gate.held().is_empty() && observed.tickets.is_empty() {
        return;
    }
    for ticket in gate.held() {
        let stands =
            slots.pod(ticket.ordinal).is_some_and(|pod| pod.uid == ticket.uid && pod.is_ours() && !pod.terminating);
        let asked =
            || plan.actions.iter().any(|action| matches!(action, Action::DeletePod { uid, .. } if *uid == ticket.uid));
        if stands && !asked() {
            plan.actions.push(Action::DeletePod {
                ordinal: ticket.ordinal,
                uid: ticket.uid.clone(),
                version: None,
                reason: DeleteReason::TicketHeld,
            });
        }
    }
    plan.tickets = gate.into_tickets();
}
