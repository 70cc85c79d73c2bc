//! What a kubelet says about a pod.

use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicU32, Ordering};

use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::jiff::Timestamp;
use serde_json::{Value, json};

/// What the containers of a pod are doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Containers {
    /// They run, and are ready or not.
    Run { ready: bool },
    /// They ended with this code, and wait for their next start.
    Exited(i32),
    /// The node threw the pod out.
    Evicted,
}

/// The times and the address of one pod, which stay.
#[derive(Debug)]
pub(super) struct Facts {
    address: Ipv4Addr,
    started_at: String,
}

static ADDRESSES: AtomicU32 = AtomicU32::new(1);

impl Facts {
    pub(super) fn new() -> Self {
        let [_, _, high, low] = ADDRESSES.fetch_add(1, Ordering::Relaxed).to_be_bytes();
        Self { address: Ipv4Addr::new(10, 88, high, low), started_at: now() }
    }

    /// The body of a patch of a pod's status.
    pub(super) fn status(&self, pod: &Pod, containers: Containers) -> Value {
        let ready = containers == Containers::Run { ready: true };
        let phase = if containers == Containers::Evicted { "Failed" } else { "Running" };
        let condition = |kind: &str, holds: bool| json!({ "type": kind, "status": if holds { "True" } else { "False" }, "lastTransitionTime": now() });
        let of = |all: Option<&Vec<k8s_openapi::api::core::v1::Container>>, state: &dyn Fn() -> Value| -> Vec<Value> {
            let name_each = |container: &k8s_openapi::api::core::v1::Container| {
                let mut status = state();
                status["name"] = json!(container.name);
                status["image"] = json!(container.image);
                status["imageID"] = json!("");
                status
            };
            all.into_iter().flatten().map(name_each).collect()
        };
        let state = || match containers {
            Containers::Run { ready } => {
                json!({ "ready": ready, "restartCount": 0, "state": { "running": { "startedAt": self.started_at } } })
            }
            Containers::Exited(code) => json!({
                "ready": false,
                "restartCount": 1,
                "state": { "waiting": { "reason": "CrashLoopBackOff", "message": "back-off restarting failed container" } },
                "lastState": { "terminated": { "exitCode": code, "finishedAt": now(), "startedAt": self.started_at } },
            }),
            Containers::Evicted => json!({
                "ready": false,
                "restartCount": 0,
                "state": { "terminated": { "exitCode": 137, "finishedAt": now(), "startedAt": self.started_at } },
            }),
        };
        let done = || {
            json!({ "ready": true, "restartCount": 0, "state": {
                "terminated": { "exitCode": 0, "finishedAt": self.started_at, "startedAt": self.started_at } } })
        };
        let spec = pod.spec.as_ref();
        json!({ "metadata": { "uid": pod.metadata.uid }, "status": {
            "phase": phase,
            "reason": (containers == Containers::Evicted).then_some("Evicted"),
            "hostIP": "127.0.0.1",
            "podIP": self.address,
            "podIPs": [{ "ip": self.address }],
            "startTime": self.started_at,
            "conditions": [
                condition("PodScheduled", true),
                condition("Initialized", true),
                condition("ContainersReady", ready),
                condition("Ready", ready),
            ],
            "initContainerStatuses": of(spec.and_then(|spec| spec.init_containers.as_ref()), &done),
            "containerStatuses": of(spec.map(|spec| &spec.containers), &state),
        } })
    }
}

fn now() -> String {
    let seconds = Timestamp::now().as_second();
    Timestamp::from_second(seconds).unwrap_or_default().to_string()
}
