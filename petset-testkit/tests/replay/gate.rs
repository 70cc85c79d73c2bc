//! A controller's parts, where every request that the model knows of waits for a word.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use futures::FutureExt;
use futures::channel::oneshot;
use petset_core::backend::{
    Claim, ClaimChange, ClaimRef, ClaimRequest, Created, DeleteOptions, Deleted, NameCapabilities, NameResolver, Pod,
    PodBackend, PodCapabilities, PodChange, PodPhase, PodRef, PodRequest, Published, RecordSet, ResolvedName,
    VolumeCapabilities, VolumeProvisioner, WatchStream,
};
use petset_core::engine::Backends;
use petset_core::manifest::Violation;
use petset_core::spec::{ClaimTemplate, ConfigObject, ConfigObjectKind, PetSet, PodTemplate};
use petset_core::status::PetSetStatus;
use petset_core::store::{Deletion, GoneSet, Revision, SetStore, StoredSet};
use petset_core::{Error, ErrorKind, Result, RevisionName, SetKey, SetUid, Timestamp, Version};
use petset_testkit::explore::Kind;
use petset_testkit::{FakeNames, FakePods, FakeStore, FakeVolumes, FakeWorld};

/// A request that waits.
#[derive(Debug, Clone)]
pub(crate) enum Request {
    ReadSet,
    ListPods,
    ListClaims,
    Write,
    Create(PodRequest),
    Delete(PodRef, DeleteOptions),
    Update(PodRef, PodChange),
    Provision(ClaimRequest),
    Change(ClaimRef, u32, ClaimChange),
    DeleteClaim(ClaimRef, u32),
    Remove(SetKey, Version),
}

impl Request {
    /// What the model calls it, if it changes the world.
    pub(crate) fn kind(&self) -> Option<(Kind, u32)> {
        Some(match self {
            Self::ReadSet | Self::ListPods | Self::ListClaims | Self::Write => return None,
            Self::Create(request) => (Kind::Create, request.ordinal.0),
            Self::Delete(pod, _) => (Kind::Delete, pod.ordinal.0),
            Self::Update(pod, change) if change.owner == Some(None) => (Kind::Release, pod.ordinal.0),
            Self::Update(pod, _) => (Kind::Adopt, pod.ordinal.0),
            Self::Provision(request) => (Kind::Provision, request.ordinal.0),
            Self::Change(_, pet, change) if change.owner == Some(None) => (Kind::Disown, *pet),
            Self::Change(_, pet, _) => (Kind::Own, *pet),
            Self::DeleteClaim(_, pet) => (Kind::DeleteClaim, *pet),
            Self::Remove(..) => (Kind::RemoveSet, 0),
        })
    }

    /// Arrives when nobody waits for it any more.
    pub(crate) fn land(self, world: &FakeWorld) {
        let done = async {
            match self {
                Self::ReadSet | Self::ListPods | Self::ListClaims | Self::Write => {}
                Self::Create(request) => drop(create(world, request).await),
                Self::Delete(pod, options) => drop(world.pods().delete(&pod, options).await),
                Self::Update(pod, change) => drop(world.pods().update(&pod, change).await),
                Self::Provision(request) => drop(world.volumes().provision(request).await),
                Self::Change(claim, _, change) => drop(world.volumes().change(&claim, change).await),
                Self::DeleteClaim(claim, _) => drop(world.volumes().delete(&claim).await),
                Self::Remove(key, version) => drop(world.store().remove(&key, &version).await),
            }
        };
        done.now_or_never().expect("a world in memory answers at once");
    }
}

/// A new pod is not running yet.
async fn create(world: &FakeWorld, request: PodRequest) -> Result<Created<Pod>> {
    let (set, ordinal) = (request.set.clone(), request.ordinal.0);
    let created = world.pods().create(request).await?;
    if matches!(created, Created::New(_)) {
        world.set_phase(&set, ordinal, PodPhase::Pending);
    }
    Ok(created)
}

/// A request, and where its word goes: whether it is done, or fails without effect.
#[derive(Debug)]
pub(crate) struct Open {
    pub(crate) request: Request,
    pub(crate) word: oneshot::Sender<bool>,
}

/// What one controller waits for.
#[derive(Debug, Clone, Default)]
pub(crate) struct Desk(Arc<Mutex<Vec<Open>>>);

impl Desk {
    pub(crate) fn open(&self) -> MutexGuard<'_, Vec<Open>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a status says beside what decisions need, as it was written last. It has no version: the model knows nothing
/// of it.
pub(crate) type Words = Arc<Mutex<BTreeMap<SetUid, PetSetStatus>>>;

/// What decisions need, with these words.
fn worded(status: PetSetStatus, words: Option<&PetSetStatus>) -> PetSetStatus {
    let PetSetStatus { current_revision, tickets, started, deleting_claims, .. } = status.clone();
    let words = words.cloned().unwrap_or(status);
    PetSetStatus { current_revision, tickets, started, deleting_claims, ..words }
}

#[derive(Debug, Clone)]
struct Gate {
    world: FakeWorld,
    desk: Desk,
    words: Words,
    claims: bool,
    pods: FakePods,
    volumes: FakeVolumes,
    names: FakeNames,
    store: FakeStore,
}

/// The parts of one controller.
pub(crate) fn parts(world: &FakeWorld, desk: &Desk, words: &Words, claims: bool) -> Backends {
    let gate = Arc::new(Gate {
        world: world.clone(),
        desk: desk.clone(),
        words: Arc::clone(words),
        claims,
        pods: world.pods(),
        volumes: world.volumes(),
        names: world.names(),
        store: world.store(),
    });
    Backends {
        pods: Arc::<Gate>::clone(&gate),
        volumes: Arc::<Gate>::clone(&gate),
        names: Arc::<Gate>::clone(&gate),
        store: gate,
    }
}

impl Gate {
    async fn through<T>(&self, request: Request, effect: impl Future<Output = Result<T>>) -> Result<T> {
        let (word, answer) = oneshot::channel();
        self.desk.open().push(Open { request, word });
        match answer.await {
            Ok(true) => effect.await,
            Ok(false) | Err(_) => Err(Error::new(ErrorKind::Unavailable, "act").with_message("as the story says")),
        }
    }

    fn words(&self) -> MutexGuard<'_, BTreeMap<SetUid, PetSetStatus>> {
        self.words.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn current(&self, key: &SetKey) -> Result<Option<StoredSet>> {
        let stored = self.store.get(key).await?;
        Ok(stored.map(|stored| {
            let status = worded(stored.status, self.words().get(&stored.uid));
            StoredSet { status, ..stored }
        }))
    }
}

/// The pet of a claim `<template>-<set>-<ordinal>`.
fn pet(claim: &ClaimRef) -> u32 {
    claim.name.rsplit('-').next().and_then(|pet| pet.parse().ok()).expect("a claim's name ends with its ordinal")
}

#[async_trait]
impl PodBackend for Gate {
    fn capabilities(&self) -> PodCapabilities {
        self.pods.capabilities()
    }
    fn check(&self, template: &PodTemplate) -> Vec<Violation> {
        self.pods.check(template)
    }
    async fn list(&self, set: &SetKey) -> Result<Vec<Pod>> {
        self.through(Request::ListPods, self.pods.list(set)).await
    }
    async fn create(&self, request: PodRequest) -> Result<Created<Pod>> {
        self.through(Request::Create(request.clone()), create(&self.world, request)).await
    }
    async fn delete(&self, pod: &PodRef, options: DeleteOptions) -> Result<Deleted> {
        self.through(Request::Delete(pod.clone(), options.clone()), self.pods.delete(pod, options)).await
    }
    async fn update(&self, pod: &PodRef, change: PodChange) -> Result<()> {
        self.through(Request::Update(pod.clone(), change.clone()), self.pods.update(pod, change)).await
    }
    fn watch(&self) -> WatchStream {
        self.pods.watch()
    }
}

#[async_trait]
impl VolumeProvisioner for Gate {
    fn capabilities(&self) -> VolumeCapabilities {
        let mut capabilities = self.volumes.capabilities();
        // As in the model, where a claim is bound when it is made.
        capabilities.binds_before_use = false;
        capabilities
    }
    fn check(&self, template: &ClaimTemplate) -> Vec<Violation> {
        self.volumes.check(template)
    }
    async fn list(&self, set: &SetKey) -> Result<Vec<Claim>> {
        if !self.claims {
            return self.volumes.list(set).await;
        }
        self.through(Request::ListClaims, self.volumes.list(set)).await
    }
    async fn provision(&self, request: ClaimRequest) -> Result<Created<Claim>> {
        self.through(Request::Provision(request.clone()), self.volumes.provision(request)).await
    }
    async fn change(&self, claim: &ClaimRef, change: ClaimChange) -> Result<()> {
        let request = Request::Change(claim.clone(), pet(claim), change.clone());
        self.through(request, self.volumes.change(claim, change)).await
    }
    async fn delete(&self, claim: &ClaimRef) -> Result<Deleted> {
        self.through(Request::DeleteClaim(claim.clone(), pet(claim)), self.volumes.delete(claim)).await
    }
    fn watch(&self) -> WatchStream {
        self.volumes.watch()
    }
}

#[async_trait]
impl NameResolver for Gate {
    fn capabilities(&self) -> NameCapabilities {
        self.names.capabilities()
    }
    fn domain(&self) -> String {
        self.names.domain()
    }
    fn servers(&self) -> Vec<IpAddr> {
        self.names.servers()
    }
    async fn publish(&self, set: &SetKey, records: &RecordSet) -> Result<Published> {
        self.names.publish(set, records).await
    }
    async fn withdraw(&self, set: &SetKey) -> Result<()> {
        self.names.withdraw(set).await
    }
    async fn resolve(&self, name: &str) -> Result<ResolvedName> {
        self.names.resolve(name).await
    }
}

#[async_trait]
impl SetStore for Gate {
    async fn list(&self) -> Result<Vec<SetKey>> {
        self.store.list().await
    }
    async fn gone(&self) -> Result<Vec<GoneSet>> {
        self.store.gone().await
    }
    async fn get(&self, key: &SetKey) -> Result<Option<StoredSet>> {
        self.through(Request::ReadSet, self.current(key)).await
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
        let write = async {
            let Some(stored) = self.store.get(key).await?.filter(|stored| stored.version == *version) else {
                return Err(Error::new(ErrorKind::Conflict, "update the status of a set").with_context("set", key));
            };
            self.words().insert(stored.uid.clone(), status.clone());
            if worded(stored.status, Some(&status)) == status {
                return Ok(stored.version);
            }
            self.store.update_status(key, version, status).await
        };
        self.through(Request::Write, write).await
    }
    async fn remove(&self, key: &SetKey, version: &Version) -> Result<()> {
        self.through(Request::Remove(key.clone(), version.clone()), self.store.remove(key, version)).await
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
