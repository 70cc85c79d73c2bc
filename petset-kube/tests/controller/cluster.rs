//! What a person does with a set of ours.

use serde_json::{Value, json};

use crate::Error;
use crate::terminal::Terminal;

impl Terminal {
    pub(crate) fn create(&self, object: &Value) -> Result<(), Error> {
        self.apply("create", &object.to_string()).map(drop)
    }

    pub(crate) fn patch(&self, set: &str, body: &Value) -> Result<(), Error> {
        self.kubectl(&["patch", "petset", set, "--type=merge", "-p", &body.to_string()]).map(drop)
    }

    /// Waits until a set has seen its newest declaration and has so many pods, all of them ready and up to date.
    pub(crate) async fn until_ready(&self, set: &str, count: u32) -> Result<(), Error> {
        let generation = self.field(&format!("petset/{set}"), ".metadata.generation")?;
        let path = ".status.observedGeneration} {.status.replicas} {.status.readyReplicas} {.status.updatedReplicas";
        self.until_field(&format!("petset/{set}"), path, &format!("{generation} {count} {count} {count}")).await
    }
}

/// A set with a claim for each pet, and a governing service.
pub(crate) fn set(name: &str, replicas: u32) -> Value {
    json!({
        "apiVersion": "petset.rs/v1",
        "kind": "PetSet",
        "metadata": { "name": name },
        "spec": {
            "replicas": replicas,
            "serviceName": name,
            "template": {
                "metadata": { "labels": { "app": name } },
                "spec": { "terminationGracePeriodSeconds": 1, "containers": [{ "name": "main", "image": "one",
                    "volumeMounts": [{ "name": "data", "mountPath": "/data" }] }] },
            },
            "volumeClaimTemplates": [{ "metadata": { "name": "data" }, "spec": { "accessModes": ["ReadWriteOnce"],
                "resources": { "requests": { "storage": "1Mi" } } } }],
        },
    })
}
