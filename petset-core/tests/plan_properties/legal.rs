//! The first half of the oracle: every action is legal. Written from the promises alone.

use std::collections::BTreeSet;

use petset_core::backend::{ClaimPhase, PodPhase};
use petset_core::plan::{Action, ClaimView, DeleteReason, Ownership, Plan, PodView, Strategy, Target};
use petset_core::status::{OrdinalSet, Started, Ticket};
use petset_core::store::Cascade;
use petset_core::{Ordinal, PodUid, RevisionName};

use crate::common::World;
use crate::facts::{budget, is_available, is_wanted, others_down, partition, range};

/// Everything illegal about the plan, as sentences.
pub(crate) fn illegal(world: &World, plan: &Plan) -> Vec<String> {
    let tickets = plan.tickets.as_deref().unwrap_or(&world.tickets);
    let started = plan.started.as_ref().unwrap_or(&world.started);
    let mut found = illegal_tickets(world, tickets);
    if world.spec.paused && world.spec.deletion.is_none() && plan.acts() {
        found.push("a paused set acts".to_owned());
    }
    let mut seen: BTreeSet<String> = BTreeSet::new();
    for action in &plan.actions {
        if !seen.insert(action.to_string()) {
            found.push(format!("asked for twice: {action}"));
        }
        let mut must = |holds: bool, why: &str| {
            if !holds {
                found.push(format!("{why}: {action}"));
            }
        };
        match action {
            Action::CreatePod { ordinal, revision } => create(world, started, *ordinal, revision, &mut must),
            Action::DeletePod { .. } => delete(world, tickets, action, &mut must),
            Action::ProvisionClaim { .. } | Action::OwnClaim { .. } | Action::DeleteClaim { .. } => {
                let deleting = plan.deleting_claims.as_ref().unwrap_or(&world.deleting_claims);
                change_claim(world, started, deleting, action, &mut must);
            }
            Action::AdoptPod { uid, .. } => must(
                has_pod(world, uid, |pod| pod.owner == Ownership::Nobody && pod.selected && !pod.terminating),
                "S12 no orphan",
            ),
            Action::ReleasePod { uid, .. } => must(
                has_pod(world, uid, |pod| {
                    pod.owner == Ownership::Ours && (!pod.selected || world.spec.deletion == Some(Cascade::Orphan))
                }),
                "S12 nothing to release",
            ),
            Action::RemoveSet => {
                must(world.spec.deletion.is_some(), "nobody asked for it");
                must(!world.pods.iter().any(|pod| pod.owner == Ownership::Ours), "S9 a pod is left");
                let left = |claim: &ClaimView| claim.owner == Ownership::Ours && claim.phase != ClaimPhase::Terminating;
                must(!world.claims.iter().any(left), "S6 a claim is left");
            }
            Action::WithdrawNames => must(world.spec.deletion == Some(Cascade::Ordered), "it is still to be found"),
            Action::PublishNames { digest } => must(world.published != Some(*digest), "S17 nothing changed"),
        }
    }
    found.extend(passed_over(world, plan));
    found
}

/// A rollout takes the highest pets first: nothing ready and outdated stays above one that is taken for it now.
fn passed_over(world: &World, plan: &Plan) -> Option<String> {
    let mut taken = BTreeSet::new();
    for action in &plan.actions {
        if let Action::DeletePod { uid, reason: DeleteReason::RollingUpdate, .. } = action {
            taken.insert(uid);
        }
    }
    let ours = |pod: &&PodView| pod.owner == Ownership::Ours && pod.selected && !pod.terminating;
    let waits = |pod: &&PodView| !taken.contains(&pod.uid) && reason_fits(world, pod, DeleteReason::RollingUpdate);
    let highest = world.pods.iter().rev().filter(ours).find(waits)?;
    let new = |pod: &PodView| !world.tickets.iter().any(|ticket| ticket.uid == pod.uid);
    let lower = world.pods.iter().find(|pod| taken.contains(&pod.uid) && new(pod) && pod.ordinal < highest.ordinal)?;
    Some(format!("pet {} is rolled before pet {}", lower.ordinal, highest.ordinal))
}

fn create(
    world: &World,
    started: &Started,
    ordinal: Ordinal,
    revision: &RevisionName,
    must: &mut impl FnMut(bool, &str),
) {
    must(world.pod(ordinal).is_none(), "S1 the name is taken");
    must(is_wanted(world, ordinal), "nobody wants it");
    let (first, _) = range(world);
    let before = u64::from(ordinal.0) - first;
    let ready = world
        .pods
        .iter()
        .filter(|pod| pod.ordinal < ordinal && is_wanted(world, pod.ordinal) && is_available(world, pod));
    must(!world.spec.ordered || ready.count() as u64 == before, "S8 out of order");
    let side = if before < partition(world) { &world.spec.current } else { &world.spec.update };
    must(revision == side, "S11 wrong side of the partition");
    for template in &world.spec.templates {
        let claim = world.claims.iter().find(|claim| claim.ordinal == ordinal && claim.template == *template);
        let usable = match claim.map(|claim| claim.phase) {
            Some(ClaimPhase::Bound) => true,
            Some(ClaimPhase::Pending) => !world.spec.binds_before_use,
            Some(ClaimPhase::Lost | ClaimPhase::Terminating) | None => false,
        };
        must(usable, "S7 it has no volume");
        let known = claim.is_some_and(|claim| world.started.may_use(ordinal, template, &claim.uid));
        must(known || world.deleting_claims.contains(ordinal), "S7 it ran on another volume");
        must(started.contains(ordinal), "S7 nobody will know that it ran");
    }
    let on_something = world.retries.get(&ordinal).is_some_and(|retry| retry.on.is_some());
    must(on_something || waited(world, ordinal), "its pause is not over");
}

fn delete(world: &World, tickets: &[Ticket], action: &Action, must: &mut impl FnMut(bool, &str)) {
    let Action::DeletePod { ordinal, uid, version, reason } = action else { return };
    let Some(pod) = world.pod(*ordinal).filter(|pod| pod.uid == *uid) else {
        must(false, "S4 no such incarnation");
        return;
    };
    must(is_free(world, *ordinal, &Target::Pod(uid.clone())), "S18 its pause is not over");
    if *reason == DeleteReason::FormerLife {
        must(pod.owner == Ownership::Former && !pod.terminating, "S12 not of an earlier life");
        must(version.as_ref() == Some(&pod.version), "S12 not spared when somebody adopts it");
        must(world.spec.deletion.is_none(), "a set that goes leaves it to whoever comes after it");
        return;
    }
    must(pod.owner == Ownership::Ours, "S12 not ours");
    must(pod.selected || world.spec.deletion.is_some(), "S12 it is being released");
    must(!pod.terminating, "S18 its end was asked for");
    let had = world.tickets.iter().any(|ticket| ticket.uid == *uid);
    must(world.spec.deletion != Some(Cascade::Orphan) || had, "orphans are not ended");
    let ticket = tickets.iter().any(|ticket| ticket.uid == *uid);
    let ready = pod.phase == PodPhase::Running && pod.ready_since.is_some();
    must(ticket || !ready, "S10 ready and without ticket");
    must(ticket || version.as_ref() == Some(&pod.version), "S4 not spared when it becomes ready");
    must(reason_fits(world, pod, *reason), "the reason is wrong");
    let had = world.tickets.iter().any(|ticket| ticket.uid == *uid);
    let goes = matches!(reason, DeleteReason::ScaledDown | DeleteReason::SetDeleted);
    if world.spec.ordered && goes && !had {
        let later = world.pods.iter().any(|other| {
            other.ordinal > *ordinal
                && other.owner == Ownership::Ours
                && (other.selected || world.spec.deletion.is_some())
                && !is_wanted(world, other.ordinal)
        });
        must(!later, "S9 out of order");
    }
    if matches!(reason, DeleteReason::RollingUpdate | DeleteReason::ClaimsDeleted) && ready && !had {
        must(others_down(world, tickets, *ordinal) < budget(world), "S10 over budget");
    }
}

fn change_claim(
    world: &World,
    started: &Started,
    deleting: &OrdinalSet,
    action: &Action,
    must: &mut impl FnMut(bool, &str),
) {
    if let Action::ProvisionClaim { ordinal, template } = action {
        must(!started.contains(*ordinal), "S7 an empty volume for a pet that ran");
        must(is_wanted(world, *ordinal), "nobody wants it");
        must(world.spec.templates.contains(template), "no such template");
        must(
            !world.claims.iter().any(|claim| claim.ordinal == *ordinal && claim.template == *template),
            "S5 it is there",
        );
    }
    if let Action::OwnClaim { uid, ours, ordinal, template } = action {
        let claim = world.claims.iter().find(|claim| claim.uid == *uid);
        let from = if *ours { Ownership::Nobody } else { Ownership::Ours };
        must(claim.is_some_and(|claim| claim.owner == from), "S12 not to be changed");
        let named = world.spec.templates.contains(template);
        let used = world.pod(*ordinal).is_some() || is_wanted(world, *ordinal);
        let seen_through = world.deleting_claims.contains(*ordinal);
        must(!ours || named && used || seen_through, "S6 what was left behind is nobody's");
    }
    if let Action::DeleteClaim { ordinal, uid, .. } = action {
        let claim = world.claims.iter().find(|claim| claim.uid == *uid);
        must(claim.is_some_and(|claim| claim.owner == Ownership::Ours), "S12 not ours");
        let seen_through = world.deleting_claims.contains(*ordinal);
        must(!is_wanted(world, *ordinal) || seen_through, "S6 its pet is wanted");
        must(world.pod(*ordinal).is_none(), "S6 a pod may still use it");
        let policy = match world.spec.deletion {
            None => world.spec.when_scaled,
            Some(Cascade::Ordered) => world.spec.when_deleted,
            Some(Cascade::Orphan) => false,
        };
        must(policy || seen_through, "S6 no policy says so");
        let forgotten = world.spec.deletion.is_some();
        must(deleting.contains(*ordinal) || forgotten, "S6 nobody who brings the pet back would know");
    }
}

/// A ticket is dropped only when its pod is gone and a successor stands or nobody wants one; it is taken only for a
/// ready pod that goes in the same plan.
fn illegal_tickets(world: &World, after: &[Ticket]) -> Vec<String> {
    let mut found = Vec::new();
    for ticket in world.tickets.iter().filter(|ticket| !after.contains(ticket)) {
        let stands = world.pods.iter().any(|pod| pod.uid == ticket.uid);
        let replaced = world.pod(ticket.ordinal).is_some_and(|pod| is_available(world, pod));
        if stands || is_wanted(world, ticket.ordinal) && !replaced {
            found.push(format!("S10 the ticket {} was freed early", ticket.uid));
        }
    }
    for ticket in after.iter().filter(|ticket| !world.tickets.contains(ticket)) {
        if !has_pod(world, &ticket.uid, |pod| pod.ready_since.is_some() && pod.ordinal == ticket.ordinal) {
            found.push(format!("a ticket {} for nothing", ticket.uid));
        }
    }
    found
}

fn reason_fits(world: &World, pod: &PodView, reason: DeleteReason) -> bool {
    let wanted = is_wanted(world, pod.ordinal);
    let ended = matches!(pod.phase, PodPhase::Failed | PodPhase::Succeeded);
    let index = u64::from(pod.ordinal.0).checked_sub(range(world).0);
    let rolls = wanted
        && matches!(world.spec.strategy, Strategy::RollingUpdate { .. })
        && index.is_some_and(|index| index >= partition(world))
        && pod.revision.as_ref() != Some(&world.spec.update)
        && !ended
        && pod.phase != PodPhase::Unknown;
    match reason {
        DeleteReason::ScaledDown => !wanted && world.spec.deletion.is_none(),
        DeleteReason::SetDeleted => world.spec.deletion.is_some(),
        DeleteReason::Ended => wanted && ended && waited(world, pod.ordinal),
        DeleteReason::OutdatedNotReady => rolls && pod.ready_since.is_none(),
        DeleteReason::RollingUpdate => rolls && pod.ready_since.is_some(),
        DeleteReason::ClaimsDeleted => {
            let goes = |claim: &ClaimView| claim.ordinal == pod.ordinal && claim.owner != Ownership::Foreign;
            wanted && !ended && world.deleting_claims.contains(pod.ordinal) && world.claims.iter().any(goes)
        }
        DeleteReason::FormerLife => pod.owner == Ownership::Former,
        DeleteReason::TicketHeld => world.tickets.iter().any(|ticket| ticket.uid == pod.uid),
    }
}

/// Whether nothing failed on this a moment ago.
fn is_free(world: &World, ordinal: Ordinal, target: &Target) -> bool {
    waited(world, ordinal) || world.retries.get(&ordinal).is_none_or(|retry| retry.on.as_ref() != Some(target))
}

fn waited(world: &World, ordinal: Ordinal) -> bool {
    world.retries.get(&ordinal).is_none_or(|retry| retry.at <= world.now)
}

fn has_pod(world: &World, uid: &PodUid, is: impl Fn(&PodView) -> bool) -> bool {
    world.pods.iter().any(|pod| pod.uid == *uid && is(pod))
}
