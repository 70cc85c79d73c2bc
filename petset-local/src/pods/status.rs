//! From a record to what others see.

use petset_core::Version;
use petset_core::backend::{ContainerState, ContainerStatus, Pod, PodPhase, PodStatus};

use super::record::{ContainerRecord, Record};

/// Reasons that mean "in good time", not "something is wrong".
const CALM: [&str; 2] = ["PodInitializing", "ContainerCreating"];

/// The pod that `record` describes.
pub(super) fn pod_of(record: &Record) -> Pod {
    let Record { uid, owner, labels, annotations, created_at, request, generation, .. } = record;
    Pod {
        set: request.set().clone(),
        ordinal: request.ordinal(),
        uid: uid.clone(),
        version: Version::new(generation.to_string()),
        owner: owner.clone(),
        revision: Some(request.revision().clone()),
        labels: labels.clone().into(),
        annotations: annotations.clone().into(),
        created_at: *created_at,
        terminating: record.termination.is_some(),
        status: status_of(record),
    }
}

/// Whether all containers are ready.
pub(super) fn is_ready(record: &Record) -> bool {
    let mut containers = record.containers.iter().filter(|container| !container.init).peekable();
    containers.peek().is_some() && containers.all(|container| container.ready)
}

fn status_of(record: &Record) -> PodStatus {
    let started = record.containers.iter().filter(|container| !container.init).all(|container| container.started);
    let (reason, message) = trouble(record).unzip();
    PodStatus {
        phase: if started { PodPhase::Running } else { PodPhase::Pending },
        ready_since: record.ready_since,
        addresses: record.address.into_iter().collect(),
        reason,
        message,
        containers: record.containers.iter().map(container_status).collect(),
    }
}

fn container_status(container: &ContainerRecord) -> ContainerStatus {
    ContainerStatus {
        name: container.name.clone(),
        init: container.init,
        ready: container.ready || container.finished,
        restarts: container.restarts,
        state: container.state.clone(),
    }
}

/// Why the pod is not as it should be: the pod's own reason, or that of its first container in trouble.
fn trouble(record: &Record) -> Option<(String, String)> {
    record.waiting.clone().or_else(|| record.containers.iter().find_map(complaint))
}

fn complaint(container: &ContainerRecord) -> Option<(String, String)> {
    if container.finished || container.ready {
        return None;
    }
    let named = |message: &str| format!("container `{}`: {message}", container.name);
    match &container.state {
        ContainerState::Waiting { reason, message } if !CALM.contains(&reason.as_str()) => {
            Some((reason.clone(), named(message)))
        }
        ContainerState::Waiting { .. } => None,
        ContainerState::Running { .. } => {
            container.problem.as_deref().map(|problem| ("ContainersNotReady".to_owned(), named(problem)))
        }
        ContainerState::Terminated { .. } => {
            Some(("Error".to_owned(), named(container.problem.as_deref().unwrap_or("it ended"))))
        }
    }
}
