//! What of a template Kubernetes would not honour, by field path.

use k8s_openapi::api::core::v1 as k8s;
use petset_core::manifest::Violation;
use petset_core::spec::{ObjectMeta, PodTemplate};
use serde_json::Value;

use crate::lossless;

/// Whatever Kubernetes' own types do not know. Whether a cluster allows the rest is for its own admission to say.
pub(super) fn check(template: &PodTemplate) -> Vec<Violation> {
    let PodTemplate { metadata, spec } = template;
    let ObjectMeta { name: _, namespace: _, labels: _, annotations: _, other } = metadata;
    let mut found = lossless::check::<k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta>(
        "metadata",
        &Value::Object(other.clone()),
    );
    let spec = serde_json::to_value(spec).expect("a template is JSON");
    found.extend(lossless::check::<k8s::PodSpec>("spec", &with_containers(spec)));
    found
}

/// A pod without containers lacks them; that is the manifest's own check.
fn with_containers(mut spec: Value) -> Value {
    if spec.get("containers").is_none() {
        spec["containers"] = Value::Array(Vec::new());
    }
    spec
}
