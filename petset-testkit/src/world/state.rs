//! Everything in the world, behind one lock.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use petset_core::backend::{Claim, ContainerState, ContainerStatus, Hints, Pod, PodPhase, RecordSet};
use petset_core::manifest::Violation;
use petset_core::spec::PodTemplate;
use petset_core::{ClaimUid, Clock, Ordinal, PodUid, SetKey, Timestamp, Version};

use super::check::Checker;
use super::counts::Counts;
use super::effect::Effect;
use super::next_error::NextErrors;
use super::program::Program;
use super::watches::Watches;
use crate::clock::ManualClock;

/// When pods become ready.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Readiness {
    /// At creation, once their claims are bound.
    #[default]
    Immediate,
    /// When the test says so.
    Manual,
}

/// When pods that were asked to end are gone.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Termination {
    /// At once.
    #[default]
    Immediate,
    /// When the test says so.
    Manual,
}

/// A pod and what only its runtime knows.
#[derive(Debug)]
pub(crate) struct Running {
    pub(crate) pod: Pod,
    pub(crate) template: Arc<PodTemplate>,
    /// Claim template name → claim name.
    pub(crate) claims: BTreeMap<String, String>,
}

/// A claim's place: template and pet, in the order in which claims are listed.
pub(crate) type ClaimPlace = (Ordinal, String);

/// What the containers of a pod that came into this phase now are doing.
pub(super) fn container_state(phase: PodPhase, now: Timestamp) -> ContainerState {
    match phase {
        PodPhase::Pending => ContainerState::Waiting {
            reason: "ContainerCreating".to_owned(),
            message: "it is not started yet".to_owned(),
        },
        PodPhase::Running | PodPhase::Unknown => ContainerState::Running { started_at: now },
        PodPhase::Succeeded => ContainerState::Terminated { exit_code: Some(0), finished_at: now },
        PodPhase::Failed => ContainerState::Terminated { exit_code: Some(1), finished_at: now },
    }
}

/// Keyed by set first, so that a request for one set never walks over another.
#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) clock: ManualClock,
    pub(super) readiness: Readiness,
    pub(super) termination: Termination,
    pub(crate) pods: BTreeMap<SetKey, BTreeMap<Ordinal, Running>>,
    pub(crate) claims: BTreeMap<SetKey, BTreeMap<ClaimPlace, Claim>>,
    /// How many bytes each claim asks for.
    pub(super) wanted: BTreeMap<ClaimUid, u64>,
    /// Namespace and claim name → whose claim it is: `a-b` of set `c` and `a` of set `b-c` want the same name.
    pub(super) claim_names: BTreeMap<(Arc<str>, String), (SetKey, ClaimPlace)>,
    /// Pre-made volumes that nobody has claimed, with their sizes.
    pub(super) free_volumes: BTreeMap<String, u64>,
    pub(crate) records: BTreeMap<SetKey, RecordSet>,
    pub(super) refused_templates: Vec<Violation>,
    pub(super) refused_claims: Vec<Violation>,
    pub(super) refused_classes: BTreeSet<String>,
    /// By image.
    pub(super) programs: BTreeMap<String, Program>,
    /// When the grace period of a pod is over that does not end before.
    pub(super) grace_ends: BTreeMap<(SetKey, Ordinal), Timestamp>,
    /// Sets whose pods cannot be read.
    pub(super) damaged_pods: BTreeSet<SetKey>,
    /// Sets whose claims cannot be read.
    pub(super) damaged_claims: BTreeSet<SetKey>,
    pub(super) watches: Watches,
    pub(super) pod_hints: Hints,
    pub(super) claim_hints: Hints,
    pub(crate) counts: Counts,
    pub(super) next_errors: NextErrors,
    pub(crate) journal: Vec<Effect>,
    pub(super) checker: Checker,
    serial: u32,
}

impl State {
    /// Notes an effect, hints at it and checks it.
    ///
    /// # Panics
    /// When it breaks a promise.
    pub(super) fn record(&mut self, effect: Effect) {
        match &effect {
            Effect::PodCreated { pod, .. }
            | Effect::PodDeletionStarted { pod, .. }
            | Effect::PodEnded { pod }
            | Effect::PodUpdated { pod } => self.pod_hints.changed(&pod.set),
            Effect::ClaimCreated { claim }
            | Effect::ClaimChanged { claim }
            | Effect::ClaimDeletionStarted { claim }
            | Effect::ClaimEnded { claim } => self.claim_hints.changed(&claim.set),
            Effect::NamesPublished { .. } | Effect::NamesWithdrawn { .. } => {}
        }
        self.journal.push(effect);
        if let Err(story) = self.checker.observe(&self.journal) {
            panic!("{story}");
        }
    }

    pub(super) fn next_pod_uid(&mut self) -> PodUid {
        PodUid::new(format!("pod-{}", self.next_serial()))
    }

    pub(super) fn next_claim_uid(&mut self) -> ClaimUid {
        ClaimUid::new(format!("claim-{}", self.next_serial()))
    }

    pub(super) fn next_version(&mut self) -> Version {
        Version::new(self.next_serial().to_string())
    }

    pub(super) fn next_address(&mut self) -> IpAddr {
        let [_, high, middle, low] = self.next_serial().to_be_bytes();
        IpAddr::V4(Ipv4Addr::new(10, high, middle, low))
    }

    fn next_serial(&mut self) -> u32 {
        self.serial += 1;
        self.serial
    }

    pub(crate) fn running(&self, set: &SetKey, ordinal: Ordinal) -> Option<&Running> {
        self.pods.get(set)?.get(&ordinal)
    }

    pub(super) fn running_mut(&mut self, set: &SetKey, ordinal: Ordinal) -> Option<&mut Running> {
        self.pods.get_mut(set)?.get_mut(&ordinal)
    }

    /// Changes a pod by the hand of its runtime: a new version and a hint, but no effect of anybody's request.
    pub(crate) fn change_pod(&mut self, set: &SetKey, ordinal: Ordinal, change: impl FnOnce(&mut Running)) -> bool {
        let version = self.next_version();
        let Some(running) = self.running_mut(set, ordinal) else { return false };
        change(running);
        running.pod.version = version;
        self.pod_hints.changed(set);
        true
    }

    /// Starts a pod, and under [`Readiness::Immediate`] makes it ready. Every claim must be bound first.
    pub(super) fn start_pod(&mut self, set: &SetKey, ordinal: Ordinal) {
        let Some(running) = self.running(set, ordinal) else { return };
        let (phase, ready) = self.start_of(&running.template);
        if running.pod.status.phase != PodPhase::Pending {
            return;
        }
        if let Some(missing) = running.claims.values().find(|claim| !self.is_bound(set, claim)) {
            let message = format!("claim {missing} is not bound");
            self.change_pod(set, ordinal, |running| {
                running.pod.status.reason = Some("Unschedulable".to_owned());
                running.pod.status.message = Some(message);
            });
            return;
        }
        let (now, address) = (self.clock.now(), self.next_address());
        self.change_pod(set, ordinal, |running| {
            let Running { pod, template, claims: _ } = running;
            pod.status.phase = phase;
            pod.status.addresses = vec![address];
            pod.status.ready_since = ready.then_some(now);
            (pod.status.reason, pod.status.message) = (None, None);
            let status = |name: &String| ContainerStatus {
                name: name.clone(),
                init: false,
                ready,
                restarts: 0,
                state: container_state(phase, now),
            };
            pod.status.containers = template.spec.containers.iter().map(|container| status(&container.name)).collect();
        });
    }

    /// The end of a pod, confirmed: its name is free, and claims that waited for it go.
    pub(crate) fn end_pod(&mut self, set: &SetKey, ordinal: Ordinal) -> bool {
        self.grace_ends.remove(&(set.clone(), ordinal));
        let Some(pods) = self.pods.get_mut(set) else { return false };
        let Some(running) = pods.remove(&ordinal) else { return false };
        if pods.is_empty() {
            self.pods.remove(set);
        }
        self.record(Effect::PodEnded { pod: running.pod.reference() });
        self.finish_claims(set, ordinal);
        true
    }

    /// Every set that has anything in the world.
    pub(super) fn sets(&self) -> BTreeSet<SetKey> {
        self.pods.keys().chain(self.claims.keys()).chain(self.records.keys()).cloned().collect()
    }
}
