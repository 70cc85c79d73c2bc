//! The invariants of every plan, written from the promises and not from the steps. Debug builds assert them, property
//! tests and simulations check them.

use std::collections::BTreeSet;

use super::{Action, ClaimCause, DeleteReason, Desired, Observed, Ownership, Plan, PodView, RetryAt, Strategy};
use crate::backend::ClaimPhase;
use crate::names::{Ordinal, PodUid};
use crate::store::Cascade;

/// Every promise that `plan` breaks, as a sentence with the promise's id; empty when it keeps them all.
pub fn broken(desired: &Desired<'_>, observed: &Observed<'_>, plan: &Plan) -> Vec<String> {
    let mut broken = Vec::new();
    for action in &plan.actions {
        check(desired, observed, plan, action, &mut broken);
    }
    tickets(desired, observed, plan, &mut broken);
    broken
}

fn check(desired: &Desired<'_>, observed: &Observed<'_>, plan: &Plan, action: &Action, broken: &mut Vec<String>) {
    let mut claim = |holds: bool, text: &str| {
        if !holds {
            broken.push(format!("{text}: {action}"));
        }
    };
    let names = matches!(action, Action::PublishNames { .. });
    claim(!desired.is_held() || names, "a paused set does nothing");
    let retry = action.ordinal().and_then(|ordinal| observed.retries.get(&ordinal));
    let waits = |retry: &RetryAt| retry.at > observed.now && retry.on.is_some() && retry.on == action.target();
    claim(!retry.is_some_and(waits), "S18: what failed on a pod or a claim waits");
    match action {
        Action::CreatePod { ordinal, revision } => {
            claim(desired.contains(*ordinal), "S8: only wanted pets are created");
            claim(pod_of(observed, *ordinal).is_none(), "S1, S2: only an empty slot is filled");
            let before = |pod: &&PodView| pod.ordinal < *ordinal && desired.contains(pod.ordinal);
            let ready =
                observed.pods.iter().filter(before).filter(|pod| pod.is_ours() && pod.is_ready() && !pod.terminating);
            let index = ordinal.0.saturating_sub(desired.start.0);
            let all_before = index as usize;
            claim(!desired.ordered || ready.count() == all_before, "S8: every pet before it is ready");
            let below = matches!(desired.strategy, Strategy::RollingUpdate { partition, .. } if index < partition);
            let expected = if below { desired.current } else { desired.update };
            claim(revision == expected, "S11: the revision is that of its side of the partition");
            for template in desired.claim_templates {
                let own = observed.claims.iter().find(|claim| claim.ordinal == *ordinal && claim.template == *template);
                claim(own.is_some(), "S5, S7: its claims are there");
                let remembered = plan.started.as_ref().unwrap_or(observed.started);
                let is_own = own.is_none_or(|own| remembered.may_use(*ordinal, template, &own.uid));
                claim(is_own, "S7: its claims are those that it is remembered with");
            }
            let remembered = plan.started.as_ref().unwrap_or(observed.started).contains(*ordinal);
            claim(desired.claim_templates.is_empty() || remembered, "S7: it counts as started before it starts");
        }
        Action::DeletePod { ordinal, uid, version, reason } => {
            let pod = observed.pods.iter().find(|pod| pod.uid == *uid && pod.ordinal == *ordinal);
            claim(pod.is_some(), "S4: the incarnation was seen");
            let Some(pod) = pod else { return };
            if *reason == DeleteReason::FormerLife {
                claim(pod.owner == Ownership::Former, "S12: it belongs to an earlier life");
                claim(version.is_some(), "S12: it is spared when somebody adopted it");
                return;
            }
            claim(is_member(desired, pod), "S12: it is ours, and not about to be released");
            claim(!pod.terminating, "S18: its end is asked for once");
            let wanted = desired.contains(*ordinal);
            let condemned = matches!(reason, DeleteReason::ScaledDown | DeleteReason::SetDeleted);
            claim(!condemned || !wanted, "only what nobody wants is scaled away");
            let held = held_after(observed, plan, uid);
            claim(!pod.is_ready() || held, "S10: a ready pod has a ticket");
            claim(pod.is_ready() || held || version.is_some(), "S10: an unready pod is spared when it became ready");
            if desired.ordered && condemned && !observed.tickets.iter().any(|ticket| ticket.uid == *uid) {
                let mut above =
                    observed.pods.iter().filter(|other| is_member(desired, other) && !desired.contains(other.ordinal));
                claim(above.all(|other| other.ordinal <= *ordinal), "S9: the highest first");
            }
            let rolled = matches!(reason, DeleteReason::RollingUpdate | DeleteReason::OutdatedNotReady);
            claim(
                !rolled || ordinal.0.saturating_sub(desired.start.0) >= desired.partition(),
                "S11: nothing below the partition is rolled",
            );
            claim(!rolled || desired.strategy != Strategy::OnDelete, "OnDelete takes nothing down");
            if *reason == DeleteReason::OutdatedNotReady && observed.lapse(pod).is_some() {
                let works = |other: &&PodView| other.is_ready() && !other.terminating && is_outdated(desired, other);
                let mut higher = observed.pods.iter().filter(|other| other.ordinal > *ordinal && works(other));
                let goes = |other: &PodView| held_after(observed, plan, &other.uid);
                claim(higher.all(goes), "a pod that was ready a moment ago is rolled in its turn");
            }
        }
        Action::DeleteClaim { .. } | Action::ProvisionClaim { .. } | Action::OwnClaim { .. } => {
            check_claim(desired, observed, plan, action, &mut claim);
        }
        Action::RemoveSet => {
            claim(desired.deletion.is_some(), "only a deleted set is forgotten");
            claim(!observed.pods.iter().any(|pod| is_member(desired, pod)), "S9: no pod of a forgotten set is left");
            let owns =
                |claim: &&super::ClaimView| claim.owner == Ownership::Ours && claim.phase != ClaimPhase::Terminating;
            claim(
                !observed.claims.iter().any(|claim| owns(&claim)),
                "S6: no claim is left in the name of a forgotten set",
            );
        }
        Action::AdoptPod { uid, .. } => {
            let pod = observed.pods.iter().find(|pod| pod.uid == *uid);
            claim(
                pod.is_some_and(|pod| pod.owner == Ownership::Nobody && pod.selected),
                "S12: only an orphan is adopted",
            );
        }
        Action::ReleasePod { uid, .. } => {
            let ours = observed.pods.iter().any(|pod| pod.uid == *uid && pod.owner == Ownership::Ours);
            claim(ours, "S12: only ours is released");
        }
        Action::PublishNames { .. } | Action::WithdrawNames => {}
    }
}

/// The claims' part of [`check`].
fn check_claim(
    desired: &Desired<'_>,
    observed: &Observed<'_>,
    plan: &Plan,
    action: &Action,
    claim: &mut impl FnMut(bool, &str),
) {
    match action {
        Action::DeleteClaim { ordinal, uid, cause, .. } => {
            let seen = observed.claims.iter().find(|claim| claim.uid == *uid);
            claim(seen.is_some_and(|claim| claim.owner == Ownership::Ours), "S6, S12: the claim is ours");
            let deleting = plan.deleting_claims.as_ref().unwrap_or(observed.deleting_claims).contains(*ordinal);
            let seen_through = observed.deleting_claims.contains(*ordinal);
            claim(!desired.contains(*ordinal) || seen_through, "S6: its pet is not wanted");
            claim(deleting || *cause == ClaimCause::Deleted, "S6: that it goes is written down before it does");
            claim(pod_of(observed, *ordinal).is_none(), "S6: its last pod is gone");
            let policy = match cause {
                // Seen through also when the set is to be deleted meanwhile.
                ClaimCause::Scaled => seen_through || desired.delete_claims_when_scaled && desired.deletion.is_none(),
                ClaimCause::Deleted => desired.delete_claims_when_deleted && desired.deletion == Some(Cascade::Ordered),
            };
            claim(policy, "S6: the policy says so");
        }
        Action::ProvisionClaim { ordinal, template } => {
            let started = plan.started.as_ref().unwrap_or(observed.started);
            claim(!started.contains(*ordinal), "S7: no empty volume for a pet that has run");
            let there = observed.claims.iter().any(|claim| claim.ordinal == *ordinal && claim.template == *template);
            claim(!there, "S5: no second claim");
        }
        Action::OwnClaim { uid, ours, ordinal, template } => {
            let foreign = observed.claims.iter().any(|claim| claim.uid == *uid && claim.owner == Ownership::Foreign);
            claim(!foreign, "S12: no foreign claim is touched");
            claim(
                !ours || desired.claim_templates.contains(template) || observed.deleting_claims.contains(*ordinal),
                "S12: only claims of its templates become its own",
            );
            let seen_through = observed.deleting_claims.contains(*ordinal);
            let used = pod_of(observed, *ordinal).is_some() || desired.contains(*ordinal) || seen_through;
            claim(!ours || used, "S6: what an earlier life or policy left behind stays nobody's");
        }
        Action::AdoptPod { .. }
        | Action::ReleasePod { .. }
        | Action::CreatePod { .. }
        | Action::DeletePod { .. }
        | Action::PublishNames { .. }
        | Action::WithdrawNames
        | Action::RemoveSet => {}
    }
}

/// S10: tickets that this plan adds keep the number of pets that the library took down within the budget; a ticket is
/// dropped only when its incarnation is gone.
fn tickets(desired: &Desired<'_>, observed: &Observed<'_>, plan: &Plan, broken: &mut Vec<String>) {
    let Some(after) = &plan.tickets else { return };
    for ticket in observed.tickets.iter().filter(|ticket| !after.contains(ticket)) {
        if observed.pods.iter().any(|pod| pod.uid == ticket.uid) {
            broken.push(format!("S10: the ticket of pet {} was dropped while its incarnation stands", ticket.ordinal));
        }
    }
    let max = match desired.strategy {
        Strategy::RollingUpdate { max_unavailable, .. } => max_unavailable.max(1) as usize,
        Strategy::OnDelete => 1,
    };
    let rolled = |ticket: &&crate::status::Ticket| {
        let taken_now = !observed.tickets.contains(ticket);
        taken_now && desired.contains(ticket.ordinal)
    };
    let pets: BTreeSet<Ordinal> = after.iter().map(|ticket| ticket.ordinal).collect();
    if after.iter().any(|ticket| rolled(&ticket)) && pets.len() > max {
        broken.push(format!("S10: tickets of {} pets, {max} allowed", pets.len()));
    }
}

fn pod_of<'a>(observed: &'a Observed<'_>, ordinal: Ordinal) -> Option<&'a PodView> {
    observed.pods.iter().find(|pod| pod.ordinal == ordinal)
}

fn is_outdated(desired: &Desired<'_>, pod: &PodView) -> bool {
    desired.contains(pod.ordinal) && is_member(desired, pod) && pod.revision.as_ref() != Some(desired.update)
}

fn held_after(observed: &Observed<'_>, plan: &Plan, uid: &PodUid) -> bool {
    let after = plan.tickets.as_deref().unwrap_or(observed.tickets);
    after.iter().any(|ticket| ticket.uid == *uid)
}

/// What the set may end: all that is selected of its own, and while it is being deleted all that is its own.
fn is_member(desired: &Desired<'_>, pod: &PodView) -> bool {
    pod.owner == Ownership::Ours && (pod.selected || desired.deletion.is_some())
}
