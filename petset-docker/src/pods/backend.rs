//! [`PodBackend`] for [`DockerPods`].

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use bollard::models::ContainerSummary;
use petset_core::backend::{
    Created, DeleteOptions, Deleted, Pod, PodBackend, PodCapabilities, PodChange, PodPhase, PodRef, PodRequest,
    PodStatus, WatchStream,
};
use petset_core::manifest::Violation;
use petset_core::spec::PodTemplate;
use petset_core::{Error, ErrorKind, PodUid, Result, RevisionName, SetKey, SetUid, Timestamp, Version};

use super::cell::{Cell, gone};
use super::check::{Ground, check};
use super::create::create;
use super::inspect;
use super::open::DockerPods;
use super::shared::Shared;
use super::supervise::supervise;
use crate::labels::{self, Role};

#[async_trait]
impl PodBackend for DockerPods {
    fn capabilities(&self) -> PodCapabilities {
        let mut capabilities = PodCapabilities::default();
        capabilities.hostname = true;
        capabilities.mounts = true;
        capabilities.cluster_dns = true;
        capabilities.images = true;
        capabilities
    }

    fn check(&self, template: &PodTemplate) -> Vec<Violation> {
        let Shared { client, names, options, .. } = &*self.shared;
        check(template, Ground { options, host: &client.engine().host, far: names.is_far() })
    }

    async fn list(&self, set: &SetKey) -> Result<Vec<Pod>> {
        sandboxes(&self.shared, set).await
    }

    async fn create(&self, request: PodRequest) -> Result<Created<Pod>> {
        self.shared.unreadable.refuse(&request.set, "create a pod")?;
        if let Some(pod) = self.known(&request.set, |cell| cell.ordinal == request.ordinal) {
            return Ok(Created::AlreadyThere(pod));
        }
        refuse(&request, &self.check(&request.template))?;
        let pod = request.name();
        let (shared, tasks) = (Arc::clone(&self.shared), Arc::downgrade(&self.tasks));
        // A task of its own: when the caller stops waiting, the pod is looked after all the same.
        let made = self.tasks.ask(async move {
            // What failed may have made something all the same, which is in the way of the next try.
            let made = create(&shared, request).await.inspect_err(|_| shared.leftovers.notify_one())?;
            if let (Some((cell, origin)), Some(tasks)) = (made.to_supervise(), tasks.upgrade()) {
                cell.hint();
                tasks.spawn(supervise(shared, Arc::clone(cell), origin));
            }
            made.into()
        });
        ended(made.await.ok(), "create a pod", pod)
    }

    async fn delete(&self, pod: &PodRef, options: DeleteOptions) -> Result<Deleted> {
        const OPERATION: &str = "delete a pod";
        let Some(cell) = self.cell(pod) else { return self.delete_foreign(pod).await };
        let name = pod.name();
        let done = self.tasks.ask(async move {
            let change = cell.try_change(OPERATION, |record, version| {
                unchanged(OPERATION, &cell, options.version.as_ref(), &version)?;
                if record.termination.is_none() {
                    let own = record.request.template.spec.grace_seconds();
                    record.termination = Some(options.grace_seconds.unwrap_or(own));
                }
                Ok(())
            });
            match change.await {
                Err(error) if error.is_not_found() => Ok(Deleted::AlreadyGone),
                change => change.map(|()| Deleted::Started),
            }
        });
        ended(done.await.ok(), OPERATION, name)
    }

    async fn update(&self, pod: &PodRef, change: PodChange) -> Result<()> {
        const OPERATION: &str = "update a pod";
        let cell = self.cell(pod).ok_or_else(|| gone(OPERATION, &pod.name()))?;
        let name = pod.name();
        let done = self.tasks.ask(async move {
            let PodChange { labels, annotations, owner, version: wanted } = change;
            let edit = cell.try_change(OPERATION, |record, version| {
                unchanged(OPERATION, &cell, wanted.as_ref(), &version)?;
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
                Ok(())
            });
            edit.await
        });
        ended(done.await.ok(), OPERATION, name)
    }

    fn watch(&self) -> WatchStream {
        self.shared.hints.watch()
    }
}

impl DockerPods {
    fn known(&self, set: &SetKey, is: impl Fn(&Cell) -> bool) -> Option<Pod> {
        self.shared.of(set).values().filter(|cell| is(cell)).find_map(|cell| cell.pod())
    }

    pub(super) fn cell(&self, pod: &PodRef) -> Option<Arc<Cell>> {
        let cells = self.shared.of(&pod.set);
        cells.into_values().find(|cell| cell.uid().as_ref() == Some(&pod.uid) && cell.ordinal == pod.ordinal)
    }

    /// A pod that another node, or nobody, has on record is not ours to end.
    async fn delete_foreign(&self, pod: &PodRef) -> Result<Deleted> {
        let there = sandboxes(&self.shared, &pod.set).await?;
        if !there.iter().any(|there| there.uid == pod.uid && there.ordinal == pod.ordinal) {
            return Ok(Deleted::AlreadyGone);
        }
        Err(Error::new(ErrorKind::Forbidden, "delete a pod").with_context("pod", pod.name()).with_message(format!(
            "it is not on record in this node's directory: open the node that made it, or remove container {} by hand",
            pod.uid
        )))
    }
}

/// Every pod of the set by name, by a fresh read.
pub(super) async fn sandboxes(shared: &Shared, set: &SetKey) -> Result<Vec<Pod>> {
    shared.unreadable.refuse(set, "list pods")?;
    let known = shared.of(set);
    let mut foreign = Vec::new();
    for sandbox in inspect::list(&shared.client, labels::filter(Role::Sandbox, Some(set))).await? {
        let labels = sandbox.labels.as_ref();
        let record = labels.and_then(|labels| labels.get(labels::RECORD));
        let cell = record.and_then(|record| known.get(record).cloned().or_else(|| shared.cells().get(record).cloned()));
        match (cell, &sandbox.id) {
            (Some(cell), Some(id)) => cell.found(PodUid::new(id.as_str())),
            (None, Some(_)) => foreign.push(stranger(sandbox)?),
            (_, None) => return Err(unreadable()),
        }
    }
    let mut cells = known;
    cells.extend(shared.of(set));
    let mut pods: Vec<Pod> = cells.values().filter_map(|cell| cell.pod()).chain(foreign).collect();
    pods.sort_by_key(|pod| pod.ordinal);
    Ok(pods)
}

/// A sandbox that this node has no record of: what its labels say. Whether it works, nobody here can tell (S2).
fn stranger(sandbox: ContainerSummary) -> Result<Pod> {
    let labels: HashMap<String, String> = sandbox.labels.unwrap_or_default();
    let (set, ordinal) = labels::identity_of(&labels).ok_or_else(unreadable)?;
    let state = sandbox.state.map(|state| state.to_string()).unwrap_or_default();
    let created = sandbox.created.unwrap_or_default();
    Ok(Pod {
        set,
        ordinal,
        uid: PodUid::new(sandbox.id.unwrap_or_default()),
        version: Version::new(format!("foreign.{state}")),
        owner: labels.get(labels::OWNER).map(|owner| SetUid::from(owner.as_str())),
        revision: labels.get(labels::REVISION).map(|revision| RevisionName::from(revision.as_str())),
        labels: Arc::default(),
        annotations: Arc::default(),
        created_at: Timestamp::from_micros(created.saturating_mul(1_000_000)),
        terminating: false,
        status: PodStatus {
            phase: PodPhase::Unknown,
            reason: Some("ForeignNode".to_owned()),
            message: Some(format!("its sandbox is {state}, and this node has no record of it")),
            ..PodStatus::default()
        },
    })
}

fn unreadable() -> Error {
    Error::new(ErrorKind::Corrupt, "list pods").with_message("a sandbox has no id, or labels that make no sense")
}

fn unchanged(operation: &'static str, cell: &Cell, wanted: Option<&Version>, is: &Version) -> Result<()> {
    if wanted.is_none_or(|wanted| wanted == is) {
        return Ok(());
    }
    Err(Error::new(ErrorKind::Conflict, operation)
        .with_context("pod", cell.name())
        .with_message(format!("it changed meanwhile, its version is {is}")))
}

fn ended<T>(answer: Option<Result<T>>, operation: &'static str, pod: String) -> Result<T> {
    answer.unwrap_or_else(|| {
        Err(Error::new(ErrorKind::Unavailable, operation)
            .with_context("pod", pod)
            .with_message("the supervision ended meanwhile"))
    })
}

/// Refuses what can never be run, before any effect.
fn refuse(request: &PodRequest, violations: &[Violation]) -> Result<()> {
    if violations.is_empty() {
        return Ok(());
    }
    let sentences: Vec<_> = violations.iter().map(ToString::to_string).collect();
    Err(Error::new(ErrorKind::Unsupported, "create a pod")
        .with_context("pod", request.name())
        .with_message(sentences.join("; ")))
}
