//! [`KubeStore`].

use std::sync::Arc;

use async_trait::async_trait;
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
use crate::resource::{PetSets, SetKind, SetRecord};

/// Sets of one kind as resources of a cluster. Clones are handles of the same.
#[derive(Debug, Clone)]
pub struct KubeStore<K: SetKind = PetSets> {
    sets: Sets<K>,
    objects: Objects,
}

impl<K: SetKind> KubeStore<K> {
    pub(crate) fn new(client: Connection, scope: Scope, objects: Objects) -> Self {
        let cache = Arc::new(Cache::new(client.clone(), scope.clone()));
        Self { sets: Sets { client, scope, cache }, objects }
    }

    /// The view of the sets.
    pub(crate) fn view(&self) -> Arc<Cache<SetRecord<K>>> {
        Arc::clone(&self.sets.cache)
    }

    fn revisions_of(&self, key: &SetKey) -> Revisions<K> {
        let known = self.sets.cache.peek(&key.namespace, &key.name);
        Revisions::of(&self.sets.client, key, known.as_ref())
    }
}

#[async_trait]
impl<K: SetKind> SetStore for KubeStore<K> {
    async fn list(&self) -> Result<Vec<SetKey>> {
        self.sets.list().await
    }

    /// None: the cluster ends what has no owner any more.
    async fn gone(&self) -> Result<Vec<GoneSet>> {
        Ok(Vec::new())
    }

    async fn get(&self, key: &SetKey) -> Result<Option<StoredSet>> {
        self.sets.get(key).await?.map(|found| found.stored()).transpose()
    }

    async fn create(&self, set: PetSet, _now: Timestamp) -> Result<StoredSet> {
        self.sets.create(&set).await?.stored()
    }

    async fn update(&self, key: &SetKey, version: &Version, set: PetSet) -> Result<StoredSet> {
        self.sets.update(key, version, &set).await?.stored()
    }

    async fn mark_deleted(&self, key: &SetKey, version: &Version, deletion: Deletion) -> Result<StoredSet> {
        self.sets.mark_deleted(key, version, deletion).await
    }

    async fn update_status(&self, key: &SetKey, version: &Version, status: PetSetStatus) -> Result<Version> {
        Ok(self.sets.update_status(key, version, &status).await?.version())
    }

    async fn remove(&self, key: &SetKey, version: &Version) -> Result<()> {
        let revisions = self.revisions_of(key);
        self.sets.remove(key, version, |uid| async move { revisions.clear(&uid).await }).await
    }

    async fn revisions(&self, key: &SetKey, uid: &SetUid) -> Result<Vec<Revision>> {
        let lives = async { Ok(self.sets.get(key).await?.is_some_and(|found| found.uid() == *uid)) };
        self.revisions_of(key).list(key, uid, lives).await
    }

    async fn put_revision(&self, key: &SetKey, uid: &SetUid, revision: Revision) -> Result<()> {
        let operation = "put a revision";
        let found = self.sets.get(key).await?.filter(|found| found.uid() == *uid);
        let found = found.ok_or_else(|| not_found(operation, key))?;
        // The first revision comes before the first pod: from then on the set must not go without us.
        if K::FINALIZER.is_some() && !found.has_finalizer() {
            self.sets.hold(&found).await?;
        }
        self.revisions_of(key).put(&found, uid, &revision).await
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
