//! Step 3: claims. Their owners follow the retention policy; they are deleted by nothing but that policy, and only when
//! the last pod that could use them is gone (S6). What a pod needs before it may start is answered here too (S7).

use std::sync::Arc;

use super::slots::Slots;
use super::view::{ClaimView, Desired, Observed, Ownership, PodView};
use super::{Action, ClaimCause, HoldReason, Plan};
use crate::backend::ClaimPhase;
use crate::names::Ordinal;
use crate::store::Cascade;

/// Owners and deletions, and a report of every pet in range whose volume is gone.
pub(super) fn step(desired: &Desired<'_>, observed: &Observed<'_>, slots: &Slots<'_>, plan: &mut Plan) {
    let deletes = match desired.deletion {
        None => desired.deletes_claims(),
        Some(Cascade::Ordered) => desired.delete_claims_when_deleted,
        Some(Cascade::Orphan) => false,
    };
    let mut bound = 0_usize;
    let mut pods = slots.in_range.iter().peekable();
    for claim in observed.claims {
        let wanted = desired.contains(claim.ordinal);
        while pods.next_if(|pod| pod.ordinal < claim.ordinal).is_some() {}
        let of_a_pod = pods.peek().is_some_and(|pod| pod.ordinal == claim.ordinal);
        if of_a_pod && claim.phase == ClaimPhase::Bound && desired.claim_templates.contains(&claim.template) {
            bound += 1;
        }
        if claim.phase == ClaimPhase::Terminating {
            continue;
        }
        let deleting = observed.deleting_claims.contains(claim.ordinal);
        match (claim.owner, deletes) {
            (Ownership::Nobody, _) if deleting && !is_left_to_others(desired, slots, claim) => {
                plan.actions.push(own(claim, true));
            }
            (Ownership::Ours, _) if deleting => delete(desired, observed, slots, claim, plan),
            (Ownership::Nobody, true) if is_in_use(desired, observed, slots, claim) => {
                plan.actions.push(own(claim, true));
            }
            (Ownership::Ours, false) => plan.actions.push(own(claim, false)),
            (Ownership::Former | Ownership::Foreign, true) if !wanted => {
                let template = Arc::clone(&claim.template);
                plan.hold(claim.ordinal, HoldReason::ClaimForeign { template });
            }
            (Ownership::Ours, true) if !wanted => delete(desired, observed, slots, claim, plan),
            (Ownership::Ours | Ownership::Former | Ownership::Nobody | Ownership::Foreign, _) => {}
        }
    }
    if bound < slots.in_range.len() * desired.claim_templates.len() {
        report_running_without_volume(desired, observed, slots, plan);
    }
    forget_deleted(observed, plan);
    remember_adopted(desired, observed, plan);
}

/// A pet whose claims are gone as the policy wanted counts as one that never ran: its next claim may be an empty one.
fn forget_deleted(observed: &Observed<'_>, plan: &mut Plan) {
    for ordinal in observed.deleting_claims.iter().filter(|ordinal| is_deleted(observed, *ordinal)) {
        plan.deleting_claims.get_or_insert_with(|| observed.deleting_claims.clone()).remove(ordinal);
        if observed.started.contains(ordinal) {
            plan.started.get_or_insert_with(|| observed.started.clone()).remove(ordinal);
        }
    }
}

/// Whether every claim of a pet whose claims are being deleted is gone, or was given to somebody else.
pub(super) fn is_deleted(observed: &Observed<'_>, ordinal: Ordinal) -> bool {
    claims_of(observed, ordinal).iter().all(|claim| claim.owner == Ownership::Foreign)
}

/// Makes every claim nobody's, but for those whose end was asked for before: that is seen through.
pub(super) fn disown_all(observed: &Observed<'_>, slots: &Slots<'_>, plan: &mut Plan) {
    for claim in observed.claims.iter().filter(|claim| claim.owner == Ownership::Ours) {
        let deleting = observed.deleting_claims.contains(claim.ordinal);
        match claim.phase {
            ClaimPhase::Terminating if deleting => {
                plan.hold(claim.ordinal, terminating(claim));
            }
            ClaimPhase::Terminating => {}
            _ if deleting && slots.pod(claim.ordinal).is_none() => plan.actions.push(end(claim, ClaimCause::Scaled)),
            ClaimPhase::Pending | ClaimPhase::Bound | ClaimPhase::Lost => plan.actions.push(own(claim, false)),
        }
    }
}

/// Whether the claim is one of this life of the set: of its templates, and of a pet that runs or is wanted back. Only
/// such claims fall under a policy that deletes. What an earlier life or an earlier policy left behind is nobody's, and
/// so is a claim that is merely named alike (S6, S12).
fn is_in_use(desired: &Desired<'_>, observed: &Observed<'_>, slots: &Slots<'_>, claim: &ClaimView) -> bool {
    desired.claim_templates.contains(&claim.template)
        && (slots.pod(claim.ordinal).is_some_and(PodView::is_ours)
            || desired.contains(claim.ordinal) && observed.started.contains(claim.ordinal))
}

fn terminating(claim: &ClaimView) -> HoldReason {
    HoldReason::ClaimTerminating { template: Arc::clone(&claim.template), message: claim.message.clone() }
}

fn own(claim: &ClaimView, ours: bool) -> Action {
    Action::OwnClaim { ordinal: claim.ordinal, template: Arc::clone(&claim.template), uid: claim.uid.clone(), ours }
}

fn end(claim: &ClaimView, cause: ClaimCause) -> Action {
    let (ordinal, template, uid) = (claim.ordinal, Arc::clone(&claim.template), claim.uid.clone());
    Action::DeleteClaim { ordinal, template, uid, cause }
}

/// The claim is ours and out of range: it goes if the policy for this cause says so and no pod of its pet is left. That it
/// goes is written down first, and then seen through: whoever brings the pet back waits until it is gone, because the
/// request may land at any time.
fn delete(desired: &Desired<'_>, observed: &Observed<'_>, slots: &Slots<'_>, claim: &ClaimView, plan: &mut Plan) {
    let cause = match desired.deletion {
        _ if observed.deleting_claims.contains(claim.ordinal) => ClaimCause::Scaled,
        None if desired.delete_claims_when_scaled => ClaimCause::Scaled,
        Some(Cascade::Ordered) => ClaimCause::Deleted,
        None | Some(Cascade::Orphan) => return,
    };
    if is_left_to_others(desired, slots, claim) {
        plan.actions.push(own(claim, false));
    } else if slots.pod(claim.ordinal).is_none() {
        if !observed.deleting_claims.contains(claim.ordinal) {
            plan.deleting_claims.get_or_insert_with(|| observed.deleting_claims.clone()).insert(claim.ordinal);
        }
        plan.actions.push(end(claim, cause));
    }
}

/// Whether somebody else's pod may use the claim, and the set will not be there to see that pod end.
fn is_left_to_others(desired: &Desired<'_>, slots: &Slots<'_>, claim: &ClaimView) -> bool {
    desired.deletion.is_some() && slots.pod(claim.ordinal).is_some_and(|pod| pod.owner != Ownership::Ours)
}

/// A pet that was adopted with its claims has run before as much as one that was started here (S7). A claim whose end
/// was asked for says the opposite: somebody wants the pet to start empty.
fn remember_adopted(desired: &Desired<'_>, observed: &Observed<'_>, plan: &mut Plan) {
    if desired.claim_templates.is_empty() || desired.deletion.is_some() {
        return;
    }
    let is_new = |ordinal| !observed.started.contains(ordinal) && !observed.deleting_claims.contains(ordinal);
    for pod in observed.pods.iter().filter(|pod| pod.is_ours() && is_new(pod.ordinal)) {
        let own = claims_of(observed, pod.ordinal);
        let stays = |template: &Arc<str>| {
            own.iter().any(|claim| claim.template == *template && claim.phase != ClaimPhase::Terminating)
        };
        if desired.claim_templates.iter().all(stays) {
            remember(desired, observed, pod.ordinal, plan);
        }
    }
}

/// From this plan on the pet has run on the claims that it has now.
pub(super) fn remember(desired: &Desired<'_>, observed: &Observed<'_>, ordinal: Ordinal, plan: &mut Plan) {
    let own = claims_of(observed, ordinal);
    let used = || own.iter().filter(|claim| desired.claim_templates.contains(&claim.template));
    let known = observed.started.claims(ordinal);
    if desired.claim_templates.is_empty() || known.eq(used().map(|claim| (&*claim.template, &claim.uid))) {
        return;
    }
    let claims = used().map(|claim| (Arc::clone(&claim.template), claim.uid.clone()));
    plan.started.get_or_insert_with(|| observed.started.clone()).insert(ordinal, claims);
}

/// The claims of one pet.
fn claims_of<'a>(observed: &Observed<'a>, ordinal: Ordinal) -> &'a [ClaimView] {
    let from = observed.claims.partition_point(|claim| claim.ordinal < ordinal);
    let to = observed.claims.partition_point(|claim| claim.ordinal <= ordinal);
    &observed.claims[from..to]
}

fn report_running_without_volume(desired: &Desired<'_>, observed: &Observed<'_>, slots: &Slots<'_>, plan: &mut Plan) {
    for pod in slots.in_range.iter().filter(|pod| pod.is_ours()) {
        match needs(desired, observed, pod.ordinal) {
            Needs::Blocked(reasons) => {
                let is_gone = |reason: &HoldReason| {
                    matches!(reason, HoldReason::ClaimMissing { .. } | HoldReason::ClaimLost { .. })
                };
                for reason in reasons.into_iter().filter(is_gone) {
                    plan.hold(pod.ordinal, reason);
                }
            }
            Needs::Nothing | Needs::Claims(_) => {}
        }
    }
}

/// What a pet lacks before its pod may start.
#[derive(Debug)]
pub(super) enum Needs {
    /// Nothing.
    Nothing,
    /// These claims, which it never had.
    Claims(Vec<Arc<str>>),
    /// What must change first, for each claim that is in the way.
    Blocked(Vec<HoldReason>),
}

/// What `ordinal` lacks before its pod may start.
pub(super) fn needs(desired: &Desired<'_>, observed: &Observed<'_>, ordinal: Ordinal) -> Needs {
    let own = claims_of(observed, ordinal);
    let deleting = observed.deleting_claims.contains(ordinal);
    if let (true, Some(claim)) = (deleting, own.iter().find(|claim| claim.owner != Ownership::Foreign)) {
        return Needs::Blocked(vec![terminating(claim)]);
    }
    let mut blocked = Vec::new();
    let mut missing = Vec::new();
    for template in desired.claim_templates {
        let name = || Arc::clone(template);
        let claim = own.iter().find(|claim| claim.template == *template);
        let known = observed.started.claim(ordinal, template);
        match claim.map(|claim| (claim.phase, claim)) {
            None if observed.started.contains(ordinal) && !deleting => {
                blocked.push(HoldReason::ClaimMissing { template: name(), claim: known.cloned() });
            }
            None => missing.push(name()),
            Some((ClaimPhase::Lost, _)) => blocked.push(HoldReason::ClaimLost { template: name() }),
            Some((ClaimPhase::Terminating, claim)) => blocked.push(terminating(claim)),
            Some((ClaimPhase::Pending, claim)) if desired.binds_before_use => {
                let message = claim.message.clone();
                blocked.push(HoldReason::ClaimPending { template: name(), message });
            }
            Some((ClaimPhase::Pending | ClaimPhase::Bound, claim)) => {
                if let Some(known) = known.filter(|known| !deleting && **known != claim.uid) {
                    blocked.push(HoldReason::ClaimReplaced { template: name(), claim: known.clone() });
                }
            }
        }
    }
    match (blocked.is_empty(), missing.is_empty()) {
        (false, _) => Needs::Blocked(blocked),
        (true, false) => Needs::Claims(missing),
        (true, true) => Needs::Nothing,
    }
}
