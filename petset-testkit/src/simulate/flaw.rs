//! Seeded mistakes: backends that break their contract, and what an engine that misunderstood it would look like from
//! outside. The simulation must find each of them, by the promise that it breaks.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use futures::FutureExt;
use petset_core::backend::{
    Created, DeleteOptions, Deleted, Pod, PodBackend, PodCapabilities, PodChange, PodRef, PodRequest, WatchStream,
};
use petset_core::manifest::Violation;
use petset_core::spec::{ConfigObject, ConfigObjectKind, IntOrString, PetSet, PodTemplate};
use petset_core::status::PetSetStatus;
use petset_core::store::{Deletion, GoneSet, Revision, SetStore, StoredSet};
use petset_core::{Backends, Result, RevisionName, SetKey, SetUid, Timestamp, Version};

use crate::world::Shared;

/// A seeded mistake.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Flaw {
    /// A status is written whatever version it was decided on.
    NoSwap,
    /// A deletion hits whoever has the name, and a pod that has changed.
    NoUid,
    /// A list of pods that fails is taken for an empty one.
    ErrorIsAbsence,
    /// A list of pods shows what the list before it should have shown.
    StaleList,
    /// Every pod is ended without grace.
    NoGrace,
    /// Every pod that runs is taken for a ready one.
    ReadyTooSoon,
    /// A status is taken for written, and is not.
    LostStatus,
    /// Nobody remembers which claims a pet has run on.
    ForgottenClaims,
    /// Nobody remembers the sets that are gone.
    ForgottenSets,
    /// The runtime refuses no name that is taken: it forgets the pod that has it, and starts another one.
    FreshNames,
    /// What a status says in words is forgotten, so that every pass says it anew.
    NoisyStatus,
    /// The largest budget of all that were declared counts.
    OldBudget,
}

impl Flaw {
    /// All of them.
    pub const ALL: &'static [Self] = &[
        Self::NoSwap,
        Self::NoUid,
        Self::ErrorIsAbsence,
        Self::StaleList,
        Self::NoGrace,
        Self::ReadyTooSoon,
        Self::LostStatus,
        Self::ForgottenClaims,
        Self::ForgottenSets,
        Self::FreshNames,
        Self::NoisyStatus,
        Self::OldBudget,
    ];

    /// The promise that it breaks.
    pub fn breaks(self) -> &'static str {
        match self {
            Self::NoGrace => "S3",
            Self::NoUid => "S4",
            Self::LostStatus | Self::ForgottenClaims => "S7",
            Self::ReadyTooSoon | Self::StaleList => "S8",
            Self::NoSwap | Self::OldBudget => "S10",
            Self::ErrorIsAbsence => "S15",
            Self::NoisyStatus => "S17",
            Self::FreshNames => "S1",
            Self::ForgottenSets => "L1",
        }
    }

    pub(super) fn break_backends(self, backends: Backends, world: &Shared) -> Backends {
        let Backends { pods, volumes, names, store } = backends;
        let shown = Mutex::default();
        Backends {
            pods: Arc::new(FlawedPods { flaw: self, pods, world: world.clone(), shown }),
            volumes,
            names,
            store: Arc::new(FlawedStore { flaw: self, store, world: world.clone(), budgets: Mutex::default() }),
        }
    }
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoSwap => "flaw-no-swap",
            Self::NoUid => "flaw-no-uid",
            Self::ErrorIsAbsence => "flaw-error-is-absence",
            Self::StaleList => "flaw-stale-list",
            Self::NoGrace => "flaw-no-grace",
            Self::ReadyTooSoon => "flaw-ready-too-soon",
            Self::LostStatus => "flaw-lost-status",
            Self::ForgottenClaims => "flaw-forgotten-claims",
            Self::ForgottenSets => "flaw-forgotten-sets",
            Self::FreshNames => "flaw-fresh-names",
            Self::NoisyStatus => "flaw-noisy-status",
            Self::OldBudget => "flaw-old-budget",
        })
    }
}

#[derive(Debug)]
struct FlawedPods {
    flaw: Flaw,
    pods: Arc<dyn PodBackend>,
    world: Shared,
    shown: Mutex<BTreeMap<SetKey, Vec<Pod>>>,
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl PodBackend for FlawedPods {
    fn capabilities(&self) -> PodCapabilities {
        self.pods.capabilities()
    }

    fn check(&self, template: &PodTemplate) -> Vec<Violation> {
        self.pods.check(template)
    }

    async fn list(&self, set: &SetKey) -> Result<Vec<Pod>> {
        let answer = self.pods.list(set).await;
        match self.flaw {
            Flaw::ErrorIsAbsence => Ok(answer.unwrap_or_default()),
            Flaw::StaleList => {
                let answer = answer?;
                let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
                Ok(shown.insert(set.clone(), answer.clone()).unwrap_or(answer))
            }
            Flaw::ReadyTooSoon => {
                let mut answer = answer?;
                for pod in &mut answer {
                    pod.status.ready_since = pod.status.ready_since.or(Some(pod.created_at));
                }
                Ok(answer)
            }
            Flaw::NoSwap
            | Flaw::NoUid
            | Flaw::NoGrace
            | Flaw::LostStatus
            | Flaw::ForgottenClaims
            | Flaw::ForgottenSets
            | Flaw::FreshNames
            | Flaw::NoisyStatus
            | Flaw::OldBudget => answer,
        }
    }

    async fn create(&self, request: PodRequest) -> Result<Created<Pod>> {
        if self.flaw == Flaw::FreshNames {
            // Long enough for others to ask for the same pod.
            tokio::time::sleep(Duration::from_secs(10)).await;
            if let Some(pods) = self.world.lock().pods.get_mut(&request.set) {
                pods.remove(&request.ordinal);
            }
        }
        self.pods.create(request).await
    }

    async fn delete(&self, pod: &PodRef, options: DeleteOptions) -> Result<Deleted> {
        match self.flaw {
            Flaw::NoUid => {
                // Whoever has the name when the request arrives.
                tokio::time::sleep(Duration::from_secs(10)).await;
                let now = self.world.lock().running(&pod.set, pod.ordinal).map(|running| running.pod.reference());
                self.pods.delete(&now.unwrap_or_else(|| pod.clone()), DeleteOptions::default()).await
            }
            Flaw::NoGrace => self.pods.delete(pod, DeleteOptions { grace_seconds: Some(0), ..options }).await,
            Flaw::NoSwap
            | Flaw::ErrorIsAbsence
            | Flaw::StaleList
            | Flaw::ReadyTooSoon
            | Flaw::LostStatus
            | Flaw::ForgottenClaims
            | Flaw::ForgottenSets
            | Flaw::FreshNames
            | Flaw::NoisyStatus
            | Flaw::OldBudget => self.pods.delete(pod, options).await,
        }
    }

    async fn update(&self, pod: &PodRef, change: PodChange) -> Result<()> {
        self.pods.update(pod, change).await
    }

    fn watch(&self) -> WatchStream {
        self.pods.watch()
    }
}

#[derive(Debug)]
struct FlawedStore {
    flaw: Flaw,
    store: Arc<dyn SetStore>,
    world: Shared,
    budgets: Mutex<BTreeMap<SetKey, i32>>,
}

impl FlawedStore {
    fn raise_budget(&self, key: &SetKey, set: &mut PetSet) {
        let knobs = set.spec.update_strategy.as_mut().and_then(|strategy| strategy.rolling_update.as_mut());
        if let Some(IntOrString::Int(budget)) = knobs.and_then(|knobs| knobs.max_unavailable.as_mut()) {
            let mut budgets = self.budgets.lock().unwrap_or_else(PoisonError::into_inner);
            let most = budgets.entry(key.clone()).or_default();
            *most = (*most).max(*budget);
            *budget = *most;
        }
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl SetStore for FlawedStore {
    async fn list(&self) -> Result<Vec<SetKey>> {
        self.store.list().await
    }

    async fn gone(&self) -> Result<Vec<GoneSet>> {
        let gone = self.store.gone().await?;
        Ok(if self.flaw == Flaw::ForgottenSets { Vec::new() } else { gone })
    }

    async fn get(&self, key: &SetKey) -> Result<Option<StoredSet>> {
        let mut stored = self.store.get(key).await?;
        match (self.flaw, &mut stored) {
            (Flaw::ForgottenClaims, Some(stored)) => {
                stored.status.started = stored.status.started.ordinals().collect();
            }
            (Flaw::NoisyStatus, Some(stored)) => stored.status.conditions.clear(),
            (Flaw::OldBudget, Some(stored)) => self.raise_budget(key, &mut stored.set),
            _ => {}
        }
        Ok(stored)
    }

    async fn create(&self, set: PetSet, now: Timestamp) -> Result<StoredSet> {
        self.store.create(set, now).await
    }

    async fn update(&self, key: &SetKey, version: &Version, set: PetSet) -> Result<StoredSet> {
        self.store.update(key, version, set).await
    }

    async fn mark_deleted(&self, key: &SetKey, version: &Version, deletion: Deletion) -> Result<StoredSet> {
        self.store.mark_deleted(key, version, deletion).await
    }

    async fn update_status(&self, key: &SetKey, version: &Version, status: PetSetStatus) -> Result<Version> {
        let newest = || self.world.sets().get(key).now_or_never()?.ok()?.map(|stored| stored.version);
        match self.flaw {
            Flaw::NoSwap => {
                let newest = newest();
                self.store.update_status(key, newest.as_ref().unwrap_or(version), status).await
            }
            Flaw::LostStatus => Ok(version.clone()),
            Flaw::NoUid
            | Flaw::ErrorIsAbsence
            | Flaw::StaleList
            | Flaw::NoGrace
            | Flaw::ReadyTooSoon
            | Flaw::ForgottenClaims
            | Flaw::ForgottenSets
            | Flaw::FreshNames
            | Flaw::NoisyStatus
            | Flaw::OldBudget => self.store.update_status(key, version, status).await,
        }
    }

    async fn remove(&self, key: &SetKey, version: &Version) -> Result<()> {
        self.store.remove(key, version).await
    }

    async fn revisions(&self, key: &SetKey, uid: &SetUid) -> Result<Vec<Revision>> {
        self.store.revisions(key, uid).await
    }

    async fn put_revision(&self, key: &SetKey, uid: &SetUid, revision: Revision) -> Result<()> {
        self.store.put_revision(key, uid, revision).await
    }

    async fn delete_revision(&self, key: &SetKey, uid: &SetUid, name: &RevisionName) -> Result<()> {
        self.store.delete_revision(key, uid, name).await
    }

    async fn objects(&self, namespace: &str) -> Result<Vec<ConfigObject>> {
        self.store.objects(namespace).await
    }

    async fn put_object(&self, object: ConfigObject) -> Result<()> {
        self.store.put_object(object).await
    }

    async fn delete_object(&self, namespace: &str, kind: ConfigObjectKind, name: &str) -> Result<bool> {
        self.store.delete_object(namespace, kind, name).await
    }

    fn watch(&self) -> WatchStream {
        self.store.watch()
    }
}
