//! [`MockSetStore`].

use async_trait::async_trait;
use mockall::mock;
use petset_core::backend::WatchStream;
use petset_core::spec::{ConfigObject, ConfigObjectKind, PetSet};
use petset_core::status::PetSetStatus;
use petset_core::store::{Deletion, GoneSet, Revision, SetStore, StoredSet};
use petset_core::{Result, RevisionName, SetKey, SetUid, Timestamp, Version};

mock! {
    /// A [`SetStore`] that answers as it is told, and panics at a request that nobody expects.
    #[derive(Debug)]
    pub SetStore {}

    #[async_trait]
    #[deny(clippy::missing_trait_methods)]
    impl SetStore for SetStore {
        async fn list(&self) -> Result<Vec<SetKey>>;
        async fn gone(&self) -> Result<Vec<GoneSet>>;
        async fn get(&self, key: &SetKey) -> Result<Option<StoredSet>>;
        async fn create(&self, set: PetSet, now: Timestamp) -> Result<StoredSet>;
        async fn update(&self, key: &SetKey, version: &Version, set: PetSet) -> Result<StoredSet>;
        async fn mark_deleted(&self, key: &SetKey, version: &Version, deletion: Deletion) -> Result<StoredSet>;
        async fn update_status(&self, key: &SetKey, version: &Version, status: PetSetStatus) -> Result<Version>;
        async fn remove(&self, key: &SetKey, version: &Version) -> Result<()>;
        async fn revisions(&self, key: &SetKey, uid: &SetUid) -> Result<Vec<Revision>>;
        async fn put_revision(&self, key: &SetKey, uid: &SetUid, revision: Revision) -> Result<()>;
        async fn delete_revision(&self, key: &SetKey, uid: &SetUid, name: &RevisionName) -> Result<()>;
        async fn objects(&self, namespace: &str) -> Result<Vec<ConfigObject>>;
        async fn put_object(&self, object: ConfigObject) -> Result<()>;
        async fn delete_object(&self, namespace: &str, kind: ConfigObjectKind, name: &str) -> Result<bool>;
        fn watch(&self) -> WatchStream;
    }
}
