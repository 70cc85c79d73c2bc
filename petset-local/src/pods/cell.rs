//! One pod of this process: its record in memory, which mirrors the one on disk, and who is told of changes.

use std::fs;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use petset_core::backend::{Hints, Pod};
use petset_core::{Error, PodUid, Result, SetKey, Timestamp};
use tokio::sync::watch;

use super::fault::disk;
use super::paths::Paths;
use super::record::{ContainerRecord, Record, sync_dir};
use super::status;

/// Whether a change has to survive the machine's end before it counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Weight {
    /// It must be on disk, or it did not happen.
    Durable,
    /// What was seen; when the disk fails it is still true.
    Seen,
}

/// One pod of this process.
#[derive(Debug)]
pub(super) struct Cell {
    pub(super) paths: Paths,
    pub(super) uid: PodUid,
    pub(super) set: SetKey,
    record: Mutex<Record>,
    /// It is off the record for ever. Changed and relied on only while `record` is locked.
    gone: AtomicBool,
    hints: Hints,
    generations: watch::Sender<u64>,
}

impl Cell {
    pub(super) fn new(root: &Path, record: Record, hints: Hints) -> Self {
        let set = record.request.set().clone();
        let pod = set.pod_name(record.request.ordinal());
        Self {
            paths: Paths::new(root, &set, &pod, &record.uid),
            uid: record.uid.clone(),
            set,
            generations: watch::Sender::new(record.generation),
            record: Mutex::new(record),
            gone: AtomicBool::new(false),
            hints,
        }
    }

    /// The record as it is now. Never held across a wait.
    pub(super) fn record(&self) -> MutexGuard<'_, Record> {
        self.record.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One of its containers as it is now.
    pub(super) fn container(&self, index: usize) -> ContainerRecord {
        self.record().containers[index].clone()
    }

    /// What others see.
    pub(super) fn pod(&self) -> Pod {
        status::pod_of(&self.record())
    }

    /// Changes the record on disk and in memory, and tells. A change that changes nothing writes nothing.
    ///
    /// Once the pod is off the record, its file's name is its successor's: then this is `NotFound` and writes nothing.
    pub(super) fn change(&self, weight: Weight, edit: impl FnOnce(&mut Record)) -> Result<()> {
        let mut record = self.record();
        if self.is_gone() {
            return Err(gone("change a pod", &self.set.pod_name(record.request.ordinal()), &self.uid));
        }
        let mut next = record.clone();
        edit(&mut next);
        let ready = status::is_ready(&next);
        if ready != next.ready_since.is_some() {
            next.ready_since = ready.then(Timestamp::now);
        }
        if next == *record {
            return Ok(());
        }
        next.generation += 1;
        let path = self.paths.record();
        if let Err(error) = next.write(&path, weight == Weight::Durable) {
            let error = disk("write the record of a pod", &path, error);
            match weight {
                Weight::Durable => return Err(error),
                Weight::Seen => tracing::warn!(error = %error.chain(), "the record on disk is behind"),
            }
        }
        let generation = next.generation;
        *record = next;
        drop(record);
        self.generations.send_replace(generation);
        self.hint();
        Ok(())
    }

    /// As [`Cell::change`] for what was seen, which cannot fail.
    pub(super) fn note(&self, edit: impl FnOnce(&mut Record)) {
        if let Err(error) = self.change(Weight::Seen, edit) {
            tracing::debug!(error = %error.chain(), "what was seen of a pod is not noted");
        }
    }

    /// Takes the record off the disk, for ever: no change is written after this one.
    pub(super) fn bury(&self) -> io::Result<()> {
        let record = self.record();
        let path = self.paths.record();
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => sync_dir(&path)?,
        }
        self.gone.store(true, Ordering::Release);
        drop(record);
        Ok(())
    }

    /// Whether the pod is off the record.
    pub(super) fn is_gone(&self) -> bool {
        self.gone.load(Ordering::Acquire)
    }

    /// Tells watchers that something changed.
    pub(super) fn hint(&self) {
        self.hints.changed(&self.set);
    }

    /// Waits until `what` holds of the record.
    pub(super) async fn until(&self, what: impl Fn(&Record) -> bool + Send) {
        let mut generations = self.generations.subscribe();
        while !what(&self.record()) {
            if generations.changed().await.is_err() {
                return;
            }
        }
    }

    /// Waits until the end was asked for.
    pub(super) async fn until_terminating(&self) {
        self.until(|record| record.termination.is_some()).await;
    }
}

/// The error for a request that names an incarnation that is not there.
pub(super) fn gone(operation: &'static str, pod: &str, uid: &PodUid) -> Error {
    Error::new(petset_core::ErrorKind::NotFound, operation)
        .with_context("pod", pod)
        .with_context("uid", uid)
        .with_message("this incarnation is not there any more")
}
