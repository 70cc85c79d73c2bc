//! Sets, revisions and objects to store.

use petset_core::manifest::Manifest;
use petset_core::spec::{ConfigMap, ConfigObject, ConfigObjectKind, Container, PetSet, PodTemplate};
use petset_core::status::PetSetStatus;
use petset_core::store::{Cascade, Deletion, Revision, StoredSet};
use petset_core::{Result, RevisionName, SetKey, Timestamp};

use crate::conformance::bench::{Bench, Outcome, Stop};

pub(super) const NOW: Timestamp = Timestamp::from_micros(1_700_000_000_000_000);

/// A complete and valid declaration.
pub(super) fn declared(key: &SetKey, replicas: i32) -> PetSet {
    let mut set = PetSet::default();
    set.metadata.namespace = key.namespace.to_string();
    set.metadata.name = key.name.to_string();
    set.spec.replicas = Some(replicas);
    set.spec.template.metadata.labels.insert("app".to_owned(), key.name.to_string());
    let container = Container { name: "main".to_owned(), image: Some("example".to_owned()), ..Container::default() };
    set.spec.template.spec.containers.push(container);
    let manifest = Manifest::try_from(set).expect("the declaration is valid");
    manifest.sets.into_iter().next().expect("a manifest of one set has one")
}

pub(super) fn status(replicas: u32) -> PetSetStatus {
    PetSetStatus { replicas, ..PetSetStatus::default() }
}

pub(super) fn deletion(cascade: Cascade, seconds: i64) -> Deletion {
    Deletion { cascade, requested_at: Timestamp::from_micros(seconds * 1_000_000) }
}

/// `<set>-<hash>`, as core names them: two sets of a namespace never have the same.
pub(super) fn revision_name(key: &SetKey, hash: &str) -> RevisionName {
    RevisionName::new(format!("{}-{hash}", key.name))
}

pub(super) fn revision(key: &SetKey, hash: &str, number: u64) -> Revision {
    let mut template = PodTemplate::default();
    template.metadata.labels.insert("revision".to_owned(), hash.to_owned());
    Revision { name: revision_name(key, hash), number, created_at: NOW, template }
}

pub(super) fn map(namespace: &str, name: &str, value: &str) -> ConfigObject {
    let mut map = ConfigMap::default();
    namespace.clone_into(&mut map.metadata.namespace);
    name.clone_into(&mut map.metadata.name);
    map.data.insert("key".to_owned(), value.to_owned());
    ConfigObject::ConfigMap(map)
}

/// The error of an answer that must be one.
pub(super) fn refused<T: std::fmt::Debug>(answer: Result<T>) -> Outcome<petset_core::Error> {
    match answer {
        Err(error) => Ok(error),
        Ok(value) => Err(Stop::Failed(format!("it is no error but {value:?}"))),
    }
}

impl Bench {
    /// A new set of three pets.
    pub(super) async fn stored(&self, key: &SetKey) -> Outcome<StoredSet> {
        Ok(self.store().create(declared(key, 3), NOW).await?)
    }

    pub(super) async fn current(&self, key: &SetKey) -> Outcome<StoredSet> {
        self.store().get(key).await?.ok_or_else(|| Stop::Failed(format!("{key} is not there")))
    }

    /// The config maps of this case, by name.
    pub(super) async fn maps(&self, namespace: &str) -> Outcome<Vec<ConfigObject>> {
        let is_mine = |object: &ConfigObject| object.metadata().name.ends_with(&self.tag);
        Ok(self.store().objects(namespace).await?.into_iter().filter(is_mine).collect())
    }

    pub(super) async fn remove_map(&self, namespace: &str, name: &str) -> Outcome<bool> {
        Ok(self.store().delete_object(namespace, ConfigObjectKind::ConfigMap, name).await?)
    }
}
