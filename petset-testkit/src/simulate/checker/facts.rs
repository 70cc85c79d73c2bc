//! What the checker knows of a declaration and of what stands.

use std::collections::BTreeMap;

use petset_core::backend::{ClaimPhase, PodPhase};
use petset_core::spec::{IntOrString, PodManagementPolicy, RetentionPolicyType, UpdateStrategyType};
use petset_core::status::{OrdinalSet, Started, Ticket};
use petset_core::store::{Cascade, StoredSet};
use petset_core::{ClaimUid, Ordinal, PodUid, RevisionName, SetKey, SetUid, Version};

use crate::world::State;

/// A set as stored at some moment.
#[derive(Debug, Clone)]
pub(in crate::simulate) struct Facts {
    pub(super) uid: SetUid,
    pub(super) version: Version,
    pub(super) replicas: u32,
    pub(super) start: u32,
    pub(super) ordered: bool,
    pub(super) partition: u32,
    pub(super) max_unavailable: usize,
    pub(super) image: Option<String>,
    pub(super) templates: Vec<String>,
    pub(super) when_scaled: bool,
    pub(super) when_deleted: bool,
    pub(super) deletion: Option<Cascade>,
    pub(super) current: Option<RevisionName>,
    pub(super) tickets: Vec<Ticket>,
    pub(super) started: Started,
    pub(super) deleting: OrdinalSet,
}

impl Facts {
    pub(super) fn of(stored: &StoredSet) -> Self {
        let spec = &stored.set.spec;
        let strategy = spec.update_strategy.clone().unwrap_or_default();
        let rolls = strategy.kind.unwrap_or_default() == UpdateStrategyType::RollingUpdate;
        let knobs = strategy.rolling_update.filter(|_| rolls).unwrap_or_default();
        let replicas = spec.replicas();
        let max_unavailable = match knobs.max_unavailable {
            None => 1,
            Some(IntOrString::Int(pets)) => usize::try_from(pets).unwrap_or(1).max(1),
            Some(IntOrString::String(text)) => {
                let percent: usize = text.trim_end_matches('%').parse().unwrap_or(0);
                (replicas as usize * percent / 100).max(1)
            }
        };
        let retention = spec.retention();
        Self {
            uid: stored.uid.clone(),
            version: stored.version.clone(),
            replicas,
            start: spec.start().0,
            ordered: spec.pod_management_policy.unwrap_or_default() == PodManagementPolicy::OrderedReady,
            partition: knobs.partition.unwrap_or(0).max(0).unsigned_abs(),
            max_unavailable,
            image: spec.template.spec.containers.first().and_then(|container| container.image.clone()),
            templates: spec.volume_claim_templates.iter().map(|claim| claim.metadata.name.clone()).collect(),
            when_scaled: retention.when_scaled == RetentionPolicyType::Delete,
            when_deleted: retention.when_deleted == RetentionPolicyType::Delete,
            deletion: stored.deletion.map(|deletion| deletion.cascade),
            current: stored.status.current_revision.clone(),
            tickets: stored.status.tickets.clone(),
            started: stored.status.started.clone(),
            deleting: stored.status.deleting_claims.clone(),
        }
    }

    /// Whether the pet is in range, of a set that is not on its way out.
    pub(super) fn wants(&self, ordinal: Ordinal) -> bool {
        self.deletion.is_none() && ordinal.0 >= self.start && ordinal.0 - self.start < self.replicas
    }
}

/// A pod as the world had it when it was listed.
#[derive(Debug, Clone)]
pub(super) struct PodFact {
    pub(super) uid: PodUid,
    pub(super) owner: Option<SetUid>,
    pub(super) ready: bool,
    pub(super) terminating: bool,
}

impl PodFact {
    /// Whether it does its work for this life of the set.
    pub(super) fn serves(&self, life: &SetUid) -> bool {
        self.ready && !self.terminating && self.owner.as_ref() == Some(life)
    }
}

/// The pods of a set, by ordinal.
pub(super) type Pods = BTreeMap<Ordinal, PodFact>;

/// A claim as the world had it when it was listed.
#[derive(Debug, Clone)]
pub(super) struct ClaimFact {
    pub(super) name: String,
    pub(super) owner: Option<SetUid>,
    pub(super) ordinal: Ordinal,
    pub(super) bound: bool,
}

/// The claims of a set.
pub(super) type Claims = BTreeMap<ClaimUid, ClaimFact>;

pub(super) fn pods(state: &State, set: &SetKey) -> Pods {
    let all = state.pods.get(set).into_iter().flatten();
    all.map(|(ordinal, running)| {
        let pod = &running.pod;
        let ready = pod.status.phase == PodPhase::Running && pod.status.ready_since.is_some();
        let fact = PodFact { uid: pod.uid.clone(), owner: pod.owner.clone(), ready, terminating: pod.terminating };
        (*ordinal, fact)
    })
    .collect()
}

pub(super) fn claims(state: &State, set: &SetKey) -> Claims {
    let all = state.claims.get(set).into_iter().flat_map(BTreeMap::values);
    all.map(|claim| {
        let fact = ClaimFact {
            name: claim.name.clone(),
            owner: claim.owner.clone(),
            ordinal: claim.ordinal,
            bound: claim.phase == ClaimPhase::Bound,
        };
        (claim.uid.clone(), fact)
    })
    .collect()
}
