//! [`SetStore`] for `Arc<T>` and `Box<T>` of itself.

use std::sync::Arc;

use async_trait::async_trait;

use super::{Deletion, GoneSet, Revision, SetStore, StoredSet};
use crate::backend::WatchStream;
use crate::error::Result;
use crate::names::{RevisionName, SetKey, SetUid, Version};
use crate::spec::{ConfigObject, ConfigObjectKind, PetSet};
use crate::status::PetSetStatus;
use crate::time::Timestamp;

macro_rules! forward {
    ($pointer:ident) => {
        #[async_trait]
        #[deny(clippy::missing_trait_methods)]
        impl<T: SetStore + ?Sized> SetStore for $pointer<T> {
            async fn list(&self) -> Result<Vec<SetKey>> {
                (**self).list().await
            }
            async fn gone(&self) -> Result<Vec<GoneSet>> {
                (**self).gone().await
            }
            async fn get(&self, key: &SetKey) -> Result<Option<StoredSet>> {
                (**self).get(key).await
            }
            async fn create(&self, set: PetSet, now: Timestamp) -> Result<StoredSet> {
                (**self).create(set, now).await
            }
            async fn update(&self, key: &SetKey, version: &Version, set: PetSet) -> Result<StoredSet> {
                (**self).update(key, version, set).await
            }
            async fn mark_deleted(&self, key: &SetKey, version: &Version, deletion: Deletion) -> Result<StoredSet> {
                (**self).mark_deleted(key, version, deletion).await
            }
            async fn update_status(&self, key: &SetKey, version: &Version, status: PetSetStatus) -> Result<Version> {
                (**self).update_status(key, version, status).await
            }
            async fn remove(&self, key: &SetKey, version: &Version) -> Result<()> {
                (**self).remove(key, version).await
            }
            async fn revisions(&self, key: &SetKey, uid: &SetUid) -> Result<Vec<Revision>> {
                (**self).revisions(key, uid).await
            }
            async fn put_revision(&self, key: &SetKey, uid: &SetUid, revision: Revision) -> Result<()> {
                (**self).put_revision(key, uid, revision).await
            }
            async fn delete_revision(&self, key: &SetKey, uid: &SetUid, name: &RevisionName) -> Result<()> {
                (**self).delete_revision(key, uid, name).await
            }
            async fn objects(&self, namespace: &str) -> Result<Vec<ConfigObject>> {
                (**self).objects(namespace).await
            }
            async fn put_object(&self, object: ConfigObject) -> Result<()> {
                (**self).put_object(object).await
            }
            async fn delete_object(&self, namespace: &str, kind: ConfigObjectKind, name: &str) -> Result<bool> {
                (**self).delete_object(namespace, kind, name).await
            }
            fn watch(&self) -> WatchStream {
                (**self).watch()
            }
        }
    };
}

forward!(Arc);
forward!(Box);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn store_is_object_safe_and_shareable() {
        fn store<T: SetStore + Send + Sync + 'static>() {}
        store::<Arc<dyn SetStore>>();
        store::<Box<dyn SetStore>>();
    }
}
