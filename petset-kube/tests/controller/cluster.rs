//! What a person does on a server, with `kubectl`.

use std::fs;
use std::process::Command;
use std::time::Duration;

use petset_kube::envtest::Server;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::{Error, ensure};

/// How long a level is waited for.
const PATIENCE: Duration = Duration::from_secs(120);

/// Somebody with `kubectl` in one namespace of a server.
#[derive(Debug, Clone)]
pub(crate) struct Person {
    pub(crate) server: Server,
    pub(crate) namespace: String,
}

impl Person {
    /// What `kubectl` prints.
    pub(crate) fn kubectl(&self, arguments: &[&str]) -> Result<String, Error> {
        let output = Command::new(Server::assets()?.join("kubectl"))
            .arg(format!("--kubeconfig={}", self.server.kubeconfig().display()))
            .arg(format!("--namespace={}", self.namespace))
            .args(arguments)
            .output()?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        ensure!(output.status.success(), "kubectl {}: {said}", arguments.join(" "));
        Ok(String::from_utf8(output.stdout)?)
    }

    pub(crate) fn create(&self, object: &Value) -> Result<(), Error> {
        let file = tempfile::NamedTempFile::new()?;
        fs::write(file.path(), object.to_string())?;
        self.kubectl(&["create", "-f", &file.path().display().to_string()]).map(drop)
    }

    pub(crate) fn patch(&self, set: &str, body: &Value) -> Result<(), Error> {
        self.kubectl(&["patch", "petset", set, "--type=merge", "-p", &body.to_string()]).map(drop)
    }

    pub(crate) fn field(&self, object: &str, path: &str) -> Result<String, Error> {
        self.kubectl(&["get", object, &format!("-o=jsonpath={{{path}}}")])
    }

    /// Waits until a command prints this.
    pub(crate) async fn until(&self, arguments: &[&str], wanted: impl Fn(&str) -> bool) -> Result<String, Error> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let printed = self.kubectl(arguments);
            if let Ok(printed) = &printed
                && wanted(printed)
            {
                return Ok(printed.clone());
            }
            if Instant::now() >= deadline {
                let all = self.kubectl(&["get", "petset,pod,pvc,event", "-o=wide"])?;
                let status = self.kubectl(&["get", "petset", "-o=jsonpath={.items[*].status.conditions}"])?;
                return Err(format!("{}: {printed:?}\n{all}\n{status}", arguments.join(" ")).into());
            }
            sleep(Duration::from_millis(100)).await;
        }
    }

    /// Waits until a set has seen its newest declaration and has so many pods, all of them ready and up to date.
    pub(crate) async fn until_ready(&self, set: &str, count: u32) -> Result<(), Error> {
        let generation = self.field(&format!("petset/{set}"), ".metadata.generation")?;
        let path = "-o=jsonpath={.status.observedGeneration} {.status.replicas} {.status.readyReplicas} {.status.updatedReplicas}";
        let wanted = format!("{generation} {count} {count} {count}");
        self.until(&["get", "petset", set, path], |printed| printed == wanted).await.map(drop)
    }

    /// The uids of the pods of the namespace.
    pub(crate) fn pods(&self) -> Result<String, Error> {
        self.kubectl(&["get", "pods", "-o=jsonpath={.items[*].metadata.uid}"])
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
