//! [`MemoryStore`]: everything in this process, nothing on disk.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use super::change::{GRAVES, Grave};
use super::{Deletion, GoneSet, Revision, SetStore, StoredSet, change};
use crate::backend::{Hints, WatchStream};
use crate::error::Result;
use crate::names::{RevisionName, SetKey, SetUid, Version};
use crate::spec::{ConfigObject, ConfigObjectKind, PetSet};
use crate::status::PetSetStatus;
use crate::time::Timestamp;

/// A store in memory: for tests, and for sets that are declared anew at each start. It ends with the process.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// use petset_core::spec::PetSet;
/// use petset_core::store::{MemoryStore, SetStore};
/// use petset_core::{SetKey, Timestamp};
///
/// let store = MemoryStore::new();
/// let mut web = PetSet::default();
/// web.metadata.namespace = "default".into();
/// web.metadata.name = "web".into();
/// let stored = store.create(web, Timestamp::now()).await?;
/// assert_eq!(store.get(&SetKey::new("default", "web")).await?, Some(stored));
/// # Ok::<(), petset_core::Error>(())
/// # }).unwrap();
/// ```
#[derive(Debug, Default)]
pub struct MemoryStore {
    state: Mutex<State>,
    hints: Hints,
}

#[derive(Debug, Default)]
struct State {
    /// One counter for all sets: a version is never seen twice, not even in a later life of a set.
    last_version: u64,
    sets: BTreeMap<SetKey, Entry>,
    graves: BTreeMap<SetKey, Grave>,
    objects: BTreeMap<Arc<str>, BTreeMap<(ConfigObjectKind, String), ConfigObject>>,
}

/// Revisions lie beside the life that they belong to, and end with it.
#[derive(Debug)]
struct Entry {
    stored: Arc<StoredSet>,
    revisions: BTreeMap<RevisionName, Revision>,
}

impl State {
    fn next_version(&mut self) -> Version {
        self.last_version += 1;
        Version::new(self.last_version.to_string())
    }

    fn life(&self, key: &SetKey, uid: &SetUid) -> Option<&Entry> {
        self.sets.get(key).filter(|entry| entry.stored.uid == *uid)
    }
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    /// No code that may panic runs between two halves of a change, so that a poisoned lock guards a whole state.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(
        &self,
        key: &SetKey,
        operation: &'static str,
        change: impl FnOnce(&mut StoredSet) -> Result<bool>,
    ) -> Result<Arc<StoredSet>> {
        let mut state = self.state();
        let version = state.last_version + 1;
        let entry = state.sets.get_mut(key).ok_or_else(|| change::not_found(key, operation))?;
        let stored = Arc::make_mut(&mut entry.stored);
        if change(stored)? {
            stored.version = Version::new(version.to_string());
            let stored = Arc::clone(&entry.stored);
            state.last_version = version;
            self.hints.changed(key);
            return Ok(stored);
        }
        Ok(Arc::clone(&entry.stored))
    }

    fn hint_namespace(&self, state: &State, namespace: &str) {
        let first = SetKey::new(namespace, "");
        for key in state.sets.range((Bound::Included(&first), Bound::Unbounded)).map(|(key, _)| key) {
            if *key.namespace != *namespace {
                break;
            }
            self.hints.changed(key);
        }
    }
}

#[async_trait]
impl SetStore for MemoryStore {
    async fn list(&self) -> Result<Vec<SetKey>> {
        Ok(self.state().sets.keys().cloned().collect())
    }

    async fn gone(&self) -> Result<Vec<GoneSet>> {
        let state = self.state();
        Ok(state.graves.iter().map(|(set, grave)| grave.clone().tell(set.clone())).collect())
    }

    async fn get(&self, key: &SetKey) -> Result<Option<StoredSet>> {
        let stored = self.state().sets.get(key).map(|entry| Arc::clone(&entry.stored));
        // The deep copy happens here, where it holds no lock.
        Ok(stored.map(Arc::unwrap_or_clone))
    }

    async fn create(&self, set: PetSet, now: Timestamp) -> Result<StoredSet> {
        let key = set.key();
        let mut state = self.state();
        if state.sets.contains_key(&key) {
            return Err(change::already_exists(&key));
        }
        let former = state.graves.remove(&key).unwrap_or_default().lives;
        let stored = Arc::new(change::create(set, former, state.next_version(), now));
        let entry = Entry { stored: Arc::clone(&stored), revisions: BTreeMap::new() };
        state.sets.insert(key.clone(), entry);
        self.hints.changed(&key);
        drop(state);
        Ok(Arc::unwrap_or_clone(stored))
    }

    async fn update(&self, key: &SetKey, version: &Version, set: PetSet) -> Result<StoredSet> {
        self.change(key, "update the declaration of a set", |stored| change::update(stored, version, set))
            .map(Arc::unwrap_or_clone)
    }

    async fn mark_deleted(&self, key: &SetKey, version: &Version, deletion: Deletion) -> Result<StoredSet> {
        self.change(key, "mark a set as deleted", |stored| change::mark_deleted(stored, version, deletion))
            .map(Arc::unwrap_or_clone)
    }

    async fn update_status(&self, key: &SetKey, version: &Version, status: PetSetStatus) -> Result<Version> {
        self.change(key, "update the status of a set", |stored| change::update_status(stored, version, status))
            .map(|stored| stored.version.clone())
    }

    async fn remove(&self, key: &SetKey, version: &Version) -> Result<()> {
        let mut state = self.state();
        let entry = state.sets.get(key).ok_or_else(|| change::not_found(key, "remove a set"))?;
        change::check_removal(&entry.stored, version)?;
        let grave = Grave::of(&entry.stored, state.last_version);
        state.last_version += 1;
        state.sets.remove(key);
        state.graves.insert(key.clone(), grave);
        if state.graves.len() > GRAVES {
            let oldest = state.graves.iter().min_by_key(|(_, grave)| grave.number).map(|(key, _)| key.clone());
            oldest.and_then(|oldest| state.graves.remove(&oldest));
        }
        self.hints.changed(key);
        Ok(())
    }

    async fn revisions(&self, key: &SetKey, uid: &SetUid) -> Result<Vec<Revision>> {
        let mut revisions: Vec<Revision> =
            self.state().life(key, uid).map_or_else(Vec::new, |entry| entry.revisions.values().cloned().collect());
        revisions.sort_by_key(|revision| revision.number);
        Ok(revisions)
    }

    async fn put_revision(&self, key: &SetKey, uid: &SetUid, revision: Revision) -> Result<()> {
        let mut state = self.state();
        change::check_life(state.sets.get(key).map(|entry| &entry.stored.uid), key, uid)?;
        if let Some(entry) = state.sets.get_mut(key) {
            let name = revision.name.clone();
            let known = entry.revisions.remove(&name);
            entry.revisions.insert(name, change::put_revision(known, revision));
        }
        Ok(())
    }

    async fn delete_revision(&self, key: &SetKey, uid: &SetUid, name: &RevisionName) -> Result<()> {
        if let Some(entry) = self.state().sets.get_mut(key).filter(|entry| entry.stored.uid == *uid) {
            entry.revisions.remove(name);
        }
        Ok(())
    }

    async fn objects(&self, namespace: &str) -> Result<Vec<ConfigObject>> {
        Ok(self.state().objects.get(namespace).map_or_else(Vec::new, |objects| objects.values().cloned().collect()))
    }

    async fn put_object(&self, object: ConfigObject) -> Result<()> {
        let namespace = object.metadata().namespace.clone();
        let id = (object.kind(), object.metadata().name.clone());
        let mut state = self.state();
        let objects = state.objects.entry(namespace.as_str().into()).or_default();
        if objects.get(&id) != Some(&object) {
            objects.insert(id, object);
            self.hint_namespace(&state, &namespace);
        }
        Ok(())
    }

    async fn delete_object(&self, namespace: &str, kind: ConfigObjectKind, name: &str) -> Result<bool> {
        let mut state = self.state();
        let Some(objects) = state.objects.get_mut(namespace) else { return Ok(false) };
        let removed = objects.remove(&(kind, name.to_owned())).is_some();
        if objects.is_empty() {
            state.objects.remove(namespace);
        }
        if removed {
            self.hint_namespace(&state, namespace);
        }
        Ok(removed)
    }

    fn watch(&self) -> WatchStream {
        self.hints.watch()
    }
}
