//! Reading a directory of pods: at the start of a controller, and for onlookers.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use petset_core::Result;
use petset_core::backend::{ContainerState, Hints, Pod};

use super::cell::Cell;
use super::fault::disk;
use super::lock::{Free, Gate};
use super::paths::{gate, lock, pets, record};
use super::process::Process;
use super::record::Record;
use super::shared::{Known, PodKey};
use super::status::pod_of;
use super::sweep::sweep;

/// Every pod on record below `root`. What cannot be read is in [`Known::broken`].
pub(super) fn adopt(root: &Path, boot: &str, hints: &Hints) -> Result<Known> {
    let mut known = Known::default();
    for (key, dir) in entries(root)? {
        match read(&key, &dir) {
            Ok(Some(mut record)) => {
                settle(&mut record, boot);
                forget_readiness(&mut record);
                known.cells.insert(key, Arc::new(Cell::new(root, record, hints.clone())));
            }
            Ok(None) => match clean(&dir) {
                Ok(true) => {}
                Ok(false) => {
                    known.broken.insert(key, "processes of a pod run that has no record".to_owned());
                }
                Err(error) => {
                    known.broken.insert(key, format!("{}: {error}", dir.display()));
                }
            },
            Err(error) => {
                known.broken.insert(key, format!("{}: {error}", record_path(&dir).display()));
            }
        }
    }
    Ok(known)
}

/// Every pod on record below `root`, without locks: for onlookers while a controller may be at work.
pub(super) fn inspect(root: &Path) -> Result<Vec<Pod>> {
    let mut pods = Vec::new();
    for (key, dir) in entries(root)? {
        match read(&key, &dir) {
            Ok(found) => pods.extend(found.as_ref().map(pod_of)),
            Err(error) => return Err(disk("read the record of a pod", &record_path(&dir), error)),
        }
    }
    Ok(pods)
}

fn record_path(dir: &Path) -> PathBuf {
    record(dir)
}

/// The directories of pets, by namespace and pod.
fn entries(root: &Path) -> Result<Vec<(PodKey, PathBuf)>> {
    let mut found = Vec::new();
    for (namespace, dir) in children(&pets(root))? {
        for (pod, dir) in children(&dir)? {
            found.push(((Arc::from(namespace.as_str()), pod), dir));
        }
    }
    found.sort();
    Ok(found)
}

fn children(dir: &Path) -> Result<Vec<(String, PathBuf)>> {
    let fault = |error| disk("read the directory of pods", dir, error);
    let entries = match fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(fault(error)),
    };
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry.map_err(fault)?;
        if entry.file_type().map_err(fault)?.is_dir()
            && let Ok(name) = entry.file_name().into_string()
        {
            found.push((name, entry.path()));
        }
    }
    Ok(found)
}

fn read(key: &PodKey, dir: &Path) -> io::Result<Option<Record>> {
    let Some(record) = Record::read(&record_path(dir))? else { return Ok(None) };
    let set = record.request.set();
    if (&set.namespace, &set.pod_name(record.request.ordinal())) == (&key.0, &key.1) {
        Ok(Some(record))
    } else {
        Err(io::Error::new(io::ErrorKind::InvalidData, "the record is of another pod than its directory"))
    }
}

/// After the machine's restart nothing runs any more, and what was counted in milliseconds since boot means nothing.
fn settle(record: &mut Record, boot: &str) {
    if record.boot == boot {
        return;
    }
    boot.clone_into(&mut record.boot);
    record.ready_since = None;
    // Some of the last changes may not have reached the disk; no version may be given twice.
    record.generation += 1_000_000;
    for container in &mut record.containers {
        container.finished = false;
        container.ready = false;
        container.not_before = 0;
        container.process = None;
        if container.started {
            container.restarts = container.restarts.saturating_add(1);
        }
        container.state = ContainerState::Waiting {
            reason: "ContainerCreating".to_owned(),
            message: "the machine was restarted".to_owned(),
        };
    }
    if let Some(termination) = &mut record.termination {
        termination.deadline = 0;
    }
}

/// A container whose process is not found running is not ready, whatever was so before this controller looked.
fn forget_readiness(record: &mut Record) {
    let mut changed = false;
    for container in record.containers.iter_mut().filter(|container| container.ready) {
        // When the kernel cannot say, readiness is not known either.
        let found = container.process.and_then(|id| Process::find(id).ok().flatten());
        if !found.is_some_and(|process| process.is_running()) {
            container.ready = false;
            changed = true;
        }
    }
    if changed {
        record.ready_since = None;
        record.generation += 1;
    }
}

/// Removes what ended incarnations left in a pet's directory; `false` when a process still holds the pet's lock.
fn clean(dir: &Path) -> io::Result<bool> {
    let _gate = Gate::take(&gate(dir))?;
    let Some(_proof) = Free::prove(&lock(dir))? else { return Ok(false) };
    sweep(dir);
    Ok(true)
}
