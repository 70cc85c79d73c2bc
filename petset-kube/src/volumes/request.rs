//! From a request to the claim that the server is asked for.

use petset_core::backend::ClaimRequest;
use serde_json::{Value, json};

use crate::meta::{self, OwnerKind};

/// The claim, as JSON.
pub(super) fn body(request: &ClaimRequest, owner: OwnerKind) -> Value {
    let ClaimRequest { set, template, ordinal: _, name, owner: uid, labels, annotations, spec } = request;
    let mut labels = labels.clone();
    labels.insert(meta::SET.to_owned(), set.name.to_string());
    labels.insert(meta::CLAIM_TEMPLATE.to_owned(), template.clone());
    json!({
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {
            "name": name,
            "namespace": set.namespace,
            "labels": labels,
            "annotations": annotations,
            "ownerReferences": meta::references(owner, set, uid.as_ref(), &[]),
        },
        "spec": spec,
    })
}
