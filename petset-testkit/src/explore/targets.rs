//! From the planner's actions to requests, and whether each names the very target that the planner was shown (S4, S5).

use petset_core::plan::{Action, DeleteReason};
use petset_core::status::Ticket;
use petset_core::{ClaimUid, Ordinal, PodUid, Version};

use super::act::{Act, Kind};
use super::bridge::{Bridge, View};
use super::model::{ClaimState, PETS};
use super::safety::Broken;

impl Bridge {
    /// The first action that names something else than was shown.
    pub(super) fn mistake(&self, actions: &[Action], shown: &View) -> Option<Broken> {
        actions.iter().find_map(|action| self.mistaken(action, shown))
    }

    fn mistaken(&self, action: &Action, shown: &View) -> Option<Broken> {
        let known = |ordinal: &Ordinal| (ordinal.0 as usize) < PETS;
        let pod = |ordinal: &Ordinal, uid: &PodUid| {
            known(ordinal) && shown.pods[at(*ordinal)].stands() && self.live[at(*ordinal)] == *uid
        };
        let of_now = |ordinal: &Ordinal, version: &Version| self.versions[at(*ordinal)] == *version;
        let claim = |ordinal: &Ordinal, uid: &ClaimUid| {
            let is_shown = known(ordinal) && shown.claims[at(*ordinal)].state != ClaimState::Absent;
            is_shown && self.claims[at(*ordinal)] == *uid
        };
        let exact = match action {
            Action::AdoptPod { ordinal, uid } | Action::ReleasePod { ordinal, uid } => pod(ordinal, uid),
            Action::DeletePod { ordinal, uid, version, reason: _ } => {
                pod(ordinal, uid) && version.as_ref().is_none_or(|version| of_now(ordinal, version))
            }
            Action::OwnClaim { ordinal, uid, .. } | Action::DeleteClaim { ordinal, uid, .. } => claim(ordinal, uid),
            Action::ProvisionClaim { ordinal, .. } | Action::CreatePod { ordinal, .. } => known(ordinal),
            Action::PublishNames { .. } | Action::WithdrawNames | Action::RemoveSet => true,
        };
        if !exact {
            return Some(Broken("S4", "an action names another incarnation, or another version, than was shown"));
        }
        let (Action::ProvisionClaim { template, .. }
        | Action::OwnClaim { template, .. }
        | Action::DeleteClaim { template, .. }) = action
        else {
            return None;
        };
        (!self.templates.contains(template)).then_some(Broken("S5", "an action names a claim that is not the pet's"))
    }

    /// A ticket that is of nobody whom the planner was shown, or whom the status knew.
    pub(super) fn misissued(&self, tickets: &[Ticket]) -> Option<Broken> {
        let of_its_pet = |ticket: &Ticket| {
            let uids = [self.live.get(at(ticket.ordinal)), self.gone.get(at(ticket.ordinal))];
            uids.contains(&Some(&ticket.uid))
        };
        let exact = tickets.iter().all(of_its_pet);
        (!exact).then_some(Broken("S4", "a ticket is of an incarnation that is not its pet's"))
    }

    /// The action as a request; names are left out.
    pub(super) fn act(&self, action: &Action, view: &View, life: u8, lets_go: bool) -> Option<Act> {
        let of = |kind: Kind, ordinal: &Ordinal| Act { kind, pet: ordinal.0.to_le_bytes()[0], life, ..Act::default() };
        Some(match action {
            Action::AdoptPod { ordinal, .. } => Act { as_seen: true, ..of(Kind::Adopt, ordinal) },
            Action::ReleasePod { ordinal, .. } => Act { as_seen: true, ..of(Kind::Release, ordinal) },
            Action::ProvisionClaim { ordinal, .. } => of(Kind::Provision, ordinal),
            Action::OwnClaim { ordinal, ours, .. } => of(if *ours { Kind::Own } else { Kind::Disown }, ordinal),
            Action::DeleteClaim { ordinal, .. } => of(Kind::DeleteClaim, ordinal),
            Action::CreatePod { ordinal, revision } => {
                Act { revision: self.revision(revision), ..of(Kind::Create, ordinal) }
            }
            // Also with a ticket a pod goes as it was seen, or not at all.
            Action::DeletePod { ordinal, reason: DeleteReason::FormerLife, .. } => {
                Act { as_seen: true, life: view.pods[at(*ordinal)].life, ..of(Kind::Delete, ordinal) }
            }
            Action::DeletePod { ordinal, reason, .. } => {
                let condemned = matches!(reason, DeleteReason::ScaledDown | DeleteReason::SetDeleted);
                Act { as_seen: true, frees: condemned && lets_go, ..of(Kind::Delete, ordinal) }
            }
            Action::RemoveSet => Act { kind: Kind::RemoveSet, life, ..Act::default() },
            Action::PublishNames { .. } | Action::WithdrawNames => return None,
        })
    }
}

pub(super) fn at(ordinal: Ordinal) -> usize {
    ordinal.0 as usize
}
