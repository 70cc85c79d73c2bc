//! [`FaultyStore`].

use std::sync::Arc;

use async_trait::async_trait;
use petset_core::backend::WatchStream;
use petset_core::spec::{ConfigObject, ConfigObjectKind, PetSet};
use petset_core::status::PetSetStatus;
use petset_core::store::{Deletion, GoneSet, Revision, SetStore, StoredSet};
use petset_core::{Result, RevisionName, SetKey, SetUid, Timestamp, Version};

use super::hints;
use super::process::Process;
use super::turn::Turn;
use crate::world::Op;

/// A store with faults in the way.
#[derive(Debug)]
pub(super) struct FaultyStore {
    inner: Arc<dyn SetStore>,
    process: Arc<Process>,
}

impl FaultyStore {
    pub(super) fn new(process: &Arc<Process>, inner: Arc<dyn SetStore>) -> Self {
        Self { inner, process: Arc::clone(process) }
    }

    async fn request<T, F>(
        &self,
        op: Op,
        about: String,
        request: impl FnOnce(Arc<dyn SetStore>) -> F + Send,
    ) -> Result<T>
    where
        T: Send,
        F: Future<Output = Result<T>> + Send + 'static,
    {
        let mut turn = Turn::take(&self.process, op, about).await;
        turn.run(request(Arc::clone(&self.inner))).await
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl SetStore for FaultyStore {
    async fn list(&self) -> Result<Vec<SetKey>> {
        let about = "all sets".to_owned();
        self.request(Op::StoreList, about, |store| async move { store.list().await }).await
    }

    async fn gone(&self) -> Result<Vec<GoneSet>> {
        let about = "all sets that are no more".to_owned();
        self.request(Op::StoreGone, about, |store| async move { store.gone().await }).await
    }

    async fn get(&self, key: &SetKey) -> Result<Option<StoredSet>> {
        let about = key.to_string();
        let key = key.clone();
        self.request(Op::StoreGet, about, |store| async move { store.get(&key).await }).await
    }

    async fn create(&self, set: PetSet, now: Timestamp) -> Result<StoredSet> {
        let about = set.key().to_string();
        self.request(Op::StoreCreate, about, |store| async move { store.create(set, now).await }).await
    }

    async fn update(&self, key: &SetKey, version: &Version, set: PetSet) -> Result<StoredSet> {
        let about = key.to_string();
        let (key, version) = (key.clone(), version.clone());
        self.request(Op::StoreUpdate, about, |store| async move { store.update(&key, &version, set).await }).await
    }

    async fn mark_deleted(&self, key: &SetKey, version: &Version, deletion: Deletion) -> Result<StoredSet> {
        let about = key.to_string();
        let (key, version) = (key.clone(), version.clone());
        self.request(
            Op::StoreMarkDeleted,
            about,
            |store| async move { store.mark_deleted(&key, &version, deletion).await },
        )
        .await
    }

    async fn update_status(&self, key: &SetKey, version: &Version, status: PetSetStatus) -> Result<Version> {
        let about = key.to_string();
        let (key, version) = (key.clone(), version.clone());
        self.request(
            Op::StoreUpdateStatus,
            about,
            |store| async move { store.update_status(&key, &version, status).await },
        )
        .await
    }

    async fn remove(&self, key: &SetKey, version: &Version) -> Result<()> {
        let about = key.to_string();
        let (key, version) = (key.clone(), version.clone());
        self.request(Op::StoreRemove, about, |store| async move { store.remove(&key, &version).await }).await
    }

    async fn revisions(&self, key: &SetKey, uid: &SetUid) -> Result<Vec<Revision>> {
        let about = key.to_string();
        let (key, uid) = (key.clone(), uid.clone());
        self.request(Op::StoreRevisions, about, |store| async move { store.revisions(&key, &uid).await }).await
    }

    async fn put_revision(&self, key: &SetKey, uid: &SetUid, revision: Revision) -> Result<()> {
        let about = format!("{key} {}", revision.name);
        let (key, uid) = (key.clone(), uid.clone());
        self.request(Op::StorePutRevision, about, |store| async move { store.put_revision(&key, &uid, revision).await })
            .await
    }

    async fn delete_revision(&self, key: &SetKey, uid: &SetUid, name: &RevisionName) -> Result<()> {
        let about = format!("{key} {name}");
        let (key, uid, name) = (key.clone(), uid.clone(), name.clone());
        self.request(
            Op::StoreDeleteRevision,
            about,
            |store| async move { store.delete_revision(&key, &uid, &name).await },
        )
        .await
    }

    async fn objects(&self, namespace: &str) -> Result<Vec<ConfigObject>> {
        let about = namespace.to_owned();
        let namespace = namespace.to_owned();
        self.request(Op::StoreObjects, about, |store| async move { store.objects(&namespace).await }).await
    }

    async fn put_object(&self, object: ConfigObject) -> Result<()> {
        let about = "an object".to_owned();
        self.request(Op::StorePutObject, about, |store| async move { store.put_object(object).await }).await
    }

    async fn delete_object(&self, namespace: &str, kind: ConfigObjectKind, name: &str) -> Result<bool> {
        let about = format!("{namespace} {name}");
        let (namespace, name) = (namespace.to_owned(), name.to_owned());
        self.request(
            Op::StoreDeleteObject,
            about,
            |store| async move { store.delete_object(&namespace, kind, &name).await },
        )
        .await
    }

    fn watch(&self) -> WatchStream {
        hints::watch(&self.process, "StoreWatch", self.inner.watch())
    }
}
