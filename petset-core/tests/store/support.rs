//! Sets and revisions to store.

use petset_core::spec::{PetSet, PodTemplate};
use petset_core::store::{Revision, SetStore, StoredSet};
use petset_core::{RevisionName, SetKey, Timestamp};

const NOW: Timestamp = Timestamp::from_micros(1_700_000_000_000_000);

pub(crate) fn set(key: &str) -> PetSet {
    let key: SetKey = key.parse().unwrap();
    let mut set = PetSet::default();
    set.metadata.namespace = key.namespace.to_string();
    set.metadata.name = key.name.to_string();
    set.spec.replicas = Some(3);
    set
}

pub(crate) async fn created(store: &dyn SetStore, key: &str) -> StoredSet {
    store.create(set(key), NOW).await.unwrap()
}

pub(crate) async fn current(store: &dyn SetStore, key: &SetKey) -> StoredSet {
    store.get(key).await.unwrap().unwrap()
}

pub(crate) fn revision(name: &str, number: u64) -> Revision {
    let mut template = PodTemplate::default();
    template.metadata.labels.insert("revision".into(), name.into());
    Revision { name: RevisionName::from(name), number, created_at: NOW, template }
}
