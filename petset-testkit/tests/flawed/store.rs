//! Stores that are wrong in one way.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use futures::StreamExt;
use petset_core::backend::WatchStream;
use petset_core::spec::{ConfigObject, ConfigObjectKind, PetSet};
use petset_core::status::PetSetStatus;
use petset_core::store::{Cascade, Deletion, GoneSet, Revision, SetStore, StoredSet};
use petset_core::{Error, ErrorKind, Result, RevisionName, SetKey, SetUid, Timestamp, Version};
use petset_testkit::{FakeStore, FakeWorld};

use super::flaw::Flaw;

/// The store of a fake, but for one flaw.
#[derive(Debug)]
pub(crate) struct FlawedStore {
    flaw: Flaw,
    inner: FakeStore,
    /// Whether it is a later instance over the same world.
    later: bool,
    /// What was read last.
    read: Mutex<BTreeMap<SetKey, Option<StoredSet>>>,
    /// Every revision that was ever put, by set.
    put: Mutex<BTreeMap<SetKey, Vec<Revision>>>,
}

impl FlawedStore {
    pub(crate) fn new(flaw: Flaw, world: &FakeWorld, later: bool) -> Self {
        Self { flaw, inner: world.store(), later, read: Mutex::default(), put: Mutex::default() }
    }

    /// The version to write on: the one that is named, or, where `forgiving`, the newest.
    async fn version(&self, key: &SetKey, version: &Version, forgiving: Flaw) -> Result<Version> {
        let newest = if self.flaw == forgiving { self.inner.get(key).await? } else { None };
        Ok(newest.map_or_else(|| version.clone(), |stored| stored.version))
    }

    fn answered<T>(&self, answer: Result<T>) -> Result<T> {
        let conflict = |error: Error| {
            if self.flaw == Flaw::UnknownIsAConflict && error.is_not_found() {
                return Error::new(ErrorKind::Conflict, "write a set").with_source(error);
            }
            error
        };
        answer.map_err(conflict)
    }

    fn named(&self, mut stored: StoredSet) -> StoredSet {
        if self.flaw == Flaw::UidsAreNames {
            stored.uid = SetUid::new(stored.key().to_string());
        }
        stored
    }
}

#[async_trait]
impl SetStore for FlawedStore {
    async fn list(&self) -> Result<Vec<SetKey>> {
        let mut keys = self.inner.list().await?;
        if self.flaw == Flaw::ListsBackwards {
            keys.reverse();
        }
        Ok(keys)
    }

    async fn gone(&self) -> Result<Vec<GoneSet>> {
        match self.flaw {
            Flaw::ForgetsLives => Ok(Vec::new()),
            _ => self.inner.gone().await,
        }
    }

    async fn get(&self, key: &SetKey) -> Result<Option<StoredSet>> {
        let stored = self.inner.get(key).await?.map(|stored| self.named(stored));
        Ok(match self.flaw {
            Flaw::ReadsLate => {
                let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
                read.insert(key.clone(), stored).flatten()
            }
            Flaw::ForgetsSets if self.later => None,
            _ => stored,
        })
    }

    async fn create(&self, set: PetSet, now: Timestamp) -> Result<StoredSet> {
        let key = set.key();
        match (self.flaw, self.inner.create(set, now).await) {
            (Flaw::CreatesTaken, Err(error)) if error.is_already_exists() => self.inner.get(&key).await?.ok_or(error),
            (_, answer) => answer.map(|stored| self.named(stored)),
        }
    }

    async fn update(&self, key: &SetKey, version: &Version, set: PetSet) -> Result<StoredSet> {
        let mut version = self.version(key, version, Flaw::UpdatesAnyVersionOfASet).await?;
        if self.flaw == Flaw::UpdateClearsStatus {
            version = self.inner.update_status(key, &version, PetSetStatus::default()).await?;
        }
        let mut stored = self.answered(self.inner.update(key, &version, set).await)?;
        if self.flaw == Flaw::CountsEveryUpdate {
            stored.generation += 1;
        }
        Ok(stored)
    }

    async fn mark_deleted(&self, key: &SetKey, version: &Version, deletion: Deletion) -> Result<StoredSet> {
        let mut stored = self.answered(self.inner.mark_deleted(key, version, deletion).await)?;
        if self.flaw == Flaw::MarksAnew {
            stored.deletion = Some(deletion);
        }
        Ok(stored)
    }

    async fn update_status(&self, key: &SetKey, version: &Version, status: PetSetStatus) -> Result<Version> {
        let mut version = self.version(key, version, Flaw::StatusOfAnyVersion).await?;
        if self.flaw == Flaw::WritesWhatIsThere {
            let other = PetSetStatus { replicas: status.replicas + 1, ..status.clone() };
            version = self.inner.update_status(key, &version, other).await?;
        }
        self.answered(self.inner.update_status(key, &version, status).await)
    }

    async fn remove(&self, key: &SetKey, version: &Version) -> Result<()> {
        let mut version = self.version(key, version, Flaw::RemovesAnyVersion).await?;
        if self.flaw == Flaw::RemovesUnmarked {
            let deletion = Deletion { cascade: Cascade::Ordered, requested_at: Timestamp::default() };
            version = self.inner.mark_deleted(key, &version, deletion).await?.version;
        }
        self.answered(self.inner.remove(key, &version).await)
    }

    async fn revisions(&self, key: &SetKey, uid: &SetUid) -> Result<Vec<Revision>> {
        let stored = self.inner.get(key).await?;
        match (self.flaw, stored) {
            (Flaw::KeepsRevisions, None) => {
                let put = self.put.lock().unwrap_or_else(PoisonError::into_inner);
                Ok(put.get(key).cloned().unwrap_or_default())
            }
            (Flaw::ShowsRevisionsOfAnyLife, Some(stored)) => self.inner.revisions(key, &stored.uid).await,
            _ => self.inner.revisions(key, uid).await,
        }
    }

    async fn put_revision(&self, key: &SetKey, uid: &SetUid, revision: Revision) -> Result<()> {
        let known = self.inner.revisions(key, uid).await?.iter().any(|known| known.name == revision.name);
        if self.flaw == Flaw::KeepsNumbers && known {
            return Ok(());
        }
        self.put.lock().unwrap_or_else(PoisonError::into_inner).entry(key.clone()).or_default().push(revision.clone());
        self.answered(self.inner.put_revision(key, uid, revision).await)
    }

    async fn delete_revision(&self, key: &SetKey, uid: &SetUid, name: &RevisionName) -> Result<()> {
        let known = self.inner.revisions(key, uid).await?.iter().any(|known| known.name == *name);
        if self.flaw == Flaw::DeletesKnownRevisionsOnly && !known {
            return Err(Error::new(ErrorKind::NotFound, "delete a revision").with_context("revision", name));
        }
        self.inner.delete_revision(key, uid, name).await
    }

    async fn objects(&self, namespace: &str) -> Result<Vec<ConfigObject>> {
        let mut objects = self.inner.objects(namespace).await?;
        if self.flaw == Flaw::MixesNamespaces {
            for other in ["default", "other"].into_iter().filter(|other| *other != namespace) {
                objects.extend(self.inner.objects(other).await?);
            }
        }
        Ok(objects)
    }

    async fn put_object(&self, object: ConfigObject) -> Result<()> {
        let of = |object: &ConfigObject| (object.kind(), object.metadata().name.clone());
        let there =
            self.inner.objects(&object.metadata().namespace).await?.iter().any(|found| of(found) == of(&object));
        if self.flaw == Flaw::KeepsNamesakes && there {
            return Ok(());
        }
        self.inner.put_object(object).await
    }

    async fn delete_object(&self, namespace: &str, kind: ConfigObjectKind, name: &str) -> Result<bool> {
        let was_there = self.inner.delete_object(namespace, kind, name).await?;
        Ok(was_there || self.flaw == Flaw::SaysItWasThere)
    }

    fn watch(&self) -> WatchStream {
        match self.flaw {
            Flaw::TellsNothingOfSets => futures::stream::pending().boxed(),
            _ => self.inner.watch(),
        }
    }
}
