//! The second half of the oracle: every hold is unavoidable, and nothing that is missing goes without a word.

use petset_core::Ordinal;
use petset_core::backend::{ClaimPhase, PodPhase};
use petset_core::plan::{Action, Hold, HoldReason, Ownership, Plan, PodView, Strategy};

use crate::common::World;
use crate::facts::{budget, is_available, is_outdated, is_wanted, others_down};

/// Every hold that could have been an action, as sentences.
pub(crate) fn avoidable(world: &World, plan: &Plan) -> Vec<String> {
    let unavoidable = |hold: &&Hold| match hold.ordinal {
        None => hold.reason == HoldReason::Paused && world.spec.paused,
        Some(ordinal) => pet_must_wait(world, plan, ordinal, &hold.reason),
    };
    plan.holds.iter().filter(|hold| !unavoidable(hold)).map(|hold| format!("this is no reason: {hold}")).collect()
}

/// Whether an outdated pod is left for later.
fn is_left(world: &World, plan: &Plan, ordinal: Ordinal) -> bool {
    let goes = |action: &Action| matches!(action, Action::DeletePod { ordinal: pet, .. } if *pet == ordinal);
    is_wanted(world, ordinal)
        && world.pod(ordinal).is_some_and(|pod| is_outdated(world, pod))
        && !plan.actions.iter().any(goes)
}

fn pet_must_wait(world: &World, plan: &Plan, ordinal: Ordinal, reason: &HoldReason) -> bool {
    let pod = world.pod(ordinal);
    let is = |test: &dyn Fn(&PodView) -> bool| pod.is_some_and(test);
    let ours = |pod: &PodView| pod.owner == Ownership::Ours && pod.selected;
    let claim =
        |template: &str| world.claims.iter().find(|claim| claim.ordinal == ordinal && *claim.template == *template);
    let phase = |template: &str| claim(template).map(|claim| claim.phase);
    match reason {
        HoldReason::Paused => false,
        HoldReason::NotInitialized { pet } => world.pod(*pet).is_some_and(|pod| ours(pod) && !pod.initialized),
        HoldReason::Predecessor { pet, lacks: _ } => {
            let available = world.pod(*pet).is_some_and(|pod| is_available(world, pod));
            world.spec.ordered && pod.is_none() && pet < &ordinal && is_wanted(world, *pet) && !available
        }
        HoldReason::Successor { pet } => {
            let standing = world.pod(*pet).is_some_and(|pod| pod.owner == Ownership::Ours);
            world.spec.ordered && *pet > ordinal && standing && !is_wanted(world, *pet) && !is_wanted(world, ordinal)
        }
        HoldReason::Terminating => is(&|pod| pod.terminating),
        HoldReason::NotReady => is(&|pod| pod.phase != PodPhase::Unknown && pod.ready_since.is_none()),
        HoldReason::NotAvailable { at } => {
            let since = |pod: &PodView| pod.ready_since.map(|since| since.after(world.spec.min_ready));
            is(&|pod| !is_available(world, pod) && since(pod) == Some(*at))
                && (*at > world.now || at.as_micros() == i64::MAX)
        }
        HoldReason::Unknown => is(&|pod| pod.phase == PodPhase::Unknown),
        HoldReason::Budget { down, max, pet } => {
            let tickets = plan.tickets.as_deref().unwrap_or(&world.tickets);
            let going = |ticket: &petset_core::status::Ticket| ticket.ordinal == *pet;
            let one_is_down = tickets.iter().any(going) || world.pod(*pet).is_none_or(|pod| !is_available(world, pod));
            let others = if is_wanted(world, ordinal) {
                others_down(world, tickets, ordinal)
            } else {
                let pets: std::collections::BTreeSet<Ordinal> = tickets.iter().map(|ticket| ticket.ordinal).collect();
                pets.iter().filter(|pet| **pet != ordinal).count() as u64
            };
            u64::from(*max) == budget(world)
                && u64::from(*down) == others.min(u32::MAX.into())
                && others >= budget(world)
                && one_is_down
                && is(&|pod| ours(pod) && pod.ready_since.is_some())
        }
        HoldReason::OutOfTurn { until } => {
            let tickets = plan.tickets.as_deref().unwrap_or(&world.tickets);
            let waits =
                |hold: &Hold| hold.ordinal.is_some_and(|higher| higher > ordinal && is_left(world, plan, higher));
            world.lapses.get(&ordinal) == Some(until)
                && *until > world.now
                && is(&|pod| pod.ready_since.is_none() && is_outdated(world, pod))
                && (others_down(world, tickets, ordinal) >= budget(world) || plan.holds.iter().any(waits))
        }
        HoldReason::Backoff { until, message: _ } => {
            world.retries.get(&ordinal).is_some_and(|retry| retry.at == *until && *until > world.now)
        }
        HoldReason::NameTaken => is(&|pod| pod.owner != Ownership::Ours),
        HoldReason::ClaimMissing { template, claim: lost } => {
            let known = world.started.claims(ordinal).find(|(known, _)| *known == &**template);
            world.started.contains(ordinal) && claim(template).is_none() && known.map(|(_, uid)| uid) == lost.as_ref()
        }
        HoldReason::ClaimReplaced { template, claim: lost } => claim(template).is_some_and(|claim| {
            claim.phase != ClaimPhase::Lost
                && claim.uid != *lost
                && world.started.claims(ordinal).any(|known| known == (&**template, lost))
        }),
        HoldReason::ClaimLost { template } => phase(template) == Some(ClaimPhase::Lost),
        HoldReason::ClaimTerminating { template, .. } => {
            let deleting = world.deleting_claims.contains(ordinal) && claim(template).is_some();
            deleting || phase(template) == Some(ClaimPhase::Terminating)
        }
        HoldReason::ClaimPending { template, message: _ } => {
            world.spec.binds_before_use && phase(template) == Some(ClaimPhase::Pending)
        }
        HoldReason::ClaimForeign { template } => {
            claim(template).is_some_and(|claim| claim.owner == Ownership::Foreign) && !is_wanted(world, ordinal)
        }
        HoldReason::OnDelete => world.spec.strategy == Strategy::OnDelete && is(&|pod| is_outdated(world, pod)),
    }
}
