//! Programs of the stand-in kubelet as pods.

use petset_core::spec::{ClaimTemplate, PodTemplate};
use petset_kube::envtest::Kubelet;
use petset_testkit::conformance::Workload;
use serde_json::{Result, Value, json};

/// A pod that does this.
fn pod(program: &Value, mounts: bool) -> Result<PodTemplate> {
    let mut container = json!({ "name": "main", "image": "stand-in" });
    if mounts {
        container["volumeMounts"] = json!([{ "name": Workload::CLAIM, "mountPath": "/data" }]);
    }
    serde_json::from_value(json!({
        "metadata": { "annotations": { Kubelet::PROGRAM: program.to_string() } },
        "spec": { "containers": [container] },
    }))
}

pub(crate) fn workload() -> Result<Workload> {
    let mut workload = Workload::new();
    workload.ready = Some(pod(&json!({}), false)?);
    workload.never_ready = Some(pod(&json!({ "neverReady": true }), false)?);
    workload.ends = Some(pod(&json!({ "exits": 0 }), false)?);
    workload.fails = Some(pod(&json!({ "exits": 3 }), false)?);
    workload.stubborn = Some(pod(&json!({ "ignoresStop": true }), false)?);
    workload.writer = Some(pod(&json!({ "writes": ["kept"] }), true)?);
    workload.reader = Some(pod(&json!({ "needs": ["kept"] }), true)?);
    workload.last_words = Some(pod(&json!({ "lastWords": ["kept"] }), true)?);
    let refused = json!({ "spec": {
        "runtimeClass": "fast",
        "containers": [{ "name": "main", "image": "stand-in", "imagee": "x" }],
    } });
    let paths = ["spec.containers[0].imagee", "spec.runtimeClass"].map(str::to_owned);
    workload.refused_pods = vec![(serde_json::from_value(refused)?, paths.into())];
    let mut unmatched = workload.claim.clone();
    unmatched.storage_class_name = Some(String::new());
    workload.unmatched = Some(unmatched);
    let refused: ClaimTemplate = serde_json::from_value(json!({
        "metadata": { "name": "data" },
        "spec": {
            "accessModes": ["ReadWriteOnce", "Sometimes"],
            "size": "1Mi",
            "resources": { "requests": { "storage": "1Mi" } },
        },
    }))?;
    let paths = ["spec.accessModes[1]", "spec.size"].map(str::to_owned);
    workload.refused_claims = vec![(refused, paths.into())];
    Ok(workload)
}
