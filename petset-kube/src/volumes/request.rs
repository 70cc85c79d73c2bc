//! From a request to the claim that the server is asked for.

use petset_core::backend::ClaimRequest;
use serde_json::{Value, json};

use crate::meta::{self, OwnerKind};

/// The claim of a `PetSet`, as JSON.
pub(super) fn body(request: &ClaimRequest) -> Value {
    let ClaimRequest { set, template, owner, labels, .. } = request;
    let mut labels = labels.clone();
    labels.insert(meta::SET.to_owned(), set.name.to_string());
    labels.insert(meta::CLAIM_TEMPLATE.to_owned(), template.clone());
    let owners = meta::references(OwnerKind::PET_SET, set, owner.as_ref(), &[]);
    claim(request, &json!({ "labels": labels, "ownerReferences": owners }))
}

/// The claim of a `StatefulSet`, as JSON: with this metadata of whose it is, and nothing else that is ours.
pub(super) fn native_body(request: &ClaimRequest, owned: &Value) -> Value {
    claim(
        request,
        &json!({ "labels": request.labels, "ownerReferences": owned["ownerReferences"],
        "annotations": owned["annotations"] }),
    )
}

fn claim(request: &ClaimRequest, metadata: &Value) -> Value {
    let ClaimRequest { set, template: _, ordinal: _, name, owner: _, labels: _, annotations, spec } = request;
    let mut annotations = json!(annotations);
    for (key, value) in metadata["annotations"].as_object().into_iter().flatten().filter(|(_, value)| !value.is_null())
    {
        annotations[key] = value.clone();
    }
    json!({
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {
            "name": name,
            "namespace": set.namespace,
            "labels": metadata["labels"],
            "annotations": annotations,
            "ownerReferences": metadata["ownerReferences"],
        },
        "spec": spec,
    })
}
