//! [`RedbStore`]: the trait over the file, one blocking transaction per request.

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use redb::{ReadTransaction, WriteTransaction};
use tokio::task::spawn_blocking;

use super::failure::Failure;
use super::file::{Outcome, StoreFile};
use super::{graves, objects, revisions, sets};
use crate::backend::{Hints, WatchStream};
use crate::error::{Error, ErrorKind, Result};
use crate::names::{RevisionName, SetKey, SetUid, Version};
use crate::spec::{ConfigObject, ConfigObjectKind, PetSet};
use crate::status::PetSetStatus;
use crate::store::{Deletion, GoneSet, Revision, SetStore, StoredSet, change};
use crate::time::Timestamp;

/// A durable store in one file. Clones are handles to the same open file.
///
/// # Guarantees
/// * A write that returned is on disk; a crash loses nothing of it and leaves nothing half done.
/// * One process at a time: [`open`](Self::open) of a file that is open elsewhere is [`ErrorKind::Locked`].
/// * A record that cannot be read is [`ErrorKind::Corrupt`] for its set alone, which stays listed (S15).
/// * After a failure of the disk the file is opened again at the next request.
///
/// # Caveats
/// Needs a tokio runtime: each transaction runs on its blocking threads. Secrets lie in the file as they are; it is
/// made readable for its user only.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// # let directory = tempfile::tempdir().unwrap();
/// # let path = directory.path().join("sets.redb");
/// use petset_core::store::{RedbStore, SetStore};
///
/// let store = RedbStore::open(&path)?;
/// assert_eq!(store.list().await?, []);
/// # Ok::<(), petset_core::Error>(())
/// # }).unwrap();
/// ```
#[derive(Debug, Clone)]
pub struct RedbStore {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    file: StoreFile,
    hints: Hints,
}

impl RedbStore {
    /// Opens the file, or makes it in a directory that exists. Blocks for a moment, longer when the file needs repair
    /// after a crash.
    ///
    /// # Errors
    /// [`ErrorKind::Locked`] when something else has the file open, [`ErrorKind::Corrupt`] when it is no store or one
    /// of a later release, [`ErrorKind::Forbidden`] and [`ErrorKind::Exhausted`] when the disk says so.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        Ok(Self { inner: Arc::new(Inner { file: StoreFile::open(path.as_ref())?, hints: Hints::new() }) })
    }

    async fn blocking<T: Send + 'static>(
        &self,
        operation: &'static str,
        run: impl FnOnce(&Inner) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let inner = Arc::clone(&self.inner);
        spawn_blocking(move || run(&inner)).await.unwrap_or_else(|error| {
            Err(Error::new(ErrorKind::Internal, operation)
                .with_message("the request was given up before its end")
                .with_source(error))
        })
    }

    async fn read<T: Send + 'static>(
        &self,
        operation: &'static str,
        read: impl FnOnce(&ReadTransaction) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T> {
        self.blocking(operation, move |inner| inner.file.read(operation, read)).await
    }

    /// Hints go out from the blocking thread, right after the commit: also when the caller is gone by then.
    async fn write<T: Send + 'static>(
        &self,
        operation: &'static str,
        write: impl FnOnce(&WriteTransaction) -> Result<Outcome<T>, Failure> + Send + 'static,
        hint: impl FnOnce(&Hints, &T) + Send + 'static,
    ) -> Result<Outcome<T>> {
        self.blocking(operation, move |inner| {
            let outcome = inner.file.write(operation, write)?;
            if let Outcome::Changed(value) = &outcome {
                hint(&inner.hints, value);
            }
            Ok(outcome)
        })
        .await
    }

    async fn change(
        &self,
        key: &SetKey,
        operation: &'static str,
        change: impl FnOnce(&mut StoredSet) -> Result<bool> + Send + 'static,
    ) -> Result<StoredSet> {
        let (key, hinted) = (key.clone(), key.clone());
        let write = move |transaction: &WriteTransaction| sets::change(transaction, &key, operation, change);
        match self.write(operation, write, move |hints, _| hints.changed(&hinted)).await? {
            Outcome::Changed(stored) | Outcome::Unchanged(stored) => Ok(stored),
        }
    }
}

fn hint_all(hints: &Hints, keys: &Vec<SetKey>) {
    for key in keys {
        hints.changed(key);
    }
}

#[async_trait]
impl SetStore for RedbStore {
    async fn list(&self) -> Result<Vec<SetKey>> {
        self.read("list the sets", sets::list).await
    }

    async fn gone(&self) -> Result<Vec<GoneSet>> {
        self.read("list the sets that are no more", graves::all).await
    }

    async fn get(&self, key: &SetKey) -> Result<Option<StoredSet>> {
        let key = key.clone();
        self.read("read a set", move |transaction| sets::get(transaction, &key)).await
    }

    async fn create(&self, set: PetSet, now: Timestamp) -> Result<StoredSet> {
        let key = set.key();
        let write = move |transaction: &WriteTransaction| sets::create(transaction, set, now);
        match self.write("create a set", write, move |hints, _| hints.changed(&key)).await? {
            Outcome::Changed(stored) | Outcome::Unchanged(stored) => Ok(stored),
        }
    }

    async fn update(&self, key: &SetKey, version: &Version, set: PetSet) -> Result<StoredSet> {
        let version = version.clone();
        self.change(key, "update the declaration of a set", move |stored| change::update(stored, &version, set)).await
    }

    async fn mark_deleted(&self, key: &SetKey, version: &Version, deletion: Deletion) -> Result<StoredSet> {
        let version = version.clone();
        self.change(key, "mark a set as deleted", move |stored| change::mark_deleted(stored, &version, deletion)).await
    }

    async fn update_status(&self, key: &SetKey, version: &Version, status: PetSetStatus) -> Result<Version> {
        let version = version.clone();
        let stored = self
            .change(key, "update the status of a set", move |stored| change::update_status(stored, &version, status))
            .await?;
        Ok(stored.version)
    }

    async fn remove(&self, key: &SetKey, version: &Version) -> Result<()> {
        let (key, hinted, version) = (key.clone(), key.clone(), version.clone());
        let write = move |transaction: &WriteTransaction| sets::remove(transaction, &key, &version);
        self.write("remove a set", write, move |hints, ()| hints.changed(&hinted)).await?;
        Ok(())
    }

    async fn revisions(&self, key: &SetKey, uid: &SetUid) -> Result<Vec<Revision>> {
        let (key, uid) = (key.clone(), uid.clone());
        self.read("read the revisions of a set", move |transaction| revisions::of_life(transaction, &key, &uid)).await
    }

    async fn put_revision(&self, key: &SetKey, uid: &SetUid, revision: Revision) -> Result<()> {
        let (key, uid) = (key.clone(), uid.clone());
        let write = move |transaction: &WriteTransaction| revisions::put(transaction, &key, &uid, revision);
        self.write("put a revision", write, |_, ()| ()).await?;
        Ok(())
    }

    async fn delete_revision(&self, key: &SetKey, uid: &SetUid, name: &RevisionName) -> Result<()> {
        let (key, uid, name) = (key.clone(), uid.clone(), name.clone());
        let write = move |transaction: &WriteTransaction| revisions::delete(transaction, &key, &uid, &name);
        self.write("delete a revision", write, |_, ()| ()).await?;
        Ok(())
    }

    async fn objects(&self, namespace: &str) -> Result<Vec<ConfigObject>> {
        let namespace = namespace.to_owned();
        self.read("read the objects of a namespace", move |transaction| objects::of_namespace(transaction, &namespace))
            .await
    }

    async fn put_object(&self, object: ConfigObject) -> Result<()> {
        let write = move |transaction: &WriteTransaction| objects::put(transaction, &object);
        self.write("put an object", write, hint_all).await?;
        Ok(())
    }

    async fn delete_object(&self, namespace: &str, kind: ConfigObjectKind, name: &str) -> Result<bool> {
        let (namespace, name) = (namespace.to_owned(), name.to_owned());
        let write = move |transaction: &WriteTransaction| objects::delete(transaction, &namespace, kind, &name);
        Ok(matches!(self.write("delete an object", write, hint_all).await?, Outcome::Changed(_)))
    }

    fn watch(&self) -> WatchStream {
        self.inner.hints.watch()
    }
}
