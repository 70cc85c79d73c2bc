//! What of a claim template Kubernetes would not honour, by field path.

use k8s_openapi::api::core::v1 as k8s;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use petset_core::manifest::Violation;
use petset_core::spec::ClaimTemplate;
use serde_json::Value;

use crate::lossless;

const MODES: [&str; 4] = ["ReadWriteOnce", "ReadOnlyMany", "ReadWriteMany", "ReadWriteOncePod"];

/// What Kubernetes' own types do not know, and access modes that are none.
pub(super) fn check(template: &ClaimTemplate) -> Vec<Violation> {
    let ClaimTemplate { metadata, spec, other } = template;
    let unknown =
        |(key, value): (&String, &Value)| Violation::new(key, value, "a claim template has no such field; remove it");
    let mut found: Vec<Violation> = other.iter().map(unknown).collect();
    found.extend(lossless::check::<ObjectMeta>("metadata", &Value::Object(metadata.other.clone())));
    let spec = serde_json::to_value(spec).expect("a template is JSON");
    for (index, mode) in spec["accessModes"].as_array().into_iter().flatten().enumerate() {
        if mode.as_str().is_some_and(|mode| !MODES.contains(&mode)) {
            let path = format!("spec.accessModes[{index}]");
            found.push(Violation::new(path, mode, format!("an access mode is one of {}", MODES.join(", "))));
        }
    }
    found.extend(lossless::check::<k8s::PersistentVolumeClaimSpec>("spec", &spec));
    found
}
