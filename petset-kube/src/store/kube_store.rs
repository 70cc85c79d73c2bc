//! [`KubeStore`].

use std::sync::Arc;

use async_trait::async_trait;
use k8s_openapi::api::core::v1 as k8s;
use petset_core::backend::WatchStream;
use petset_core::spec::{ConfigObject, ConfigObjectKind, PetSet};
use petset_core::status::PetSetStatus;
use petset_core::store::{Deletion, GoneSet, Revision, SetStore, StoredSet};
use petset_core::{Result, RevisionName, SetKey, SetUid, Timestamp, Version};

use super::objects::Objects;
use super::revision::Revisions;
use super::sets::{Sets, not_found};
use super::watch;
use crate::cache::{Cache, Scope};
use crate::client::Connection;
use crate::meta::OwnerKind;

/// Sets as `PetSet` resources of a cluster. Clones are handles of the same.
#[derive(Debug, Clone)]
pub struct KubeStore {
    sets: Sets,
    objects: Objects,
}

impl KubeStore {
    pub(crate) fn new(
        client: Connection,
        scope: Scope,
        services: Arc<Cache<k8s::Service>>,
        reads_config: bool,
    ) -> Self {
        let objects = Objects::new(client.clone(), &scope, services, reads_config);
        let cache = Arc::new(Cache::new(client.clone(), scope.clone()));
        Self { sets: Sets { client, scope, cache }, objects }
    }

    fn revisions_of(&self, key: &SetKey) -> Revisions {
        Revisions::of(&self.sets.client, OwnerKind::PET_SET, key)
    }
}

#[async_trait]
impl SetStore for KubeStore {
    async fn list(&self) -> Result<Vec<SetKey>> {
        self.sets.list().await
    }

    /// None: the cluster ends what has no owner any more.
    async fn gone(&self) -> Result<Vec<GoneSet>> {
        Ok(Vec::new())
    }

    /// A set that cannot be read says so in its status from then on.
    async fn get(&self, key: &SetKey) -> Result<Option<StoredSet>> {
        let Some(found) = self.sets.get(key).await? else { return Ok(None) };
        match found.stored() {
            Ok(stored) => Ok(Some(stored)),
            Err(error) => {
                self.sets.refuse(&found, &error).await;
                Err(error)
            }
        }
    }

    async fn create(&self, set: PetSet, _now: Timestamp) -> Result<StoredSet> {
        self.sets.create(&set).await?.stored()
    }

    async fn update(&self, key: &SetKey, version: &Version, set: PetSet) -> Result<StoredSet> {
        self.sets.update(key, version, &set).await?.stored()
    }

    async fn mark_deleted(&self, key: &SetKey, version: &Version, deletion: Deletion) -> Result<StoredSet> {
        self.sets.mark_deleted(key, version, deletion).await?.stored()
    }

    async fn update_status(&self, key: &SetKey, version: &Version, status: PetSetStatus) -> Result<Version> {
        Ok(self.sets.update_status(key, version, &status).await?.version())
    }

    async fn remove(&self, key: &SetKey, version: &Version) -> Result<()> {
        let revisions = self.revisions_of(key);
        self.sets.remove(key, version, |uid| async move { revisions.clear(key, &uid).await }).await
    }

    async fn revisions(&self, key: &SetKey, uid: &SetUid) -> Result<Vec<Revision>> {
        self.revisions_of(key).list(key, uid).await
    }

    async fn put_revision(&self, key: &SetKey, uid: &SetUid, revision: Revision) -> Result<()> {
        let operation = "put a revision";
        let found = self.sets.get(key).await?.filter(|found| found.uid() == *uid);
        let found = found.ok_or_else(|| not_found(operation, key))?;
        // The first revision comes before the first pod: from then on the set must not go without us.
        if !found.has_finalizer() {
            self.sets.hold(&found).await?;
        }
        self.revisions_of(key).put(key, uid, &revision).await
    }

    async fn delete_revision(&self, key: &SetKey, uid: &SetUid, name: &RevisionName) -> Result<()> {
        self.revisions_of(key).delete(uid, name).await
    }

    async fn objects(&self, namespace: &str) -> Result<Vec<ConfigObject>> {
        self.objects.list(namespace).await
    }

    async fn put_object(&self, object: ConfigObject) -> Result<()> {
        self.objects.put(&object).await
    }

    async fn delete_object(&self, namespace: &str, kind: ConfigObjectKind, name: &str) -> Result<bool> {
        self.objects.delete(namespace, kind, name).await
    }

    fn watch(&self) -> WatchStream {
        watch::watch(&self.sets.cache, self.objects.watch())
    }
}
