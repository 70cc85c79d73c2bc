//! Shell scripts of an image as pods.

use petset_core::spec::{ClaimTemplate, PodTemplate};
use petset_testkit::conformance::Workload;
use serde_json::{Result, Value, json};

/// `scripts/services docker` makes it.
const IMAGE: &str = "petset.test/busybox:1";

/// What the container that is the pod runs: nothing, until it is told to end.
pub(crate) fn sandbox() -> (String, Vec<String>) {
    let script = "trap 'exit 0' TERM INT; while :; do sleep 3600 & wait; done";
    (IMAGE.to_owned(), ["/bin/sh", "-c", script].map(str::to_owned).into())
}

/// Runs a script; ready when `ready` succeeds, or at its start.
fn pod(script: &str, ready: Option<&str>, mounts: bool) -> Result<PodTemplate> {
    let mut container = json!({ "name": "main", "image": IMAGE, "command": ["/bin/sh", "-c", script] });
    if let Some(ready) = ready {
        container["readinessProbe"] =
            json!({ "exec": { "command": ["/bin/sh", "-c", ready] }, "periodSeconds": 1, "timeoutSeconds": 10 });
    }
    if mounts {
        container["volumeMounts"] = json!([{ "name": Workload::CLAIM, "mountPath": "/data" }]);
    }
    template(json!({ "containers": [container] }))
}

fn template(spec: Value) -> Result<PodTemplate> {
    serde_json::from_value(Value::Object([("spec".to_owned(), spec)].into_iter().collect()))
}

pub(crate) fn workload() -> Result<Workload> {
    let on_term = |what: &str| format!("trap '{what}' TERM; : > /tmp/listens; while :; do sleep 0.05; done");
    let run = "trap 'exit 0' TERM; while :; do sleep 600 & wait; done";
    let is_listening = "test -e /tmp/listens";
    let kept = "test -s /data/kept";

    let mut workload = Workload::new();
    workload.ready = Some(pod(run, None, false)?);
    workload.never_ready = Some(pod(run, Some("false"), false)?);
    workload.ends = Some(pod("exit 0", None, false)?);
    workload.fails = Some(pod("exit 3", None, false)?);
    workload.stubborn = Some(pod(&on_term(""), Some(is_listening), false)?);
    workload.writer = Some(pod(&format!("echo text > /data/kept; {run}"), Some(kept), true)?);
    workload.reader = Some(pod(run, Some(kept), true)?);
    workload.last_words = Some(pod(&on_term("echo text > /data/kept; exit 0"), Some(is_listening), true)?);
    let main = json!({ "name": "main", "image": IMAGE });
    workload.refused_pods = vec![
        (template(json!({ "hostNetwork": true, "containers": [main] }))?, vec!["spec.hostNetwork".to_owned()]),
        (
            template(json!({
                "runtimeClassName": "fast",
                "volumes": [
                    { "name": "x", "nfs": {} },
                    { "name": "y", "hostPath": { "path": "/var/run/docker.sock" } },
                ],
                "containers": [{
                    "name": "main",
                    "image": IMAGE,
                    "securityContext": { "privileged": true, "capabilities": { "add": ["SYS_ADMIN"] } },
                }],
            }))?,
            [
                "spec.runtimeClassName",
                "spec.volumes[0].nfs",
                "spec.volumes[1].hostPath.path",
                "spec.containers[0].securityContext.privileged",
                "spec.containers[0].securityContext.capabilities.add[0]",
            ]
            .map(str::to_owned)
            .into(),
        ),
    ];
    let mut unmatched = workload.claim.clone();
    unmatched.storage_class_name = Some(String::new());
    workload.unmatched = Some(unmatched);
    let block: ClaimTemplate = serde_json::from_value(json!({
        "metadata": { "name": "data" },
        "spec": {
            "accessModes": ["ReadWriteOnce", "Sometimes"],
            "volumeMode": "Block",
            "resources": { "requests": { "storage": "1Mi" } },
        },
    }))?;
    let paths = ["spec.accessModes[1]", "spec.volumeMode"].map(str::to_owned);
    workload.refused_claims = vec![(block, paths.into())];
    Ok(workload)
}
