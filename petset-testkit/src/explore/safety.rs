//! The promises. They are written from `docs/guarantees.md` and know nothing of how the planner keeps them.

use super::act::{Act, Kind};
use super::bridge::{Decision, View};
use super::config::Config;
use super::model::{ClaimState, Debt, PETS, Phase, Pod, State};

/// The promise that is broken, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Broken(pub(super) &'static str, pub(super) &'static str);

/// S10: ready pods that the library took down and has not replaced by a ready one are never more than `maxUnavailable`.
/// A pod is owed from the moment its deletion lands until a ready pod stands in its place, or until it is gone and its
/// pet is not wanted. What a parallel set scales away and what a deleted set ends is not bound by the budget, and is not
/// counted; pods that end by themselves and pods that were not ready when their deletion landed are not counted either.
/// What was rightly taken down, or had a ticket, before the budget was lowered may still be down, until it is replaced.
pub(super) fn state(config: &Config, state: &State) -> Result<(), Broken> {
    let spec = config.spec(state.script);
    let down = state.slots.iter().filter(|slot| slot.debt != Debt::None).count();
    if !spec.deleted && !spec.orphaned && down > usize::from(spec.max_unavailable + state.spare) {
        return Err(Broken("S10", "more ready pods are down than maxUnavailable allows"));
    }
    Ok(())
}

/// What may be decided on what was read.
pub(super) fn decision(config: &Config, view: &View, decision: &Decision) -> Result<(), Broken> {
    let spec = config.spec(view.script);
    let wanted = spec.wanted();
    let ours = |pod: &Pod| pod.stands() && pod.life == spec.life;
    decision.mistake.map_or(Ok(()), Err)?;
    let by_policy = |pet: usize| if spec.deleted { config.when_deleted } else { config.when_scaled && pet >= wanted };
    let condemned = decision.status.deleting & !view.status.deleting;
    if (0..PETS).any(|pet| condemned & 1 << pet != 0 && !by_policy(pet)) {
        return Err(Broken("S6", "a claim is to be deleted without its policy, or while its pet is wanted"));
    }
    for act in decision.acts.iter() {
        let pet = usize::from(act.pet);
        match act.kind {
            Kind::Create => {
                if view.pods[pet].stands() {
                    return Err(Broken("S2", "a pod is created although the end of the one before is not confirmed"));
                }
                let of_it = |other: &Act| other.kind == Kind::Create && other.pet == act.pet;
                if decision.acts.iter().filter(of_it).count() > 1 {
                    return Err(Broken("S1", "two incarnations of one pet are asked for"));
                }
                if pet >= wanted {
                    return Err(Broken("S8", "a pod is created that nobody wants"));
                }
                let all_ready = view.pods[..pet].iter().all(|pod| ours(pod) && pod.serves());
                if config.ordered && !all_ready {
                    return Err(Broken("S8", "a pod is created before every pet below it is ready"));
                }
                let current = if view.status.current == 0 { spec.template } else { view.status.current };
                let expected = if pet < spec.partition.into() { current } else { spec.template };
                if act.revision != expected {
                    return Err(Broken("S11", "a pod is created on the wrong side of the partition"));
                }
                let ready = view.claims[pet].state == ClaimState::Bound;
                if config.claims && (!ready || decision.status.started & (1 << pet) == 0) {
                    return Err(Broken("S7", "a pod is created without its claim, or without being remembered"));
                }
            }
            Kind::Provision => {
                if view.status.started & !view.status.deleting & (1 << pet) != 0 {
                    return Err(Broken("S7", "an empty claim is made for a pet that has run before"));
                }
            }
            Kind::Delete => {
                let ticketed = view.status.live & (1 << pet) != 0;
                let higher = view.pods[pet + 1..PETS].iter().any(ours);
                if config.ordered && pet >= wanted && higher && !ticketed {
                    return Err(Broken("S9", "a pet is ended before every higher one is gone"));
                }
                let doomed = (view.status.deleting | decision.status.deleting) & (1 << pet) != 0;
                let pod = &view.pods[pet];
                let outdated = pet >= spec.partition.into() && pod.revision != spec.template;
                if ours(pod) && pet < wanted && !(ticketed || doomed || outdated || pod.phase == Phase::Failed) {
                    return Err(Broken("S16", "a pod is replaced that is on the revision that it is to be on"));
                }
            }
            Kind::DeleteClaim => {
                let policy = if spec.deleted { config.when_deleted } else { config.when_scaled };
                // A deletion that was decided is seen through, also when the pet is wanted again meanwhile.
                let decided = view.status.deleting & (1 << pet) != 0;
                if !decided && (!policy || pet < wanted)
                    || view.pods[pet].stands()
                    || view.claims[pet].life != spec.life
                {
                    return Err(Broken(
                        "S6",
                        "a claim is deleted without its policy, or while its pet is wanted or stands",
                    ));
                }
            }
            Kind::RemoveSet => {
                if view.pods.iter().any(ours) {
                    return Err(Broken("S9", "a set is forgotten while a pod of it stands"));
                }
            }
            Kind::Nothing | Kind::Adopt | Kind::Release | Kind::Own | Kind::Disown => {}
        }
    }
    Ok(())
}
