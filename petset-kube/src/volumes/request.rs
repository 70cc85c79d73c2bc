//! From a request to the claim that the server is asked for.

use petset_core::backend::ClaimRequest;
use serde_json::{Value, json};

use crate::meta::{self, OwnerKind};

/// The claim of a set of this kind, as JSON, with this metadata of whose it is.
pub(super) fn body(request: &ClaimRequest, kind: OwnerKind, owned: &Value) -> Value {
    let ClaimRequest { set, template, ordinal: _, name, owner: _, labels, annotations, spec } = request;
    let mut labels = labels.clone();
    if kind == OwnerKind::PET_SET {
        labels.insert(meta::SET.to_owned(), set.name.to_string());
        labels.insert(meta::CLAIM_TEMPLATE.to_owned(), template.clone());
    }
    let mut annotations = json!(annotations);
    for (key, value) in owned["annotations"].as_object().into_iter().flatten().filter(|(_, value)| !value.is_null()) {
        annotations[key] = value.clone();
    }
    json!({
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {
            "name": name,
            "namespace": set.namespace,
            "labels": labels,
            "annotations": annotations,
            "ownerReferences": owned["ownerReferences"],
        },
        "spec": spec,
    })
}
