//! Metadata from the server's form to core's and back.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use petset_core::spec;
use serde::Deserialize;
use serde_json::Result;

/// What of an object's metadata is the server's, or ours, and no author's.
const NOT_DECLARED: [&str; 9] = [
    "creationTimestamp",
    "deletionGracePeriodSeconds",
    "deletionTimestamp",
    "finalizers",
    "generation",
    "managedFields",
    "resourceVersion",
    "selfLink",
    "uid",
];

/// What of it is its author's.
pub(super) fn declared(metadata: &ObjectMeta) -> Result<spec::ObjectMeta> {
    let mut metadata = serde_json::to_value(metadata)?;
    if let Some(fields) = metadata.as_object_mut() {
        fields.retain(|field, _| !NOT_DECLARED.contains(&field.as_str()));
    }
    serde_json::from_value(metadata)
}

/// The same as the server has it; an error when there is something that it understands otherwise.
pub(super) fn written(metadata: &spec::ObjectMeta) -> Result<ObjectMeta> {
    ObjectMeta::deserialize(serde_json::to_value(metadata)?)
}
