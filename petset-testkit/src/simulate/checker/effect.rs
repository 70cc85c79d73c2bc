//! What may happen, whoever asked for it and whenever it was.

use std::sync::Arc;

use petset_core::backend::{Claim, ClaimRef, PodPhase, PodRef};
use petset_core::{Ordinal, SetKey};

use super::{Checker, Gap};
use crate::Effect;
use crate::world::State;

/// Who brings an effect about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::simulate) enum Actor {
    /// A controller.
    Controller,
    /// A controller, by a request that was held up.
    Delayed,
    /// The runtime, or a person.
    Another,
}

impl Checker {
    /// Something happened; `state` is the world just after it.
    pub(in crate::simulate) fn happened(&mut self, state: &State, actor: Actor, effect: &Effect) {
        match effect {
            Effect::PodCreated { pod, .. } => {
                self.runs(pod);
                self.pod_created(state, actor, pod);
            }
            Effect::PodDeletionStarted { pod, grace_seconds } if actor != Actor::Another => {
                self.pod_ends(state, pod, *grace_seconds);
            }
            Effect::PodUpdated { pod } => self.settle(state, &pod.set),
            Effect::PodEnded { pod } => {
                let pet = (pod.set.clone(), pod.ordinal);
                self.running.entry(pet).or_default().remove(&pod.uid);
                self.settle(state, &pod.set);
            }
            Effect::ClaimCreated { claim } => {
                self.unshared(state);
                self.owned(state, actor, claim);
            }
            Effect::ClaimChanged { claim } => self.owned(state, actor, claim),
            Effect::ClaimDeletionStarted { claim } if actor != Actor::Another => self.claim_goes(claim),
            Effect::ClaimEnded { claim } => self.claim_ended(state, claim),
            Effect::PodDeletionStarted { .. }
            | Effect::ClaimDeletionStarted { .. }
            | Effect::NamesPublished { .. }
            | Effect::NamesWithdrawn { .. } => {}
        }
    }

    /// A pod became ready, or the declaration changed: who is down now? S10.
    pub(in crate::simulate) fn settle(&mut self, state: &State, set: &SetKey) {
        let Some(facts) = self.sets.get(set).map(Arc::clone) else { return };
        self.debts.retain(|(of, pet), taken| {
            if of != set {
                return true;
            }
            let standing = state.running(set, *pet).map(|running| &running.pod);
            let is_replaced = standing.is_some_and(|pod| {
                let ready = pod.status.phase == PodPhase::Running && pod.status.ready_since.is_some();
                ready && !pod.terminating && pod.owner.as_ref() == Some(&facts.uid)
            });
            let is_gone = standing.is_none_or(|pod| pod.uid != *taken);
            !is_replaced && (!is_gone || facts.wants(*pet))
        });
        self.narrow(set);
        let down: Vec<Ordinal> = self.debts.keys().filter(|(of, _)| of == set).map(|(_, pet)| *pet).collect();
        let budget = self.budgets.get(set).copied().unwrap_or(1);
        let within = facts.deletion.is_some() || down.len() <= budget;
        self.claim(within, "S10", || {
            let pets: Vec<String> = down.iter().map(ToString::to_string).collect();
            format!("pets {} of {set} are down at once, and {budget} may be", pets.join(", "))
        });
    }

    /// From here on an incarnation may run, until its end is confirmed. S1.
    fn runs(&mut self, pod: &PodRef) {
        let running = self.running.entry((pod.set.clone(), pod.ordinal)).or_default();
        let before = running.first().cloned();
        running.insert(pod.uid.clone());
        self.claim(before.is_none(), "S1", || {
            let before = before.map(|before| before.to_string()).unwrap_or_default();
            format!("pod {} ({}) starts while {before} may still run", pod.name(), pod.uid)
        });
    }

    fn pod_created(&mut self, state: &State, actor: Actor, pod: &PodRef) {
        let Some(running) = state.running(&pod.set, pod.ordinal) else { return };
        let Some(owner) = running.pod.owner.as_ref().filter(|_| actor != Actor::Another) else { return };
        for (template, name) in &running.claims {
            let own = pod.set.claim_name(template, pod.ordinal);
            self.claim(*name == own, "S5", || format!("pod {} mounts {name} instead of {own}", pod.name()));
            let claim = state.claims.get(&pod.set).and_then(|claims| claims.get(&(pod.ordinal, template.clone())));
            self.claim(claim.is_some() && state.is_bound(&pod.set, name), "S7", || {
                format!("pod {} starts on {name}, which is not there for it", pod.name())
            });
            let Some(claim) = claim else { continue };
            let pet = self.ran.entry((owner.clone(), pod.ordinal)).or_default();
            let before = pet.insert(template.clone(), claim.uid.clone()).filter(|before| *before != claim.uid);
            self.claim(before.is_none(), "S7", || {
                format!("pod {} starts on another life of {name} than its pet ran on, and nobody said so", pod.name())
            });
        }
    }

    fn pod_ends(&mut self, state: &State, pod: &PodRef, grace_seconds: u32) {
        let asked = self.asked.contains(pod.uid.as_str());
        self.claim(asked, "S4", || format!("pod {} ({}) is ended, and nobody named it", pod.name(), pod.uid));
        let Some(running) = state.running(&pod.set, pod.ordinal) else { return };
        let grace = running.template.spec.grace_seconds();
        self.claim(grace_seconds >= grace, "S3", || {
            format!("pod {} is ended within {grace_seconds} s, and has {grace} s", pod.name())
        });
        let status = &running.pod.status;
        let ready = status.phase == PodPhase::Running && status.ready_since.is_some();
        let of_this_life = self.sets.get(&pod.set).map(|facts| &facts.uid) == running.pod.owner.as_ref();
        if ready && of_this_life && !self.released.contains(&pod.uid) {
            self.debts.insert((pod.set.clone(), pod.ordinal), pod.uid.clone());
            self.settle(state, &pod.set);
        }
    }

    fn unshared(&mut self, state: &State) {
        let volumes =
            || state.claims.values().flat_map(|claims| claims.values()).filter_map(|claim| claim.volume.as_ref());
        let mut unique = std::collections::BTreeSet::new();
        let shared = volumes().find(|volume| !unique.insert(*volume));
        let what = shared.map(|volume| format!("volume {volume} is bound to two claims"));
        self.claim(what.is_none(), "S5", || what.unwrap_or_default());
    }

    /// A claim has an owner, perhaps a new one.
    fn owned(&mut self, state: &State, actor: Actor, claim: &ClaimRef) {
        let mut claims = state.claims.get(&claim.set).into_iter().flat_map(|claims| claims.values());
        let owner = claims.find(|found| found.uid == claim.uid).and_then(|found: &Claim| found.owner.as_ref());
        if actor == Actor::Another || owner.is_none_or(|owner| !self.is_over(&claim.set, owner)) {
            return;
        }
        self.claim(actor == Actor::Delayed, "L2", || {
            format!("claim {} becomes that of a set that is gone, by a request that nothing held up", claim.name)
        });
        self.note(Gap::ClaimOfAGoneSet);
        self.strays.insert(claim.uid.clone());
    }

    fn claim_goes(&mut self, claim: &ClaimRef) {
        // That no pod was seen when it was decided is checked when it is asked for. A pod that comes late may use it:
        // then the claim waits for that pod's end.
        let asked = self.asked.contains(claim.uid.as_str());
        self.claim(asked, "S4", || format!("claim {} ({}) is deleted, and nobody named it", claim.name, claim.uid));
        self.ran.values_mut().for_each(|claims| claims.retain(|_, uid| *uid != claim.uid));
    }

    fn claim_ended(&mut self, state: &State, claim: &ClaimRef) {
        let Some((_, ordinal)) = claim.set.identity_of_claim(&claim.name) else { return };
        let uses = |running: &crate::world::Running| running.claims.values().any(|name| *name == claim.name);
        let in_use = state.running(&claim.set, ordinal).is_some_and(uses);
        self.claim(!in_use, "S6", || format!("claim {} ({}) is gone while its pod stands", claim.name, claim.uid));
    }
}
