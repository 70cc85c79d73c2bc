//! Shell scripts as pods.

use std::path::Path;

use petset_core::spec::{ClaimTemplate, PodTemplate};
use petset_testkit::conformance::Workload;
use serde_json::{Result, Value, json};

/// Runs a script; ready when `ready` succeeds, or at its start.
fn pod(script: &str, ready: Option<&str>, mounts: bool) -> Result<PodTemplate> {
    let mut container = json!({ "name": "main", "command": ["/bin/sh", "-c", script] });
    if let Some(ready) = ready {
        container["readinessProbe"] = json!({ "exec": { "command": ["/bin/sh", "-c", ready] }, "periodSeconds": 1 });
    }
    if mounts {
        container["volumeMounts"] = json!([{ "name": Workload::CLAIM, "mountPath": "/data" }]);
    }
    template(json!({ "containers": [container] }))
}

fn template(spec: Value) -> Result<PodTemplate> {
    serde_json::from_value(Value::Object([("spec".to_owned(), spec)].into_iter().collect()))
}

/// `dir` is where the scripts say that they listen to signals.
pub(crate) fn workload(dir: &Path) -> Result<Workload> {
    let listens = format!("{}/$HOSTNAME", dir.display());
    let is_listening = format!("test -e {listens}");
    let on_term = |what: &str| format!("trap '{what}' TERM; : > {listens}; while :; do sleep 0.05; done");
    let kept = "test -s /data/kept";

    let mut workload = Workload::new();
    workload.ready = Some(pod("exec sleep 600", None, false)?);
    workload.never_ready = Some(pod("exec sleep 600", Some("false"), false)?);
    workload.ends = Some(pod("exit 0", None, false)?);
    workload.fails = Some(pod("exit 3", None, false)?);
    workload.stubborn = Some(pod(&on_term(""), Some(&is_listening), false)?);
    workload.writer = Some(pod("echo text > /data/kept; exec sleep 600", Some(kept), true)?);
    workload.reader = Some(pod("exec sleep 600", Some(kept), true)?);
    workload.last_words = Some(pod(&on_term("echo text > /data/kept; exit 0"), Some(&is_listening), true)?);
    let main = json!({ "name": "main", "command": ["sleep", "600"] });
    workload.refused_pods = vec![
        (template(json!({ "hostNetwork": true, "containers": [main] }))?, vec!["spec.hostNetwork".to_owned()]),
        (
            template(
                json!({ "runtimeClassName": "fast", "volumes": [{ "name": "x", "nfs": {} }], "containers": [main] }),
            )?,
            vec!["spec.runtimeClassName".to_owned(), "spec.volumes[0].nfs".to_owned()],
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
