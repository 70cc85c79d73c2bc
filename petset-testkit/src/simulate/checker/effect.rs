//! What may happen, whoever asked for it and whenever it was.

use petset_core::backend::{ClaimRef, PodPhase, PodRef};
use petset_core::{Ordinal, SetKey};

use super::{Checker, Gap};
use crate::Effect;
use crate::world::State;

/// Who brings an effect about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::simulate) enum Actor {
    /// A controller, by a request that is in time or late.
    Controller,
    /// The runtime, or a person.
    Another,
}

impl Checker {
    /// Something happened; `state` is the world just after it.
    pub(in crate::simulate) fn happened(&mut self, state: &State, actor: Actor, effect: &Effect) {
        match effect {
            Effect::PodCreated { pod, .. } => self.pod_created(state, actor, pod),
            Effect::PodDeletionStarted { pod, grace_seconds } if actor == Actor::Controller => {
                self.pod_ends(state, pod, *grace_seconds);
            }
            Effect::PodUpdated { pod } | Effect::PodEnded { pod } => self.settle(state, &pod.set),
            Effect::ClaimCreated { claim } if actor == Actor::Controller => self.claim_created(state, claim),
            Effect::ClaimDeletionStarted { claim } if actor == Actor::Controller => self.claim_goes(state, claim),
            Effect::NamesPublished { set } if !self.sets.contains_key(set) => self.note(Gap::NamesOfAGoneSet),
            Effect::PodDeletionStarted { .. }
            | Effect::ClaimCreated { .. }
            | Effect::ClaimDeletionStarted { .. }
            | Effect::ClaimChanged { .. }
            | Effect::ClaimEnded { .. }
            | Effect::NamesPublished { .. }
            | Effect::NamesWithdrawn { .. } => {}
        }
    }

    /// A pod became ready, or the declaration changed: who is down now? S10.
    pub(in crate::simulate) fn settle(&mut self, state: &State, set: &SetKey) {
        let Some(facts) = self.sets.get(set) else { return };
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
        let down: Vec<Ordinal> = self.debts.keys().filter(|(of, _)| of == set).map(|(_, pet)| *pet).collect();
        let budget = self.budgets.get(set).copied().unwrap_or(1);
        let within = facts.deletion.is_some() || down.len() <= budget;
        self.claim(within, "S10", || {
            let pets: Vec<String> = down.iter().map(ToString::to_string).collect();
            format!("pets {} of {set} are down at once, and {budget} may be", pets.join(", "))
        });
    }

    fn pod_created(&mut self, state: &State, actor: Actor, pod: &PodRef) {
        let Some(running) = state.running(&pod.set, pod.ordinal) else { return };
        for (template, name) in &running.claims {
            let own = pod.set.claim_name(template, pod.ordinal);
            self.claim(*name == own, "S5", || format!("pod {} mounts {name} instead of {own}", pod.name()));
            if state.is_bound(&pod.set, name) {
                self.used.insert((pod.set.clone(), name.clone()));
            }
        }
        if actor == Actor::Controller {
            let of_this_life = self.sets.get(&pod.set).map(|facts| &facts.uid) == running.pod.owner.as_ref();
            if !of_this_life {
                self.note(Gap::PodOfAGoneSet);
            }
            let dying = running.claims.values().any(|claim| {
                let mut claims = state.claims.get(&pod.set).into_iter().flat_map(|claims| claims.values());
                claims.any(|found| found.name == *claim && !state.is_bound(&pod.set, claim))
            });
            if dying {
                self.note(Gap::PodMadeLate);
            }
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

    fn claim_created(&mut self, state: &State, claim: &ClaimRef) {
        if self.used.contains(&(claim.set.clone(), claim.name.clone())) {
            // The request was decided before the pet first ran: `asked` has checked that.
            self.note(Gap::ClaimMadeLate);
        }
        let volumes =
            || state.claims.values().flat_map(|claims| claims.values()).filter_map(|claim| claim.volume.as_ref());
        let mut unique = std::collections::BTreeSet::new();
        let shared = volumes().find(|volume| !unique.insert(*volume));
        let what = shared.map(|volume| format!("volume {volume} is bound to two claims"));
        self.claim(what.is_none(), "S5", || what.unwrap_or_default());
    }

    fn claim_goes(&mut self, state: &State, claim: &ClaimRef) {
        let asked = self.asked.contains(claim.uid.as_str());
        self.claim(asked, "S4", || format!("claim {} ({}) is deleted, and nobody named it", claim.name, claim.uid));
        let Some((_, ordinal)) = claim.set.identity_of_claim(&claim.name) else { return };
        self.used.remove(&(claim.set.clone(), claim.name.clone()));
        let uses = |running: &crate::world::Running| running.claims.values().any(|name| *name == claim.name);
        if state.running(&claim.set, ordinal).is_some_and(uses) {
            // The list that it was decided on showed no pod: `asked` has checked that.
            self.note(Gap::PodMadeLate);
        }
    }
}
