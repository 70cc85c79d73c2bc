//! [`Hands`]: what only the author of a backend can do to it.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use petset_core::backend::{Claim, Pod, RecordSet};
use petset_core::{Error, ErrorKind, Result, SetKey, Timestamp};

use super::subject::Subject;

/// What only the author of a backend can do to it. Cases whose hand is `Unsupported`, as all are unless written, are
/// skipped with its message.
#[async_trait]
pub trait Hands: Debug + Send + Sync + 'static {
    /// Removes the volume behind a bound claim, as a broken disk would.
    async fn vanish_volume(&self, claim: &Claim) -> Result<()> {
        Err(cannot("vanish a volume", &claim.name))
    }

    /// Makes a pre-made volume that the pending claim fits; it asked for
    /// [`Workload::unmatched`](super::Workload::unmatched).
    async fn supply_volume(&self, claim: &Claim) -> Result<()> {
        Err(cannot("make a volume beforehand", &claim.name))
    }

    /// Makes the pods of a set unreadable until [`mend`](Self::mend).
    async fn damage_pods(&self, set: &SetKey) -> Result<()> {
        Err(cannot("damage the records of pods", &set.name))
    }

    /// Makes the claims of a set unreadable until [`mend`](Self::mend).
    async fn damage_claims(&self, set: &SetKey) -> Result<()> {
        Err(cannot("damage the records of claims", &set.name))
    }

    /// Whether a damage, and its end, are seen by a later instance only, as with records that are read when one opens. Such
    /// hands [`reopen`](Self::reopen).
    fn damages_at_rest(&self) -> bool {
        false
    }

    /// Undoes every damage.
    async fn mend(&self) -> Result<()> {
        Ok(())
    }

    /// Makes the runtime see pods of exactly these names and addresses behind these services, instead of those of an
    /// earlier call for the set; for subjects whose names follow the pods (`NameCapabilities::follows_pods`).
    async fn name_pets(&self, set: &SetKey, _records: &RecordSet) -> Result<()> {
        Err(cannot("make pods with given addresses", &set.name))
    }

    /// Whether anything of this incarnation runs, seen past the backend: a process, a container, a task.
    async fn runs(&self, pod: &Pod) -> Result<bool> {
        Err(cannot("look for what runs of a pod", &pod.name()))
    }

    /// Which claims a pod mounts: template name → claim name.
    async fn mounts(&self, pod: &Pod) -> Result<BTreeMap<String, String>> {
        Err(cannot("look at the mounts of a pod", &pod.name()))
    }

    /// Whether [`reopen`](Self::reopen) is written.
    fn reopens(&self) -> bool {
        false
    }

    /// Opens a later instance over the state that this one left, as the next process would. The case has let go of this
    /// one's parts before, and works with what is returned from here on.
    async fn reopen(self: Arc<Self>) -> Result<Subject> {
        Err(cannot("open a later instance", "the subject"))
    }

    /// Lets time pass.
    async fn pass(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }

    /// The time that [`pass`](Self::pass) moves.
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    /// Removes what is left of the subject, after every case.
    async fn clean_up(&self) -> Result<()> {
        Ok(())
    }
}

fn cannot(operation: &'static str, name: &str) -> Error {
    Error::new(ErrorKind::Unsupported, operation)
        .with_context("name", name)
        .with_message("the subject has no hand for it")
}

/// Nobody's.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct NoHands;

#[async_trait]
impl Hands for NoHands {}
