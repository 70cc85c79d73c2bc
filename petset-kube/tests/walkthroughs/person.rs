//! Somebody with `kubectl`, a namespace, and a controller that works in it.

use std::ops::Deref;

use k8s_openapi::api::core::v1::Namespace;
use kube::api::PostParams;
use kube::{Api, Client};
use petset_core::Controller;
use petset_core::controller::Sets;
use petset_kube::cluster::Cluster;
use serde_json::{Value, json};

use crate::Error;
use crate::account::account;
use crate::observer::Observer;
use crate::terminal::Terminal;
use crate::world::{self, World};

/// Somebody who works on a namespace of their own.
pub(crate) struct Person {
    pub(crate) world: &'static World,
    terminal: Terminal,
    pub(crate) client: Client,
    /// As the administrator sees it; the controller has its own.
    pub(crate) cluster: Cluster,
    controller: Sets,
}

impl Person {
    /// A namespace of this name, with a controller at work in it.
    pub(crate) async fn at_work(namespace: &str) -> Result<Self, Error> {
        let world = world::the_world().await?;
        let client = world.server.client()?;
        let new: Namespace = serde_json::from_value(json!({ "metadata": { "name": namespace } }))?;
        Api::all(client.clone()).create(&PostParams::default(), &new).await?;
        let cluster = Cluster::builder(client.clone()).namespace(namespace).open();
        let theirs = Cluster::builder(account(&world.server).await?.client()?).namespace(namespace).open();
        let controller = Controller::new(theirs).spawn();
        let terminal = Terminal { server: world.server.clone(), namespace: namespace.to_owned() };
        Ok(Self { world, terminal, client, cluster, controller })
    }

    /// Somebody who watches the order of things from now on.
    pub(crate) async fn observer(&self) -> Result<Observer, Error> {
        Observer::start(self.client.clone(), &self.namespace, true).await
    }

    /// Starts one more controller with views of its own, each time.
    pub(crate) async fn another_controller(&self) -> Result<impl Fn() -> Sets + Send + use<>, Error> {
        let (client, namespace) = (account(&self.world.server).await?.client()?, self.namespace.clone());
        Ok(move || Controller::new(Cluster::builder(client.clone()).namespace(namespace.as_str()).open()).spawn())
    }

    /// The set of the reference's text, changed.
    pub(crate) fn create(&self, change: impl FnOnce(String) -> String) -> Result<String, Error> {
        self.apply("create", &change(include_str!("petset.yaml").to_owned()))
    }

    pub(crate) fn patch(&self, body: &Value) -> Result<(), Error> {
        self.kubectl(&["patch", "petset", "web", "--type=merge", "-p", &body.to_string()]).map(drop)
    }

    /// Waits until the set has seen its newest declaration and has exactly so many pods, all ready.
    pub(crate) async fn until_ready(&self, count: u32) -> Result<(), Error> {
        let generation = self.field("petset/web", ".metadata.generation")?;
        self.until_field("petset/web", ".status.observedGeneration", &generation).await?;
        let both = ".status.replicas} {.status.readyReplicas";
        self.until_field("petset/web", both, &format!("{count} {count}")).await
    }

    /// The claims by name, with their uids.
    pub(crate) fn claims(&self) -> Result<Vec<(String, String)>, Error> {
        self.uids("pvc")
    }

    /// Goes home.
    pub(crate) async fn leave(self) {
        self.controller.shutdown().await;
    }
}

impl Deref for Person {
    type Target = Terminal;

    fn deref(&self) -> &Terminal {
        &self.terminal
    }
}

/// The names of pairs.
pub(crate) fn names(pairs: &[(String, String)]) -> Vec<&str> {
    pairs.iter().map(|(name, _)| name.as_str()).collect()
}
