//! From a request to the pod that the server is asked for.

use petset_core::backend::PodRequest;
use petset_core::spec::{ObjectMeta, PodTemplate};
use serde_json::{Value, json};

use crate::meta::{self, OwnerKind};

/// The pod, as JSON: the template's spec as it is written, and a volume for each claim.
///
/// Config maps and secrets are read by the pod's node, and names are resolved by the cluster's own servers.
pub(super) fn body(request: &PodRequest, owner: OwnerKind) -> Value {
    let PodRequest {
        set,
        owner: uid,
        ordinal: _,
        revision,
        template,
        labels,
        claims,
        claim_uids: _,
        config: _,
        dns: _,
    } = request;
    let PodTemplate { metadata, spec } = &**template;
    let ObjectMeta { name: _, namespace: _, labels: _, annotations, other } = metadata;
    let mut labels = labels.clone();
    labels.insert(meta::REVISION.to_owned(), revision.to_string());
    let mut metadata = other.clone();
    metadata.insert("name".to_owned(), json!(request.name()));
    if owner == OwnerKind::STATEFUL_SET {
        // Nothing is generated, and Kubernetes' own sets say so nevertheless.
        metadata.insert("generateName".to_owned(), json!(format!("{}-", set.name)));
    }
    metadata.insert("namespace".to_owned(), json!(set.namespace));
    metadata.insert("labels".to_owned(), json!(labels));
    metadata.insert("annotations".to_owned(), json!(annotations));
    metadata.insert("ownerReferences".to_owned(), meta::references(owner, set, Some(uid), &[]));
    let mut spec = serde_json::to_value(spec).expect("a template is JSON");
    let volumes = spec["volumes"].as_array().cloned().unwrap_or_default().into_iter();
    let claimed =
        claims.iter().map(|(volume, claim)| json!({ "name": volume, "persistentVolumeClaim": { "claimName": claim } }));
    let volumes: Vec<Value> =
        volumes.filter(|volume| !claims.keys().any(|claimed| volume["name"] == **claimed)).chain(claimed).collect();
    if !volumes.is_empty() {
        spec["volumes"] = Value::Array(volumes);
    }
    json!({ "apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec })
}
