//! From a record to what others see.

use petset_core::backend::{ContainerState, ContainerStatus, Pod, PodPhase, PodStatus};
use petset_core::{PodUid, Version};

use super::record::{ContainerRecord, Record};

/// Reasons that mean "in good time", not "something is wrong".
const CALM: [&str; 3] = ["PodInitializing", "ContainerCreating", "Pulling"];

/// The pod that `record` describes.
pub(super) fn pod_of(record: &Record, uid: PodUid, version: Version) -> Pod {
    let Record { request, owner, labels, annotations, created_at, termination, .. } = record;
    Pod {
        set: request.set.clone(),
        ordinal: request.ordinal,
        uid,
        version,
        owner: owner.clone(),
        revision: Some(request.revision.clone()),
        labels: labels.clone().into(),
        annotations: annotations.clone().into(),
        created_at: *created_at,
        terminating: termination.is_some(),
        status: status_of(record),
    }
}

/// Whether all containers are ready, and the pod is found.
pub(super) fn is_ready(record: &Record) -> bool {
    let mut containers = record.containers.iter().filter(|container| !container.init).peekable();
    !record.over
        && record.address.is_some()
        && containers.peek().is_some()
        && containers.all(|container| container.ready.is_some())
}

fn status_of(record: &Record) -> PodStatus {
    let (reason, message) = trouble(record).unzip();
    PodStatus {
        phase: phase(record),
        ready_since: record.ready_since,
        // On the host's own address only the host finds it.
        addresses: record.address.into_iter().filter(|address| !address.is_loopback()).collect(),
        reason,
        message,
        containers: record.containers.iter().map(container_status).collect(),
    }
}

fn phase(record: &Record) -> PodPhase {
    let runs = |container: &ContainerRecord| matches!(container.state, ContainerState::Running { .. });
    let mut apps = record.containers.iter().filter(|container| !container.init);
    if record.over && !record.containers.iter().any(runs) {
        PodPhase::Failed
    } else if apps.all(ContainerRecord::has_started) {
        PodPhase::Running
    } else {
        PodPhase::Pending
    }
}

fn container_status(container: &ContainerRecord) -> ContainerStatus {
    ContainerStatus {
        name: container.name.clone(),
        init: container.init,
        ready: container.ready.is_some() || container.finished,
        restarts: container.restarts,
        state: container.state.clone(),
    }
}

/// Why the pod is not as it should be: the pod's own reason, or that of its first container in trouble.
fn trouble(record: &Record) -> Option<(String, String)> {
    let is_ending = record.termination.is_some();
    record.waiting.clone().or_else(|| record.containers.iter().find_map(|container| complaint(container, is_ending)))
}

/// What is wrong with a container; that it has ended is as it should be in a pod that is ending.
fn complaint(container: &ContainerRecord, is_ending: bool) -> Option<(String, String)> {
    if container.finished || container.ready.is_some() {
        return None;
    }
    let named = |message: &str| format!("container `{}`: {message}", container.name);
    let problem = container.problem.as_deref();
    match &container.state {
        ContainerState::Waiting { reason, message } => {
            (!CALM.contains(&reason.as_str())).then(|| (reason.clone(), named(message)))
        }
        ContainerState::Running { .. } => problem.map(|problem| ("ContainersNotReady".to_owned(), named(problem))),
        ContainerState::Terminated { .. } => {
            (!is_ending).then(|| ("Error".to_owned(), named(problem.unwrap_or("it ended"))))
        }
    }
}
