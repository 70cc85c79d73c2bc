//! A namespace with a controller at work in it, and what is said about its sets.

use std::time::Duration;

use k8s_openapi::api::core::v1::{Event, Namespace};
use kube::api::{ApiResource, DeleteParams, DynamicObject, ListParams, Patch, PatchParams, PostParams};
use kube::runtime::wait::await_condition;
use kube::{Api, Client};
use petset_core::Controller;
use petset_core::controller::Sets;
use petset_core::engine::EventReason;
use petset_kube::cluster::Cluster;
use petset_kube::events::Recording;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::{Error, ensure};

/// How long a level is waited for.
const PATIENCE: Duration = Duration::from_secs(120);

/// A namespace, with a controller at work in it.
pub(crate) struct Place {
    pub(crate) namespace: String,
    /// The administrator's.
    pub(crate) client: Client,
    began: Instant,
    sets: Sets,
    recording: Recording,
}

impl Place {
    /// A new namespace, with a controller that may do everything.
    pub(crate) async fn new(client: Client, namespace: &str) -> Result<Self, Error> {
        make_namespace(&client, namespace).await?;
        Ok(Self::with(client.clone(), client, namespace))
    }

    /// A namespace that is there, with a controller that has the rights of `controller`.
    pub(crate) fn with(client: Client, controller: Client, namespace: &str) -> Self {
        let cluster = Cluster::builder(controller).namespace(namespace).open();
        let sets = Controller::new(cluster.clone()).spawn();
        let recording = cluster.record(sets.events());
        Self { namespace: namespace.to_owned(), client, began: Instant::now(), sets, recording }
    }

    pub(crate) fn objects(&self) -> Api<DynamicObject> {
        let resource = ApiResource {
            group: "petset.rs".to_owned(),
            version: "v1".to_owned(),
            api_version: "petset.rs/v1".to_owned(),
            kind: "PetSet".to_owned(),
            plural: "petsets".to_owned(),
        };
        Api::namespaced_with(self.client.clone(), &self.namespace, &resource)
    }

    pub(crate) async fn create(&self, name: &str, spec: Value) -> Result<(), Error> {
        let set = json!({ "apiVersion": "petset.rs/v1", "kind": "PetSet",
            "metadata": { "name": name, "namespace": self.namespace }, "spec": spec });
        self.objects().create(&PostParams::default(), &serde_json::from_value(set)?).await?;
        Ok(())
    }

    pub(crate) async fn patch(&self, name: &str, patch: Value) -> Result<(), Error> {
        self.objects().patch(name, &PatchParams::default(), &Patch::Merge(patch)).await?;
        Ok(())
    }

    pub(crate) async fn delete(&self, name: &str) -> Result<(), Error> {
        self.objects().delete(name, &DeleteParams::default()).await?;
        Ok(())
    }

    async fn status(&self, name: &str) -> Result<Value, Error> {
        Ok(self.objects().get(name).await?.data["status"].clone())
    }

    /// Waits until this holds of the status of a set.
    pub(crate) async fn until_status(&self, name: &str, wanted: impl Fn(&Value) -> bool) -> Result<Value, Error> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let status = self.status(name).await;
            if let Ok(status) = &status
                && wanted(status)
            {
                return Ok(status.clone());
            }
            if Instant::now() >= deadline {
                let events: Vec<_> = self.events(name).await?.into_iter().map(|event| event.message).collect();
                return Err(format!("set {name} is {status:?}, told was {events:?}").into());
            }
            sleep(Duration::from_millis(50)).await;
        }
    }

    pub(crate) async fn until_ready(&self, name: &str, count: u32) -> Result<(), Error> {
        self.until_status(name, |status| status["replicas"] == count && status["readyReplicas"] == count).await?;
        Ok(())
    }

    /// Waits until a set is degraded, and its condition says all of these words.
    pub(crate) async fn until_degraded(&self, name: &str, reason: &str, words: &[&str]) -> Result<(), Error> {
        let is_told = |status: &Value| {
            let degraded = condition(status, "Degraded");
            let message = degraded["message"].as_str().unwrap_or_default();
            degraded["status"] == "True"
                && degraded["reason"] == reason
                && words.iter().all(|word| message.contains(word))
        };
        self.until_status(name, is_told).await.map(drop)
    }

    pub(crate) async fn until_well(&self, name: &str) -> Result<(), Error> {
        self.until_status(name, |status| condition(status, "Degraded")["status"] == "False").await.map(drop)
    }

    pub(crate) async fn until_gone(&self, name: &str) -> Result<(), Error> {
        let is_gone = |set: Option<&DynamicObject>| set.is_none();
        tokio::time::timeout(PATIENCE, await_condition(self.objects(), name, is_gone)).await??;
        Ok(())
    }

    /// The Events of a set.
    pub(crate) async fn events(&self, name: &str) -> Result<Vec<Event>, Error> {
        let parameters =
            ListParams::default().fields(&format!("involvedObject.kind=PetSet,involvedObject.name={name}"));
        let events: Api<Event> = Api::namespaced(self.client.clone(), &self.namespace);
        Ok(events.list(&parameters).await?.items)
    }

    /// Waits until an Event of this reason says these words.
    pub(crate) async fn until_event(&self, name: &str, reason: &str, words: &str) -> Result<Event, Error> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let events = self.events(name).await?;
            let says = |event: &&Event| {
                event.reason.as_deref() == Some(reason)
                    && event.message.as_deref().is_some_and(|message| message.contains(words))
            };
            if let Some(found) = events.iter().find(says) {
                return Ok(found.clone());
            }
            ensure!(Instant::now() < deadline, "no {reason} says {words:?}: {events:?}");
            sleep(Duration::from_millis(100)).await;
        }
    }

    /// How often something failed so far.
    pub(crate) fn failures(&self, name: &str, reason: EventReason) -> usize {
        let events = self.sets.events();
        events.past().filter(|event| &*event.set.name == name && event.warning && event.reason == reason).count()
    }

    /// Waits until something has failed so often.
    pub(crate) async fn until_failures(&self, name: &str, reason: EventReason, count: usize) -> Result<(), Error> {
        let deadline = Instant::now() + PATIENCE;
        while self.failures(name, reason) < count {
            ensure!(Instant::now() < deadline, "{reason:?} of {name} is told {} times", self.failures(name, reason));
            sleep(Duration::from_millis(50)).await;
        }
        Ok(())
    }

    /// What can mend itself was tried with growing pauses: half a second, doubled each time up to half a minute.
    pub(crate) fn tries_with_growing_pauses(&self, failures: usize, pets: usize) -> Result<(), Error> {
        let elapsed = self.began.elapsed().as_secs_f64();
        let doubled = (elapsed / 0.5 + 1.0).log2().ceil() + elapsed / 30.0 + 1.0;
        self.at_most(failures, pets, doubled)
    }

    /// What only people can mend was tried twice a minute.
    pub(crate) fn tries_twice_a_minute(&self, failures: usize, pets: usize) -> Result<(), Error> {
        self.at_most(failures, pets, self.began.elapsed().as_secs_f64() / 30.0 + 1.0)
    }

    #[expect(clippy::cast_precision_loss, reason = "a few failures")]
    fn at_most(&self, failures: usize, pets: usize, most: f64) -> Result<(), Error> {
        let elapsed = self.began.elapsed();
        let is_bounded = failures as f64 <= most * pets as f64;
        ensure!(is_bounded, "{failures} failures of {pets} pets within {elapsed:?}");
        Ok(())
    }

    /// The controller stops; what it told is written.
    pub(crate) async fn leave(self) {
        self.sets.shutdown().await;
        self.recording.finish().await;
    }
}

/// One condition of a status.
pub(crate) fn condition(status: &Value, kind: &str) -> Value {
    let mut conditions = status["conditions"].as_array().into_iter().flatten();
    conditions.find(|condition| condition["type"] == kind).cloned().unwrap_or_default()
}

pub(crate) async fn make_namespace(client: &Client, name: &str) -> Result<(), Error> {
    let new: Namespace = serde_json::from_value(json!({ "metadata": { "name": name } }))?;
    Api::all(client.clone()).create(&PostParams::default(), &new).await?;
    Ok(())
}

/// A set of so many pets.
pub(crate) fn spec(replicas: u32) -> Value {
    json!({
        "replicas": replicas,
        "template": {
            "metadata": { "labels": { "app": "pets" } },
            "spec": { "terminationGracePeriodSeconds": 1, "containers": [{ "name": "main", "image": "stand-in" }] },
        },
    })
}

/// The same with a claim for each pet; of the cluster's default class unless one is named.
pub(crate) fn spec_with_claim(replicas: u32, class: Option<&str>) -> Value {
    let mut spec = spec(replicas);
    spec["template"]["spec"]["containers"][0]["volumeMounts"] = json!([{ "name": "data", "mountPath": "/data" }]);
    spec["volumeClaimTemplates"] = json!([{ "metadata": { "name": "data" }, "spec": {
        "accessModes": ["ReadWriteOnce"], "storageClassName": class,
        "resources": { "requests": { "storage": "1Mi" } } } }]);
    if class.is_none()
        && let Some(fields) = spec["volumeClaimTemplates"][0]["spec"].as_object_mut()
    {
        fields.remove("storageClassName");
    }
    spec
}
