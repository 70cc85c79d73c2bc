//! A set to work with, and what becomes of it.

use std::time::Duration;

use k8s_openapi::api::core::v1::{Namespace, Service};
use kube::api::{ApiResource, DynamicObject, Patch, PatchParams, PostParams};
use kube::{Api, Client, ResourceExt};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::Error;

/// A namespace with the Service `nginx`, for the set `web` of one kind.
#[derive(Clone)]
pub(crate) struct Web {
    pub(crate) client: Client,
    pub(crate) namespace: String,
    sets: ApiResource,
}

/// Our own kind.
pub(crate) fn pet_sets() -> ApiResource {
    ApiResource {
        group: "petset.rs".to_owned(),
        version: "v1".to_owned(),
        api_version: "petset.rs/v1".to_owned(),
        kind: "PetSet".to_owned(),
        plural: "petsets".to_owned(),
    }
}

impl Web {
    /// A new namespace whose name begins like this.
    pub(crate) async fn new(client: Client, sets: ApiResource, name: &str) -> Result<Self, Error> {
        let wanted: Namespace = serde_json::from_value(json!({ "metadata": { "generateName": format!("{name}-") } }))?;
        let namespace = Api::all(client.clone()).create(&PostParams::default(), &wanted).await?.name_any();
        let service: Service = serde_json::from_value(json!({
            "metadata": { "name": "nginx" },
            "spec": { "clusterIP": "None", "selector": { "app": "nginx" }, "ports": [{ "name": "web", "port": 80 }] },
        }))?;
        Api::namespaced(client.clone(), &namespace).create(&PostParams::default(), &service).await?;
        Ok(Self { client, namespace, sets })
    }

    fn sets(&self) -> Api<DynamicObject> {
        Api::namespaced_with(self.client.clone(), &self.namespace, &self.sets)
    }

    /// The set `web` with one claim for each pet, as an author would make it.
    pub(crate) async fn create(&self, replicas: u32) -> Result<(), Error> {
        let set = json!({
            "apiVersion": self.sets.api_version,
            "kind": self.sets.kind,
            "metadata": { "name": "web" },
            "spec": {
                "serviceName": "nginx",
                "replicas": replicas,
                "selector": { "matchLabels": { "app": "nginx" } },
                "template": {
                    "metadata": { "labels": { "app": "nginx" } },
                    "spec": { "terminationGracePeriodSeconds": 5, "containers": [{
                        "name": "nginx", "image": "nginx-slim:0.8", "ports": [{ "containerPort": 80, "name": "web" }],
                        "volumeMounts": [{ "name": "www", "mountPath": "/usr/share/nginx/html" }] }] },
                },
                "volumeClaimTemplates": [{ "metadata": { "name": "www" }, "spec": {
                    "accessModes": ["ReadWriteOnce"], "resources": { "requests": { "storage": "1Gi" } } } }],
            },
        });
        let (sets, set) = (self.sets(), serde_json::from_value(set)?);
        insist(async || match sets.create(&PostParams::default(), &set).await {
            // An earlier try whose answer was lost.
            Err(kube::Error::Api(refused)) if refused.code == 409 => Ok(()),
            made => made.map(drop),
        })
        .await
    }

    /// Changes the set.
    pub(crate) async fn patch(&self, body: &Value) -> Result<(), Error> {
        let (sets, patch) = (self.sets(), Patch::Merge(body));
        insist(async || sets.patch("web", &PatchParams::default(), &patch).await).await.map(drop)
    }

    /// Waits until every pet is as declared, with so many pets.
    pub(crate) async fn until_rolled_out(&self, replicas: u32) -> Result<(), Error> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let seen = self.sets().get("web").await;
            if seen.as_ref().is_ok_and(|set| is_rolled_out(set, replicas)) {
                return Ok(());
            }
            if Instant::now() > deadline {
                return Err(format!("waited for {replicas} pets; there is {:#?}", seen.map(|set| set.data)).into());
            }
            sleep(LOOK).await;
        }
    }
}

/// How long a level is waited for, and how long between two looks.
const PATIENCE: Duration = Duration::from_secs(180);
const LOOK: Duration = Duration::from_millis(50);

/// Asks until the server answers.
pub(crate) async fn insist<T>(ask: impl AsyncFn() -> kube::Result<T>) -> Result<T, Error> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match ask().await {
            Ok(answer) => return Ok(answer),
            Err(error) if Instant::now() > deadline => return Err(error.into()),
            Err(_) => sleep(LOOK).await,
        }
    }
}

fn is_rolled_out(set: &DynamicObject, replicas: u32) -> bool {
    let status = &set.data["status"];
    let conditions = status["conditions"].as_array().into_iter().flatten();
    let is_complete = |condition: &Value| condition["type"] == "Progressing" && condition["reason"] == "Complete";
    status["observedGeneration"].as_i64() == set.metadata.generation
        // Before 1.22 a StatefulSet does not count those that are available.
        && ["replicas", "readyReplicas", "updatedReplicas"].iter().all(|count| status[count] == replicas)
        && conditions.into_iter().any(is_complete)
}
