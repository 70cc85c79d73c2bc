//! What seeded mistakes do to the question that the planner is asked, and to its answer.

use petset_core::Version;
use petset_core::plan::{Action, Plan};

use super::act::{Act, Kind};
use super::bridge::{Bridge, Decision, View};
use super::config::Config;
use super::flaw::Flaw;
use super::model::{Claim, ClaimState, PETS, Phase, Status};
use super::targets::at;

/// What the planner is shown: the view, but for what a flaw hides.
pub(super) fn shown(config: &Config, view: &View) -> View {
    let mut shown = *view;
    if view.unseen {
        shown.pods = Default::default();
    }
    let wanted = (1_u8 << config.spec(view.script).wanted()) - 1;
    match config.flaw {
        Some(Flaw::NoTicket | Flaw::NaiveTicket) => (shown.status.live, shown.status.gone) = (0, 0),
        Some(Flaw::EarlyFree) => {
            shown.status.live &= wanted;
            shown.status.gone &= wanted;
        }
        Some(Flaw::SkipsReadiness) => {
            for pod in shown.pods.iter_mut().filter(|pod| pod.phase == Phase::Pending) {
                pod.phase = Phase::Ready;
            }
        }
        Some(Flaw::ForgetsStarted) => shown.status.started = 0,
        Some(Flaw::KeepsClaimsOfScaled) if !config.spec(view.script).deleted => {
            shown.claims[config.spec(view.script).wanted()..].fill(Claim::default());
        }
        Some(Flaw::KeepsClaimsOfDeleted) if config.spec(view.script).deleted => shown.claims = Default::default(),
        Some(Flaw::ComparesTemplates) => {
            // Somebody added a default to what runs: it does not look like the template any more.
            for pod in shown.pods.iter_mut().filter(|pod| pod.serves()) {
                pod.revision = 7;
            }
        }
        Some(_) | None => {}
    }
    shown
}

/// What the engine makes of the plan: the plan, but for what a flaw does to it.
pub(super) fn answered(config: &Config, view: &View, mut decision: Decision) -> Decision {
    match config.flaw {
        Some(Flaw::NoTicket) => {
            (decision.status.live, decision.status.gone) = (view.status.live, view.status.gone);
            decision.needed = decision.status != view.status;
        }
        Some(Flaw::NaiveTicket) if !decision.needed => {
            (decision.status.live, decision.status.gone) = (view.status.live, view.status.gone);
        }
        Some(Flaw::EarlyFree) => {
            let tickets = |status: Status| (status.live, status.gone);
            decision.needed |= tickets(decision.status) != tickets(view.status);
        }
        Some(Flaw::NoUid | Flaw::NoVersion | Flaw::TakesTaken) => {
            decision.acts.0.iter_mut().for_each(|act| act.as_seen = false);
        }
        Some(Flaw::WrongOrder) => {
            let wanted = config.spec(view.script).wanted();
            let lowest = (wanted..PETS).find(|pet| view.pods[*pet].stands() && !view.pods[*pet].terminating);
            for act in &mut decision.acts.0 {
                if let (Kind::Delete, Some(lowest)) = (act.kind, lowest)
                    && usize::from(act.pet) >= wanted
                {
                    act.pet = lowest.to_le_bytes()[0];
                    decision.status.live = view.status.live | 1 << lowest;
                }
            }
        }
        Some(Flaw::DeletesClaims) => {
            let spec = config.spec(view.script);
            for pet in spec.wanted()..PETS {
                if !view.pods[pet].stands() && view.claims[pet].state == ClaimState::Bound {
                    let act =
                        Act { kind: Kind::DeleteClaim, pet: pet.to_le_bytes()[0], life: spec.life, ..Act::default() };
                    decision.acts.push(act);
                }
            }
        }
        Some(Flaw::KeepsDoomed) => decision.acts.retain(|act| {
            let stays =
                view.status.deleting & (1 << act.pet) != 0 && usize::from(act.pet) < config.spec(view.script).wanted();
            act.kind != Kind::Delete || !stays
        }),
        Some(Flaw::WaitsForReadiness) => decision.acts.retain(|act| {
            let pod = view.pods[usize::from(act.pet)];
            act.kind != Kind::Delete || pod.phase == Phase::Ready || !act.as_seen
        }),
        Some(Flaw::NoisyStatus) => {
            decision.status.started = view.status.started ^ 1 << 7;
            decision.needed = true;
        }
        Some(_) | None => {}
    }
    decision
}

/// What a planner would say that is careless about names.
pub(super) fn misname(flaw: Option<Flaw>, bridge: &Bridge, plan: &mut Plan) {
    for action in &mut plan.actions {
        match (flaw, action) {
            (
                Some(Flaw::NamesAnotherPod),
                Action::AdoptPod { ordinal, uid }
                | Action::ReleasePod { ordinal, uid }
                | Action::DeletePod { ordinal, uid, .. },
            ) => *uid = bridge.gone[at(*ordinal)].clone(),
            (Some(Flaw::NamesAnotherVersion), Action::DeletePod { version: Some(version), .. }) => {
                *version = Version::new("another");
            }
            (
                Some(Flaw::NamesAnotherClaim),
                Action::OwnClaim { ordinal, uid, .. } | Action::DeleteClaim { ordinal, uid, .. },
            ) => *uid = bridge.gone_claims[at(*ordinal)].clone(),
            (Some(Flaw::NamesAnotherTemplate), Action::ProvisionClaim { template, .. }) => *template = "log".into(),
            _ => {}
        }
    }
    if flaw == Some(Flaw::CreatesTwice) {
        let creations = plan.actions.iter().filter(|action| matches!(action, Action::CreatePod { .. }));
        let again: Vec<Action> = creations.cloned().collect();
        plan.actions.extend(again);
    }
}
