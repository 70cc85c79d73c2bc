//! One fresh look at a set: everything that a decision needs, read after the set's version.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::Engine;
use super::desire::Policy;
use super::memory::Memory;
use super::records;
use crate::INITIALIZED;
use crate::backend::{Claim, FAILED_KILL_POD, Pod, ServiceName};
use crate::error::{Error, ErrorKind, Result};
use crate::names::{Ordinal, RevisionName, SetUid};
use crate::plan::{ClaimView, Desired, Observed, Ownership, PodView};
use crate::revision::{self, RevisionPlan};
use crate::spec::{ConfigObject, LabelSelector, PodTemplate};
use crate::store::{Revision, StoredSet};
use crate::time::Timestamp;

/// The name of [`INITIALIZED`] in Kubernetes 1.3.
const INITIALIZED_LEGACY: &str = "pod.alpha.kubernetes.io/initialized";

/// Everything that was read, and what follows from it without deciding.
#[derive(Debug)]
pub(super) struct Look {
    pub(super) now: Timestamp,
    pub(super) policy: Policy,
    pub(super) revisions: RevisionPlan,
    pub(super) known: Vec<Revision>,
    pub(super) pods: Vec<PodView>,
    pub(super) claims: Vec<ClaimView>,
    pub(super) services: Vec<ServiceName>,
    pub(super) objects: Vec<ConfigObject>,
    names_seed: u64,
}

impl Look {
    /// Reads. Any failure or contradiction is an error: nothing is decided on half a view (S15).
    pub(super) async fn take(engine: &Engine, stored: &StoredSet) -> Result<Self> {
        let key = stored.key();
        let backends = engine.backends();
        let (known, pods, claims, objects) = futures::try_join!(
            backends.store.revisions(&key, &stored.uid),
            backends.pods.list(&key),
            backends.volumes.list(&key),
            backends.store.objects(&key.namespace),
        )?;
        let now = engine.now();
        let spec = &stored.set.spec;
        let policy = Policy::of(stored, backends.volumes.capabilities().binds_before_use);
        let revisions = revision::decide(&key.name, &spec.template, &known, &stored.status, now);
        let services = records::services(&stored.set, &objects);
        let names_seed = records::digest(&services, &backends.names.domain());
        Ok(Self {
            now,
            policy,
            revisions,
            known,
            pods: pod_views(pods, Some(&stored.uid), &stored.former, spec.selector.as_ref())?,
            claims: claim_views(claims, &stored.uid)?,
            services,
            objects,
            names_seed,
        })
    }

    /// Why a pet's pod is not as it should be, in the runtime's words.
    pub(super) fn trouble(&self, ordinal: Ordinal) -> Option<&Arc<str>> {
        self.pods.iter().find(|pod| pod.ordinal == ordinal)?.trouble.as_ref()
    }

    pub(super) fn desired(&self) -> Desired<'_> {
        self.policy.desired(&self.revisions)
    }

    pub(super) fn observed<'a>(&'a self, stored: &'a StoredSet, memory: &'a Memory) -> Observed<'a> {
        Observed {
            now: self.now,
            pods: &self.pods,
            claims: &self.claims,
            tickets: &stored.status.tickets,
            started: &stored.status.started,
            deleting_claims: &stored.status.deleting_claims,
            retries: &memory.retries,
            lapses: &memory.lapses,
            names_seed: self.names_seed,
            published: memory.published,
        }
    }

    /// The template that a revision stands for.
    pub(super) fn template(&self, name: &RevisionName) -> Result<&PodTemplate> {
        let fresh = self.revisions.put.as_ref().filter(|revision| revision.name == *name);
        fresh
            .or_else(|| self.known.iter().find(|revision| revision.name == *name))
            .map(|revision| &revision.template)
            .ok_or_else(|| Error::new(ErrorKind::NotFound, "find the revision of a pod").with_context("revision", name))
    }

    /// Revisions beyond the history limit that nobody uses.
    pub(super) fn surplus_revisions(&self) -> Vec<RevisionName> {
        let mut live: BTreeSet<&RevisionName> = self.pods.iter().filter_map(|pod| pod.revision.as_ref()).collect();
        live.insert(&self.revisions.current);
        live.insert(&self.revisions.update);
        revision::surplus(&self.known, &live, self.policy.history_limit).cloned().collect()
    }
}

fn trouble(pod: &Pod) -> Option<Arc<str>> {
    let is_told =
        |reason: &&str| if pod.terminating { *reason == FAILED_KILL_POD } else { pod.status.ready_since.is_none() };
    let reason = pod.status.reason.as_deref().filter(is_told)?;
    Some(match pod.status.message.as_deref() {
        Some(message) => format!("{reason}: {message}").into(),
        None => reason.into(),
    })
}

/// Pods as the planner sees them, for the life `uid` of a set with these earlier lives.
pub(super) fn pod_views(
    pods: Vec<Pod>,
    uid: Option<&SetUid>,
    former: &[SetUid],
    selector: Option<&LabelSelector>,
) -> Result<Vec<PodView>> {
    let mut views: Vec<PodView> = pods
        .into_iter()
        .map(|pod| PodView {
            ordinal: pod.ordinal,
            owner: match &pod.owner {
                None => Ownership::Nobody,
                Some(owner) if Some(owner) == uid => Ownership::Ours,
                Some(owner) if former.contains(owner) => Ownership::Former,
                Some(_) => Ownership::Foreign,
            },
            selected: selector.is_none_or(|selector| selector.matches(&pod.labels)),
            initialized: is_initialized(&pod.annotations),
            trouble: trouble(&pod),
            uid: pod.uid,
            version: pod.version,
            revision: pod.revision,
            phase: pod.status.phase,
            ready_since: pod.status.ready_since,
            terminating: pod.terminating,
            address: pod.status.addresses.first().copied(),
        })
        .collect();
    sort_unique(
        &mut views,
        |left, right| left.ordinal.cmp(&right.ordinal),
        "list pods",
        |view| format!("two pods of ordinal {}", view.ordinal),
    )?;
    Ok(views)
}

fn claim_views(claims: Vec<Claim>, uid: &SetUid) -> Result<Vec<ClaimView>> {
    let mut views: Vec<ClaimView> = claims
        .into_iter()
        .map(|claim| ClaimView {
            ordinal: claim.ordinal,
            template: claim.template.into(),
            uid: claim.uid,
            owner: match &claim.owner {
                None => Ownership::Nobody,
                Some(owner) if owner == uid => Ownership::Ours,
                Some(_) => Ownership::Foreign,
            },
            phase: claim.phase,
            message: claim.message.map(Arc::from),
        })
        .collect();
    let by = |left: &ClaimView, right: &ClaimView| {
        left.ordinal.cmp(&right.ordinal).then_with(|| left.template.cmp(&right.template))
    };
    sort_unique(&mut views, by, "list claims", |view| {
        format!("two claims {} of ordinal {}", view.template, view.ordinal)
    })?;
    Ok(views)
}

/// Backends answer in any order, but an answer that contradicts itself is no answer.
fn sort_unique<T>(
    items: &mut [T],
    by: impl Fn(&T, &T) -> Ordering,
    operation: &'static str,
    twice: impl Fn(&T) -> String,
) -> Result<()> {
    items.sort_by(&by);
    match items.windows(2).find(|pair| by(&pair[0], &pair[1]).is_eq()) {
        Some(pair) => Err(Error::new(ErrorKind::Corrupt, operation).with_message(twice(&pair[0]))),
        None => Ok(()),
    }
}

/// False only when an annotation says `"false"`; the legacy name counts where the new one is absent.
fn is_initialized(annotations: &BTreeMap<String, String>) -> bool {
    let says = annotations.get(INITIALIZED).or_else(|| annotations.get(INITIALIZED_LEGACY));
    says.is_none_or(|says| says != "false")
}
