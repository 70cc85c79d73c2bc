//! [`PodBackend`] for [`LocalPods`].

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use petset_core::backend::{
    Created, DeleteOptions, Deleted, Pod, PodBackend, PodCapabilities, PodChange, PodRef, PodRequest, WatchStream,
};
use petset_core::manifest::Violation;
use petset_core::spec::PodTemplate;
use petset_core::{Error, ErrorKind, PodUid, Result, SetKey, Timestamp};

use super::cell::{Cell, Weight, gone};
use super::check::check;
use super::clock;
use super::fault::{blocking, disk};
use super::local::LocalPods;
use super::lock::{Free, Gate};
use super::paths::is_safe;
use super::record::{Record, Termination, sync_dir};
use super::shared::Shared;
use super::supervise::supervise;
use super::sweep::sweep;

#[async_trait]
impl PodBackend for LocalPods {
    fn capabilities(&self) -> PodCapabilities {
        let own_view = self.shared.isolation.is_some();
        let mut capabilities = PodCapabilities::default();
        capabilities.hostname = own_view;
        capabilities.mounts = own_view;
        capabilities.cluster_dns = own_view;
        capabilities
    }

    fn check(&self, template: &PodTemplate) -> Vec<Violation> {
        check(template, &self.shared.options, self.shared.isolation.is_some())
    }

    async fn list(&self, set: &SetKey) -> Result<Vec<Pod>> {
        let cells = self.shared.known().of(set)?;
        Ok(cells.iter().map(|cell| cell.pod()).collect())
    }

    async fn create(&self, request: PodRequest) -> Result<Created<Pod>> {
        let pod = request.name();
        if let Some(cell) = self.shared.pod(&request.set, &pod)? {
            return Ok(Created::AlreadyThere(cell.pod()));
        }
        refuse(&request, &self.check(&request.template))?;
        let (shared, tasks) = (Arc::clone(&self.shared), Arc::downgrade(&self.tasks));
        // A task of its own: when the caller stops waiting, the pod is looked after all the same.
        let made = self.tasks.ask(async move {
            let put = blocking({
                let shared = Arc::clone(&shared);
                move || put_on_record(&shared, &request)
            });
            match put.await? {
                Created::AlreadyThere(cell) => Ok(Created::AlreadyThere(cell.pod())),
                Created::New(cell) => {
                    let pod = cell.pod();
                    cell.hint();
                    if let Some(tasks) = tasks.upgrade() {
                        tasks.spawn(supervise(shared, cell));
                    }
                    Ok(Created::New(pod))
                }
            }
        });
        made.await.unwrap_or_else(|_| {
            Err(Error::new(ErrorKind::Unavailable, "create a pod")
                .with_context("pod", pod)
                .with_message("the supervision ended meanwhile"))
        })
    }

    async fn delete(&self, pod: &PodRef, options: DeleteOptions) -> Result<Deleted> {
        let Some(cell) = self.shared.pod(&pod.set, &pod.name())?.filter(|cell| cell.uid == pod.uid) else {
            return Ok(Deleted::AlreadyGone);
        };
        let name = pod.name();
        let shared = Arc::clone(&self.shared);
        blocking(move || {
            // The directory stays ours until the write is done, whatever becomes of the caller.
            let _shared = shared;
            let mut newer = None;
            let changed = cell.change(Weight::Durable, |record| {
                let version = record.generation.to_string();
                if options.version.as_ref().is_some_and(|wanted| wanted.as_str() != version) {
                    newer = Some(version);
                } else if record.termination.is_none() {
                    let grace = options.grace_seconds.unwrap_or_else(|| record.request.template().spec.grace_seconds());
                    let deadline = clock::deadline(Duration::from_secs(grace.into()));
                    record.termination = Some(Termination { deadline, signalled: Vec::new() });
                }
            });
            match changed {
                Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Deleted::AlreadyGone),
                changed => changed?,
            }
            match newer {
                None => Ok(Deleted::Started),
                Some(version) => Err(changed_meanwhile("delete a pod", name, &version)),
            }
        })
        .await
    }

    async fn update(&self, pod: &PodRef, change: PodChange) -> Result<()> {
        let name = pod.name();
        let cell = self.shared.pod(&pod.set, &name)?.filter(|cell| cell.uid == pod.uid);
        let cell = cell.ok_or_else(|| gone("update a pod", &name, &pod.uid))?;
        let shared = Arc::clone(&self.shared);
        blocking(move || {
            let _shared = shared;
            let mut newer = None;
            cell.change(Weight::Durable, |record| {
                let PodChange { labels, annotations, owner, version } = change;
                let is = record.generation.to_string();
                if version.is_some_and(|wanted| wanted.as_str() != is) {
                    newer = Some(is);
                    return;
                }
                for (known, changes) in [(&mut record.labels, labels), (&mut record.annotations, annotations)] {
                    for (key, value) in changes {
                        match value {
                            Some(value) => known.insert(key, value),
                            None => known.remove(&key),
                        };
                    }
                }
                if let Some(owner) = owner {
                    record.owner = owner;
                }
            })?;
            newer.map_or(Ok(()), |version| Err(changed_meanwhile("update a pod", name, &version)))
        })
        .await
    }

    fn watch(&self) -> WatchStream {
        self.shared.hints.watch()
    }
}

fn changed_meanwhile(operation: &'static str, name: String, version: &str) -> Error {
    Error::new(ErrorKind::Conflict, operation)
        .with_context("pod", name)
        .with_message(format!("it changed meanwhile, its version is {version}"))
}

/// Refuses what can never be run, before any effect.
fn refuse(request: &PodRequest, violations: &[Violation]) -> Result<()> {
    let failed = |kind| Error::new(kind, "create a pod").with_context("pod", request.name());
    for (what, name) in [("namespace", &*request.set.namespace), ("name", &*request.set.name)] {
        if !is_safe(name) {
            return Err(failed(ErrorKind::Invalid).with_message(format!("`{name}` cannot be a {what}")));
        }
    }
    if violations.is_empty() {
        return Ok(());
    }
    let sentences: Vec<_> = violations.iter().map(ToString::to_string).collect();
    Err(failed(ErrorKind::Unsupported).with_message(sentences.join("; ")))
}

/// Puts a pod on record, if its name is free. Blocks.
fn put_on_record(shared: &Arc<Shared>, request: &PodRequest) -> Result<Created<Arc<Cell>>> {
    let uid = PodUid::random();
    let record = Record::new(request, uid, shared.boot.clone(), Timestamp::now());
    let cell = Arc::new(Cell::new(&shared.root, record, shared.hints.clone()));
    let paths = &cell.paths;
    let fault = |path: &Path, error| disk("put a pod on record", path, error);
    let pet = paths.pet();
    fs::create_dir_all(pet).map_err(|error| fault(pet, error))?;
    let gate_path = paths.gate();
    let _gate = Gate::take(&gate_path).map_err(|error| fault(&gate_path, error))?;
    // Looked at again under the gate: somebody else may have been faster.
    if let Some(cell) = shared.pod(&request.set, &request.name())? {
        return Ok(Created::AlreadyThere(cell));
    }
    let lock_path = paths.lock();
    if Free::prove(&lock_path).map_err(|error| fault(&lock_path, error))?.is_none() {
        return Err(Error::new(ErrorKind::Unavailable, "put a pod on record")
            .with_context("pod", request.name())
            .with_message("processes of an earlier incarnation still hold its lock"));
    }
    // Held before the pod is on record: from here on none of them can go.
    shared.hold_lives(request, &cell.uid)?;
    sweep(pet);
    let record_path = paths.record();
    let written = sync_dir(pet).and_then(|()| cell.record().write(&record_path, true));
    if let Err(error) = written {
        // It may have been renamed into place before the failure: what is not certain to be there must not be there.
        drop(fs::remove_file(&record_path));
        shared.release_claims(request, &cell.uid);
        return Err(fault(&record_path, error));
    }
    shared.hold_claims(&cell);
    let key = (Arc::clone(&request.set.namespace), request.name());
    shared.known().cells.insert(key, Arc::clone(&cell));
    Ok(Created::New(cell))
}
