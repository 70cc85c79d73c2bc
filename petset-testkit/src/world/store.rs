//! [`FakeStore`]: the sets of a world.

use std::sync::Arc;

use async_trait::async_trait;
use futures::FutureExt;
use petset_core::backend::WatchStream;
use petset_core::spec::{ConfigObject, ConfigObjectKind, PetSet};
use petset_core::status::PetSetStatus;
use petset_core::store::{Deletion, GoneSet, MemoryStore, Revision, SetStore, StoredSet};
use petset_core::{Result, RevisionName, SetKey, SetUid, Timestamp, Version};

use super::counts::Op;
use super::request::Request;
use super::shared::{Shared, Source};
use super::state::State;
use super::watches::Place;

/// The sets of a [`FakeWorld`](super::FakeWorld): a [`MemoryStore`] whose requests are counted and made to fail like
/// all others.
#[derive(Debug, Clone)]
pub struct FakeStore {
    pub(super) world: Shared,
    pub(super) place: Place,
}

/// A request about one set.
fn about(op: Op, set: &SetKey, what: impl Into<String>) -> Request {
    Request::Store(op, Some(set.clone()), what.into())
}

impl FakeStore {
    /// Runs a request on the store in memory, which never waits.
    async fn run<T, F>(&self, request: Request, run: impl FnOnce(Arc<MemoryStore>) -> F + Send + 'static) -> Result<T>
    where
        T: Send + 'static,
        F: Future<Output = Result<T>>,
    {
        let (sets, place) = (self.world.sets(), self.place.clone());
        let is_list = request.op() == Op::StoreList;
        let now = move |state: &mut State| {
            if is_list {
                state.watches.listed(Source::Sets, &place, || sets.watch());
            }
            run(sets).now_or_never().expect("a store in memory never waits")
        };
        self.world.request(request, now).await
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl SetStore for FakeStore {
    async fn list(&self) -> Result<Vec<SetKey>> {
        let request = Request::Store(Op::StoreList, None, "list the sets".to_owned());
        self.run(request, |sets| async move { sets.list().await }).await
    }

    async fn gone(&self) -> Result<Vec<GoneSet>> {
        let request = Request::Store(Op::StoreGone, None, "list the sets that are no more".to_owned());
        self.run(request, |sets| async move { sets.gone().await }).await
    }

    async fn get(&self, key: &SetKey) -> Result<Option<StoredSet>> {
        let set = key.clone();
        self.run(about(Op::StoreGet, key, "read set"), |sets| async move { sets.get(&set).await }).await
    }

    async fn create(&self, set: PetSet, now: Timestamp) -> Result<StoredSet> {
        let request = about(Op::StoreCreate, &set.key(), "create set");
        self.run(request, move |sets| async move { sets.create(set, now).await }).await
    }

    async fn update(&self, key: &SetKey, version: &Version, set: PetSet) -> Result<StoredSet> {
        let request = about(Op::StoreUpdate, key, format!("declare, over version {version}, set"));
        let (key, version) = (key.clone(), version.clone());
        self.run(request, move |sets| async move { sets.update(&key, &version, set).await }).await
    }

    async fn mark_deleted(&self, key: &SetKey, version: &Version, deletion: Deletion) -> Result<StoredSet> {
        let request = about(Op::StoreMarkDeleted, key, format!("mark as deleted, over version {version}, set"));
        let (key, version) = (key.clone(), version.clone());
        self.run(request, move |sets| async move { sets.mark_deleted(&key, &version, deletion).await }).await
    }

    async fn update_status(&self, key: &SetKey, version: &Version, status: PetSetStatus) -> Result<Version> {
        let request = Request::WriteStatus(key.clone(), version.clone(), Box::new(status.clone()));
        let (key, version) = (key.clone(), version.clone());
        self.run(request, move |sets| async move { sets.update_status(&key, &version, status).await }).await
    }

    async fn remove(&self, key: &SetKey, version: &Version) -> Result<()> {
        let request = about(Op::StoreRemove, key, format!("forget, over version {version}, set"));
        let (key, version) = (key.clone(), version.clone());
        self.run(request, move |sets| async move { sets.remove(&key, &version).await }).await
    }

    async fn revisions(&self, key: &SetKey, uid: &SetUid) -> Result<Vec<Revision>> {
        let request = about(Op::StoreRevisions, key, "list the revisions of");
        let (key, uid) = (key.clone(), uid.clone());
        self.run(request, move |sets| async move { sets.revisions(&key, &uid).await }).await
    }

    async fn put_revision(&self, key: &SetKey, uid: &SetUid, revision: Revision) -> Result<()> {
        let what = format!("put revision {} as number {} of", revision.name, revision.number);
        let request = about(Op::StorePutRevision, key, what);
        let (key, uid) = (key.clone(), uid.clone());
        self.run(request, move |sets| async move { sets.put_revision(&key, &uid, revision).await }).await
    }

    async fn delete_revision(&self, key: &SetKey, uid: &SetUid, name: &RevisionName) -> Result<()> {
        let request = about(Op::StoreDeleteRevision, key, format!("delete revision {name} of"));
        let (key, uid, name) = (key.clone(), uid.clone(), name.clone());
        self.run(request, move |sets| async move { sets.delete_revision(&key, &uid, &name).await }).await
    }

    async fn objects(&self, namespace: &str) -> Result<Vec<ConfigObject>> {
        let request = Request::Store(Op::StoreObjects, None, format!("list the objects of {namespace}"));
        let namespace = namespace.to_owned();
        self.run(request, move |sets| async move { sets.objects(&namespace).await }).await
    }

    async fn put_object(&self, object: ConfigObject) -> Result<()> {
        let request = Request::Store(Op::StorePutObject, None, format!("put object {}", object.metadata().name));
        self.run(request, move |sets| async move { sets.put_object(object).await }).await
    }

    async fn delete_object(&self, namespace: &str, kind: ConfigObjectKind, name: &str) -> Result<bool> {
        let request = Request::Store(Op::StoreDeleteObject, None, format!("delete object {name} of {namespace}"));
        let (namespace, name) = (namespace.to_owned(), name.to_owned());
        self.run(request, move |sets| async move { sets.delete_object(&namespace, kind, &name).await }).await
    }

    fn watch(&self) -> WatchStream {
        let sets = self.world.sets();
        self.world.watch(Source::Sets, &self.place, || sets.watch())
    }
}
