//! What tests do to the world: they play the programs, the runtime and foreign hands.

use std::collections::BTreeMap;
use std::sync::Arc;

use petset_core::backend::{Claim, ClaimPhase, Pod, PodPhase, PodStatus};
use petset_core::{Clock, Ordinal, SetKey, SetUid};

use super::fake::FakeWorld;
use super::pods;
use super::state::{Running, State, container_state};

/// Each method panics when what it speaks of is not there: a script that misses its target tests nothing.
impl FakeWorld {
    /// The program of a pod becomes ready, or stops being so.
    ///
    /// # Panics
    /// When there is no such pod, or it waits for a claim and has no program yet.
    pub fn set_ready(&self, set: &SetKey, ordinal: u32, ready: bool) {
        let mut state = self.shared.lock();
        let now = state.clock.now();
        let status = &running(&state, set, ordinal).pod.status;
        assert_ne!(status.phase, PodPhase::Pending, "{:?}", status.message);
        change(&mut state, set, ordinal, |running| {
            let status = &mut running.pod.status;
            status.ready_since = if ready { status.ready_since.or(Some(now)) } else { None };
            for container in &mut status.containers {
                container.ready = ready;
            }
        });
    }

    /// The program of a pod ends with an error, and the runtime does not start it again.
    ///
    /// # Panics
    /// When there is no such pod.
    pub fn fail(&self, set: &SetKey, ordinal: u32) {
        self.set_phase(set, ordinal, PodPhase::Failed);
    }

    /// The program of a pod ends without error.
    ///
    /// # Panics
    /// When there is no such pod.
    pub fn succeed(&self, set: &SetKey, ordinal: u32) {
        self.set_phase(set, ordinal, PodPhase::Succeeded);
    }

    /// Puts a pod into this phase, not ready, and its containers with it. [`PodPhase::Unknown`] is what a lost node looks
    /// like; the containers stay as they were last seen.
    ///
    /// # Panics
    /// When there is no such pod.
    pub fn set_phase(&self, set: &SetKey, ordinal: u32, phase: PodPhase) {
        let mut state = self.shared.lock();
        let now = state.clock.now();
        change(&mut state, set, ordinal, |running| {
            let status = &mut running.pod.status;
            let was = std::mem::replace(&mut status.phase, phase);
            status.ready_since = None;
            for container in &mut status.containers {
                container.ready = false;
                if was != phase && phase != PodPhase::Unknown {
                    container.state = container_state(phase, now);
                }
            }
        });
    }

    /// The runtime says why a pod is not as it should be.
    ///
    /// # Panics
    /// When there is no such pod.
    pub fn set_trouble(&self, set: &SetKey, ordinal: u32, reason: &str, message: &str) {
        let mut state = self.shared.lock();
        change(&mut state, set, ordinal, |running| {
            let status = &mut running.pod.status;
            status.reason = Some(reason.to_owned());
            status.message = Some(message.to_owned());
        });
    }

    /// The runtime confirms the end of a pod that was asked to end.
    ///
    /// # Panics
    /// When there is no such pod, or it was not asked to end.
    pub fn finish_termination(&self, set: &SetKey, ordinal: u32) {
        let mut state = self.shared.lock();
        let terminating = state.running(set, Ordinal(ordinal)).map(|running| running.pod.terminating);
        assert_eq!(terminating, Some(true), "pod {} is not terminating", set.pod_name(Ordinal(ordinal)));
        state.end_pod(set, Ordinal(ordinal));
    }

    /// The runtime confirms the end of every pod that was asked to end; says of how many.
    pub fn finish_terminations(&self) -> usize {
        let mut state = self.shared.lock();
        let ending: Vec<(SetKey, Ordinal)> = state
            .pods
            .iter()
            .flat_map(|(set, pods)| pods.iter().map(move |(ordinal, running)| (set, ordinal, running)))
            .filter(|(_, _, running)| running.pod.terminating)
            .map(|(set, ordinal, _)| (set.clone(), *ordinal))
            .collect();
        for (set, ordinal) in &ending {
            state.end_pod(set, *ordinal);
        }
        ending.len()
    }

    /// A foreign hand makes a pod of this name: of another owner, or an orphan. It has no labels and no claims.
    ///
    /// # Panics
    /// When the name is taken.
    pub fn foreign_pod(&self, set: &SetKey, ordinal: u32, owner: Option<SetUid>) -> Pod {
        let mut state = self.shared.lock();
        let ordinal = Ordinal(ordinal);
        assert!(state.running(set, ordinal).is_none(), "pod {} is there already", set.pod_name(ordinal));
        let pod = Pod {
            set: set.clone(),
            ordinal,
            uid: state.next_pod_uid(),
            version: state.next_version(),
            owner,
            revision: None,
            labels: Arc::default(),
            annotations: Arc::default(),
            created_at: state.clock.now(),
            terminating: false,
            status: PodStatus::default(),
        };
        pods::put(&mut state, Running { pod, template: Arc::default(), claims: BTreeMap::new() })
    }

    /// A foreign hand asks a pod to end, politely.
    ///
    /// # Panics
    /// When there is no such pod.
    pub fn terminate_pod(&self, set: &SetKey, ordinal: u32) {
        let mut state = self.shared.lock();
        let pod = running(&state, set, ordinal).pod.reference();
        let grace_seconds = running(&state, set, ordinal).template.spec.grace_seconds();
        pods::begin_end(&mut state, &pod, grace_seconds);
    }

    /// A foreign hand kills a pod: it is gone, for certain.
    ///
    /// # Panics
    /// When there is no such pod.
    pub fn remove_pod(&self, set: &SetKey, ordinal: u32) {
        let gone = self.shared.lock().end_pod(set, Ordinal(ordinal));
        assert!(gone, "there is no pod {}", set.pod_name(Ordinal(ordinal)));
    }

    /// A foreign hand writes an annotation on a pod.
    ///
    /// # Panics
    /// When there is no such pod.
    pub fn set_annotation(&self, set: &SetKey, ordinal: u32, key: &str, value: &str) {
        change(&mut self.shared.lock(), set, ordinal, |running| {
            Arc::make_mut(&mut running.pod.annotations).insert(key.to_owned(), value.to_owned());
        });
    }

    /// A foreign hand writes a label on a pod.
    ///
    /// # Panics
    /// When there is no such pod.
    pub fn set_label(&self, set: &SetKey, ordinal: u32, key: &str, value: &str) {
        change(&mut self.shared.lock(), set, ordinal, |running| {
            Arc::make_mut(&mut running.pod.labels).insert(key.to_owned(), value.to_owned());
        });
    }

    /// The volume of a claim vanishes: the claim is [`ClaimPhase::Lost`].
    ///
    /// # Panics
    /// When there is no such claim.
    pub fn vanish_volume(&self, set: &SetKey, template: &str, ordinal: u32) {
        let mut state = self.shared.lock();
        claim(&mut state, set, template, ordinal).phase = ClaimPhase::Lost;
        state.claim_hints.changed(set);
    }

    /// A foreign hand removes a claim, with its data.
    ///
    /// # Panics
    /// When there is no such claim.
    pub fn remove_claim(&self, set: &SetKey, template: &str, ordinal: u32) {
        let mut state = self.shared.lock();
        let reference = claim(&mut state, set, template, ordinal).reference();
        state.end_claim(&reference);
    }

    /// A pre-made volume, for claims of the empty class.
    pub fn add_volume(&self, name: &str, bytes: u64) {
        self.shared.lock().add_volume(name, bytes);
    }

    /// From now on, until [`mend`](Self::mend), the pods of the set cannot be read.
    pub fn damage_pods(&self, set: &SetKey) {
        self.shared.lock().damaged_pods.insert(set.clone());
    }

    /// From now on, until [`mend`](Self::mend), the claims of the set cannot be read.
    pub fn damage_claims(&self, set: &SetKey) {
        self.shared.lock().damaged_claims.insert(set.clone());
    }

    /// Undoes every damage.
    pub fn mend(&self) {
        let mut state = self.shared.lock();
        state.damaged_pods.clear();
        state.damaged_claims.clear();
    }
}

fn change(state: &mut State, set: &SetKey, ordinal: u32, change: impl FnOnce(&mut Running)) {
    let there = state.change_pod(set, Ordinal(ordinal), change);
    assert!(there, "there is no pod {}", set.pod_name(Ordinal(ordinal)));
}

fn running<'s>(state: &'s State, set: &SetKey, ordinal: u32) -> &'s Running {
    let found = state.running(set, Ordinal(ordinal));
    found.unwrap_or_else(|| panic!("there is no pod {}", set.pod_name(Ordinal(ordinal))))
}

fn claim<'s>(state: &'s mut State, set: &SetKey, template: &str, ordinal: u32) -> &'s mut Claim {
    let place = (Ordinal(ordinal), template.to_owned());
    let claim = state.claims.get_mut(set).and_then(|claims| claims.get_mut(&place));
    claim.unwrap_or_else(|| panic!("there is no claim {}", set.claim_name(template, Ordinal(ordinal))))
}
