//! [`Sets`]: the handle to the sets of a running controller.

mod apply;
mod change;
mod pets;
mod wait;

use std::sync::{Arc, Mutex, PoisonError};

use tokio::task::JoinHandle;

pub use apply::{Applied, ApplyOutcome};

use super::run::Shared;
use super::snapshot::SetSnapshot;
use crate::engine::{Backends, EventStream, Explanation};
use crate::error::{Error, ErrorKind, Result};
use crate::names::SetKey;
use crate::store::{Revision, StoredSet};

/// The handle to the sets of a running controller. Clones are handles to the same one.
///
/// Keys are written as `"namespace/name"`, as `"name"` for namespace `default`, or given as a [`SetKey`].
///
/// Every method that changes something writes a declaration and returns; the controller brings it about.
/// [`wait`](Self::wait) for it, or ask [`explain`](Self::explain) why it does not happen.
#[derive(Debug, Clone)]
pub struct Sets {
    shared: Arc<Shared>,
    tasks: Arc<Mutex<Vec<JoinHandle<()>>>>,
}

/// What names a set: `"namespace/name"`, `"name"`, a [`SetKey`] or a reference to one.
pub trait IntoKey: sealed::Sealed {
    /// The key.
    fn into_key(self) -> Result<SetKey>;
}

mod sealed {
    #[expect(unnameable_types, reason = "nobody else is to implement it")]
    pub trait Sealed {}
    impl Sealed for &str {}
    impl Sealed for &String {}
    impl Sealed for crate::SetKey {}
    impl Sealed for &crate::SetKey {}
}

impl IntoKey for &str {
    fn into_key(self) -> Result<SetKey> {
        self.parse()
    }
}

impl IntoKey for &String {
    fn into_key(self) -> Result<SetKey> {
        self.parse()
    }
}

impl IntoKey for SetKey {
    fn into_key(self) -> Result<SetKey> {
        Ok(self)
    }
}

impl IntoKey for &SetKey {
    fn into_key(self) -> Result<SetKey> {
        Ok(self.clone())
    }
}

impl Sets {
    pub(super) fn new(shared: Arc<Shared>, tasks: Vec<JoinHandle<()>>) -> Self {
        Self { shared, tasks: Arc::new(Mutex::new(tasks)) }
    }

    fn backends(&self) -> &Backends {
        self.shared.engine.backends()
    }

    /// One set as stored, or `None`.
    pub async fn get(&self, key: impl IntoKey) -> Result<Option<StoredSet>> {
        self.backends().store.get(&key.into_key()?).await
    }

    /// One set as stored; not-found is an error that names it.
    async fn require(&self, key: &SetKey) -> Result<StoredSet> {
        self.backends().store.get(key).await?.ok_or_else(|| {
            Error::new(ErrorKind::NotFound, "find a set")
                .with_context("set", key)
                .with_message("there is none of this name")
        })
    }

    /// Every set as stored, by key.
    pub async fn list(&self) -> Result<Vec<StoredSet>> {
        let mut sets = Vec::new();
        for key in self.backends().store.list().await? {
            sets.extend(self.backends().store.get(&key).await?);
        }
        Ok(sets)
    }

    /// A set with its pods and claims as they are now.
    pub async fn snapshot(&self, key: impl IntoKey) -> Result<SetSnapshot> {
        let key = key.into_key()?;
        let stored = self.require(&key).await?;
        let (mut pods, mut claims) =
            futures::try_join!(self.backends().pods.list(&key), self.backends().volumes.list(&key))?;
        pods.sort_by_key(|pod| pod.ordinal);
        claims.sort_by(|left, right| (left.ordinal, &left.template).cmp(&(right.ordinal, &right.template)));
        Ok(SetSnapshot { stored, pods, claims })
    }

    /// The revisions of a set, the newest last.
    pub async fn history(&self, key: impl IntoKey) -> Result<Vec<Revision>> {
        let key = key.into_key()?;
        let stored = self.require(&key).await?;
        self.backends().store.revisions(&key, &stored.uid).await
    }

    /// What the set does now, what it waits for, and why.
    pub async fn explain(&self, key: impl IntoKey) -> Result<Explanation> {
        self.shared.engine.explain(&key.into_key()?).await
    }

    /// The last few hundred events of all sets, then those that come.
    pub fn events(&self) -> EventStream {
        self.shared.engine.events()
    }

    /// Stops gracefully: each worker ends after the request that it is in. Pets keep running; a later controller adopts
    /// them.
    pub async fn shutdown(&self) {
        self.shared.engine.stop();
        self.shared.queue.close();
        let tasks = std::mem::take(&mut *self.tasks.lock().unwrap_or_else(PoisonError::into_inner));
        // Watchers and the resync wait for something that may never come; only workers are in the middle of anything.
        let (workers, others) = split(tasks, self.shared.workers());
        for task in others {
            task.abort();
        }
        for worker in workers {
            // A worker that panicked has said so, and has stopped.
            let _ = worker.await;
        }
    }

    /// Stops at once. Requests that are under way may be done, not done, or be done late, as after a crash.
    pub fn abort(&self) {
        self.shared.engine.stop();
        self.shared.queue.close();
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner).drain(..).for_each(|task| task.abort());
    }
}

fn split(mut tasks: Vec<JoinHandle<()>>, workers: usize) -> (Vec<JoinHandle<()>>, Vec<JoinHandle<()>>) {
    let others = tasks.split_off(workers.min(tasks.len()));
    (tasks, others)
}
