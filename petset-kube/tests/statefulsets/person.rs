//! Somebody with `kubectl`, a namespace, and a controller of `StatefulSet`s that works in it.

use std::ops::Deref;
use std::time::Duration;

use k8s_openapi::api::core::v1::Namespace;
use kube::api::PostParams;
use kube::{Api, Client};
use petset_core::controller::Sets;
use petset_core::engine::EventReason;
use petset_core::{Controller, ControllerOptions, SetKey};
use petset_kube::cluster::{Cluster, StatefulSets};
use serde_json::{Value, json};

use crate::account::account;
use crate::refusals::Refusals;
use crate::terminal::Terminal;
use crate::world::{self, World};
use crate::{Error, ensure};

/// The condition that says that a set is ours, and what is remembered of it.
pub(crate) const STATE: &str = "petset.rs/State";

/// Somebody who works on a namespace of their own.
pub(crate) struct Person<'w> {
    pub(crate) world: &'w World,
    terminal: Terminal,
    pub(crate) client: Client,
    pub(crate) cluster: Cluster<StatefulSets>,
    controller: Option<Sets>,
}

impl Person<'static> {
    /// A namespace of this name in the cluster that all share, with a controller at work in it.
    pub(crate) async fn at_work(namespace: &str) -> Result<Self, Error> {
        let mut person = Person::arrive(world::the_world().await?, namespace).await?;
        person.begin();
        Ok(person)
    }

    /// The same, and what the controller asks may be refused.
    pub(crate) async fn at_work_behind(namespace: &str, refusals: &Refusals) -> Result<Self, Error> {
        let mut person = Person::arrive(world::the_world().await?, namespace).await?;
        let account = account(&person.world.server).await?;
        person.cluster = cluster(refusals.between(account.client()?), namespace);
        person.begin();
        Ok(person)
    }
}

impl<'w> Person<'w> {
    /// A new namespace in which no controller works yet.
    pub(crate) async fn arrive(world: &'w World, namespace: &str) -> Result<Self, Error> {
        let client = world.server.client()?;
        let new: Namespace = serde_json::from_value(json!({ "metadata": { "name": namespace } }))?;
        Api::all(client.clone()).create(&PostParams::default(), &new).await?;
        let cluster = cluster(account(&world.server).await?.client()?, namespace);
        let terminal = Terminal { server: world.server.clone(), namespace: namespace.to_owned() };
        Ok(Self { world, terminal, client, cluster, controller: None })
    }

    /// The set.
    pub(crate) fn key(&self) -> SetKey {
        SetKey::new(self.namespace.as_str(), "web")
    }

    /// From now on our controller works.
    pub(crate) fn begin(&mut self) {
        let mut options = ControllerOptions::default();
        // Labels are put back as often as names are published: here, by each pass.
        options.engine.names_interval = Duration::ZERO;
        self.controller = Some(Controller::new(self.cluster.clone()).options(options).spawn());
    }

    /// From now on our controller works no more.
    pub(crate) async fn end(&mut self) {
        if let Some(controller) = self.controller.take() {
            controller.shutdown().await;
        }
    }

    /// An error unless our controller has told of a failure of this kind, in these words.
    pub(crate) fn ensure_warned(&self, reason: EventReason, words: &str) -> Result<(), Error> {
        let events = self.controller.as_ref().ok_or("nobody is at work")?.events();
        let warnings: Vec<_> = events.past().filter(|event| event.warning).collect();
        let is_told = warnings.iter().any(|event| event.reason == reason && event.message.contains(words));
        ensure!(is_told, "no {reason:?} says {words:?}: {warnings:?}");
        Ok(())
    }

    /// The set and its Service, changed.
    pub(crate) fn create(&self, change: impl FnOnce(String) -> String) -> Result<String, Error> {
        self.apply("create", &change(include_str!("web.yaml").to_owned()))
    }

    /// An object, or a list of them, as JSON.
    pub(crate) fn json(&self, object: &str) -> Result<Value, Error> {
        Ok(serde_json::from_str(&self.kubectl(&["get", object, "-o=json"])?)?)
    }

    /// Merges this into the set.
    pub(crate) fn patch(&self, body: &Value) -> Result<(), Error> {
        self.kubectl(&["patch", "statefulset", "web", "--type=merge", "-p", &body.to_string()]).map(drop)
    }

    /// Gives the set another image.
    pub(crate) fn image(&self, image: &str) -> Result<(), Error> {
        self.kubectl(&["set", "image", "statefulset/web", &format!("nginx={image}")]).map(drop)
    }

    /// Waits until the set has seen its newest declaration and has exactly so many pods, all ready.
    pub(crate) async fn until_ready(&self, count: u32) -> Result<(), Error> {
        let generation = self.field("statefulset/web", ".metadata.generation")?;
        self.until_field("statefulset/web", ".status.observedGeneration", &generation).await?;
        let both = ".status.replicas} {.status.readyReplicas";
        // A set of none says nothing where Kubernetes leaves zeros out.
        let wanted = [format!("{count} {count}"), format!("{count} ")];
        let path = format!("-o=jsonpath={{{both}}}");
        let is_wanted = |printed: &str| printed == wanted[0] || count == 0 && printed == wanted[1];
        self.until(&["get", "statefulset/web", &path], is_wanted).await.map(drop)
    }

    /// Waits until the pods have these images, in the order of their names.
    pub(crate) async fn until_images(&self, wanted: &str) -> Result<(), Error> {
        let path = "-o=jsonpath={.items[*].spec.containers[0].image}";
        self.until(&["get", "pods", path], |printed| printed == wanted).await.map(drop)
    }

    /// What our controller remembers of the set, once it has it on record as its own.
    pub(crate) async fn until_ours(&self) -> Result<Value, Error> {
        let message = format!("-o=jsonpath={{.status.conditions[?(@.type==\"{STATE}\")].message}}");
        let printed = self.until(&["get", "statefulset/web", &message], |printed| !printed.is_empty()).await?;
        Ok(serde_json::from_str(&printed)?)
    }

    /// The claims by name, with their uids.
    pub(crate) fn claims(&self) -> Result<Vec<(String, String)>, Error> {
        self.uids("pvc")
    }

    /// The revisions: name, uid, number and data.
    pub(crate) fn revisions(&self) -> Result<Vec<Value>, Error> {
        let all = self.json("controllerrevisions")?;
        let items = all["items"].as_array().cloned().unwrap_or_default();
        let told =
            |item: Value| json!([item["metadata"]["name"], item["metadata"]["uid"], item["revision"], item["data"]]);
        Ok(items.into_iter().map(told).collect())
    }

    /// Goes home.
    pub(crate) async fn leave(mut self) {
        self.end().await;
    }
}

impl Deref for Person<'_> {
    type Target = Terminal;

    fn deref(&self) -> &Terminal {
        &self.terminal
    }
}

/// The sets of one namespace, over this client.
pub(crate) fn cluster(client: Client, namespace: &str) -> Cluster<StatefulSets> {
    Cluster::builder(client).namespace(namespace).stateful_sets().open()
}

/// The text of a set, whose pods do not wait for each other.
pub(crate) fn parallel(text: &str) -> String {
    text.replace("  serviceName: nginx\n", "  serviceName: nginx\n  podManagementPolicy: Parallel\n")
}

/// The names of pairs.
pub(crate) fn names(pairs: &[(String, String)]) -> Vec<&str> {
    pairs.iter().map(|(name, _)| name.as_str()).collect()
}

/// A patch that gives pods this program of the stand-in kubelet.
pub(crate) fn program(program: &Value) -> Value {
    json!({ "spec": { "template": { "metadata": { "annotations": { petset_kube::envtest::Kubelet::PROGRAM: program } } } } })
}
