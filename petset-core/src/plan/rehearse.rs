//! A rehearsal: the planner against a world in which everything works at once. It shows the order of what would happen.

use std::sync::Arc;

use super::{Action, ClaimView, Desired, Hold, Observed, Ownership, PodView};
use crate::backend::{ClaimPhase, PodPhase};
use crate::names::{ClaimUid, PodUid, Version};

/// A rehearsal ends after so many passes, whatever is left.
const MAX_PASSES: usize = 100_000;

/// What happened in a rehearsal.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rehearsal {
    /// Everything that was done, in order.
    pub actions: Vec<Action>,
    /// What waited when nothing moved any more.
    pub holds: Vec<Hold>,
}

/// Plays the planner until nothing moves: what would happen if everything worked at once. Every pod is ready when it is
/// created, pods and claims are gone when they are deleted, what is ending already has ended, and time passes as needed.
///
/// It ends after 100,000 passes at the latest, with what was done until then and no holds.
#[must_use]
pub fn rehearse(desired: &Desired<'_>, observed: &Observed<'_>) -> Rehearsal {
    let mut rehearsal = Rehearsal::default();
    let (mut pods, mut claims) = (observed.pods.to_vec(), observed.claims.to_vec());
    pods.retain(|pod| !pod.terminating);
    let (mut tickets, mut started) = (observed.tickets.to_vec(), observed.started.clone());
    let mut deleting_claims = observed.deleting_claims.clone();
    let (mut now, mut published) = (observed.now, observed.published);
    for pass in 0..MAX_PASSES {
        let seen = Observed {
            now,
            pods: &pods,
            claims: &claims,
            tickets: &tickets,
            started: &started,
            deleting_claims: &deleting_claims,
            published,
            ..observed.clone()
        };
        let plan = super::plan(desired, &seen);
        let moved = !plan.actions.is_empty() || plan.needs_write();
        if !moved {
            let Some(at) = plan.wake_at.filter(|at| *at > now) else {
                rehearsal.holds = plan.holds;
                break;
            };
            now = at;
        }
        tickets = plan.tickets.unwrap_or(tickets);
        started = plan.started.unwrap_or(started);
        deleting_claims = plan.deleting_claims.unwrap_or(deleting_claims);
        for action in plan.actions {
            let done = action == Action::RemoveSet;
            if let Action::PublishNames { digest } = action {
                published = Some(digest);
            }
            apply(&action, desired, (pass, now), &mut pods, &mut claims);
            rehearsal.actions.push(action);
            if done {
                return rehearsal;
            }
        }
    }
    rehearsal
}

fn apply(
    action: &Action,
    desired: &Desired<'_>,
    (pass, now): (usize, crate::Timestamp),
    pods: &mut Vec<PodView>,
    claims: &mut Vec<ClaimView>,
) {
    match action {
        Action::AdoptPod { uid, .. } => own(pods, uid, Ownership::Ours),
        Action::ReleasePod { uid, .. } => own(pods, uid, Ownership::Nobody),
        Action::ProvisionClaim { ordinal, template } => {
            let deletes = desired.delete_claims_when_scaled || desired.delete_claims_when_deleted;
            claims.push(ClaimView {
                ordinal: *ordinal,
                template: Arc::clone(template),
                uid: ClaimUid::new(format!("rehearsed-{pass}-{template}-{ordinal}")),
                owner: if deletes { Ownership::Ours } else { Ownership::Nobody },
                phase: ClaimPhase::Bound,
                message: None,
            });
            claims.sort_by(|left, right| (left.ordinal, &left.template).cmp(&(right.ordinal, &right.template)));
        }
        Action::OwnClaim { uid, ours, .. } => {
            let owner = if *ours { Ownership::Ours } else { Ownership::Nobody };
            claims.iter_mut().filter(|claim| claim.uid == *uid).for_each(|claim| claim.owner = owner);
        }
        Action::DeleteClaim { uid, .. } => claims.retain(|claim| claim.uid != *uid),
        Action::CreatePod { ordinal, revision } => {
            let at = pods.partition_point(|pod| pod.ordinal < *ordinal);
            pods.insert(
                at,
                PodView {
                    ordinal: *ordinal,
                    uid: PodUid::new(format!("rehearsed-{pass}-{ordinal}")),
                    version: Version::new("rehearsed"),
                    owner: Ownership::Ours,
                    selected: true,
                    revision: Some(revision.clone()),
                    phase: PodPhase::Running,
                    ready_since: Some(now),
                    terminating: false,
                    initialized: true,
                    address: None,
                    trouble: None,
                },
            );
        }
        Action::DeletePod { uid, .. } => pods.retain(|pod| pod.uid != *uid),
        Action::PublishNames { .. } | Action::WithdrawNames | Action::RemoveSet => {}
    }
}

fn own(pods: &mut [PodView], uid: &PodUid, owner: Ownership) {
    pods.iter_mut().filter(|pod| pod.uid == *uid).for_each(|pod| pod.owner = owner);
}
