//! From what a node says about a pod to what core understands.

use std::net::IpAddr;

use k8s_openapi::api::core::v1 as k8s;
use petset_core::Timestamp;
use petset_core::backend::{ContainerState, ContainerStatus, PodPhase, PodStatus};
use serde::Deserialize;
use serde_json::Value;

use crate::meta;

/// What containers wait for in the ordinary course of things.
const ORDINARY: [&str; 2] = ["ContainerCreating", "PodInitializing"];

/// Reads a status; `Null` is that of a pod that nobody has looked at yet.
pub(super) fn read(status: &Value) -> Result<PodStatus, String> {
    let status = if status.is_null() {
        k8s::PodStatus::default()
    } else {
        k8s::PodStatus::deserialize(status).map_err(|error| format!("its status: {error}"))?
    };
    let containers = containers(&status);
    let (reason, message) = trouble(&status, &containers);
    Ok(PodStatus {
        phase: phase(status.phase.as_deref()),
        ready_since: ready_since(&status),
        addresses: addresses(&status),
        reason,
        message,
        containers,
    })
}

fn phase(phase: Option<&str>) -> PodPhase {
    match phase {
        None | Some("" | "Pending") => PodPhase::Pending,
        Some("Running") => PodPhase::Running,
        Some("Succeeded") => PodPhase::Succeeded,
        Some("Failed") => PodPhase::Failed,
        Some(_) => PodPhase::Unknown,
    }
}

fn ready_since(status: &k8s::PodStatus) -> Option<Timestamp> {
    let mut conditions = status.conditions.iter().flatten();
    let ready = conditions.find(|condition| condition.type_ == "Ready" && condition.status == "True")?;
    Some(ready.last_transition_time.as_ref().map_or(Timestamp::default(), meta::timestamp))
}

fn addresses(status: &k8s::PodStatus) -> Vec<IpAddr> {
    let main = status.pod_ip.iter().map(String::as_str);
    let all = status.pod_ips.iter().flatten().map(|address| address.ip.as_str());
    let mut found: Vec<IpAddr> = Vec::new();
    for address in main.chain(all).filter_map(|text| text.parse().ok()) {
        if !found.contains(&address) {
            found.push(address);
        }
    }
    found
}

fn containers(status: &k8s::PodStatus) -> Vec<ContainerStatus> {
    let read = |init: bool| {
        move |container: &k8s::ContainerStatus| ContainerStatus {
            name: container.name.clone(),
            init,
            ready: container.ready,
            restarts: u32::try_from(container.restart_count).unwrap_or(0),
            state: state(container.state.as_ref()),
        }
    };
    let init = status.init_container_statuses.iter().flatten().map(read(true));
    init.chain(status.container_statuses.iter().flatten().map(read(false))).collect()
}

fn state(state: Option<&k8s::ContainerState>) -> ContainerState {
    let at = |time: &Option<_>| time.as_ref().map_or(Timestamp::default(), meta::timestamp);
    let Some(k8s::ContainerState { running, terminated, waiting }) = state else {
        return ContainerState::Waiting { reason: ORDINARY[0].to_owned(), message: String::new() };
    };
    match (running, terminated, waiting) {
        (Some(running), _, _) => ContainerState::Running { started_at: at(&running.started_at) },
        (None, Some(ended), _) => {
            ContainerState::Terminated { exit_code: Some(ended.exit_code), finished_at: at(&ended.finished_at) }
        }
        (None, None, waiting) => ContainerState::Waiting {
            reason: waiting.as_ref().and_then(|waiting| waiting.reason.clone()).unwrap_or_default(),
            message: waiting.as_ref().and_then(|waiting| waiting.message.clone()).unwrap_or_default(),
        },
    }
}

/// Why the pod is not as it should be: what it says itself, what a container waits for, why it has no node.
fn trouble(status: &k8s::PodStatus, containers: &[ContainerStatus]) -> (Option<String>, Option<String>) {
    if status.reason.is_some() {
        return (status.reason.clone(), status.message.clone());
    }
    let waits = containers.iter().find_map(|container| match &container.state {
        ContainerState::Waiting { reason, message } if !reason.is_empty() && !ORDINARY.contains(&reason.as_str()) => {
            Some((reason.clone(), format!("container {}: {message}", container.name)))
        }
        ContainerState::Waiting { .. } | ContainerState::Running { .. } | ContainerState::Terminated { .. } => None,
    });
    let mut conditions = status.conditions.iter().flatten();
    let homeless = || conditions.find(|condition| condition.type_ == "PodScheduled" && condition.status == "False");
    match (waits, homeless) {
        (Some((reason, message)), _) => (Some(reason), Some(message)),
        (None, mut homeless) => homeless().map_or((None, None), |why| (why.reason.clone(), why.message.clone())),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_ready_pod_has_a_time_and_an_address() {
        let status = read(&json!({
            "phase": "Running",
            "podIP": "10.0.0.1",
            "podIPs": [{ "ip": "10.0.0.1" }, { "ip": "fd00::1" }],
            "conditions": [{ "type": "Ready", "status": "True", "lastTransitionTime": "2024-01-01T00:00:01Z" }],
            "containerStatuses": [{ "name": "main", "ready": true, "restartCount": 2, "image": "", "imageID": "",
                "state": { "running": { "startedAt": "2024-01-01T00:00:00Z" } } }],
        }))
        .expect("a status");
        assert_eq!(status.ready_since.map(|since| since.to_string()).as_deref(), Some("2024-01-01T00:00:01Z"));
        assert_eq!(status.addresses.iter().map(ToString::to_string).collect::<Vec<_>>(), ["10.0.0.1", "fd00::1"]);
        assert_eq!((status.containers[0].restarts, status.reason), (2, None));
    }

    #[test]
    fn troubles_are_told_and_the_ordinary_is_not() {
        let waiting = |reason: &str| {
            read(&json!({ "containerStatuses": [{ "name": "main", "ready": false, "restartCount": 0, "image": "",
                "imageID": "", "state": { "waiting": { "reason": reason, "message": "why" } } }] }))
            .expect("a status")
        };
        assert_eq!(waiting("ContainerCreating").reason, None);
        let trouble = waiting("ImagePullBackOff");
        assert_eq!(trouble.reason.as_deref(), Some("ImagePullBackOff"));
        assert_eq!(trouble.message.as_deref(), Some("container main: why"));
        let homeless = json!({ "conditions": [
            { "type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "no node" }] });
        assert_eq!(read(&homeless).expect("a status").reason.as_deref(), Some("Unschedulable"));
        let lost = read(&json!({ "phase": "Unknown", "reason": "NodeLost" })).expect("a status");
        assert_eq!((lost.phase, lost.reason.as_deref()), (PodPhase::Unknown, Some("NodeLost")));
    }
}
