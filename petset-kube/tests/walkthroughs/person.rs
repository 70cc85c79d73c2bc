//! Somebody with `kubectl`, a namespace, and a controller that works in it.

use std::fs;
use std::process::Command;
use std::time::Duration;

use k8s_openapi::api::core::v1::Namespace;
use kube::api::PostParams;
use kube::{Api, Client};
use petset_core::Controller;
use petset_core::controller::Sets;
use petset_kube::cluster::Cluster;
use petset_kube::envtest::Server;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::account::account;
use crate::observer::Observer;
use crate::world::{self, World};
use crate::{Error, ensure};

/// How long a level is waited for.
const PATIENCE: Duration = Duration::from_secs(90);

/// Somebody who works on a namespace of their own.
pub(crate) struct Person {
    pub(crate) world: &'static World,
    pub(crate) namespace: String,
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
        Ok(Self { world, namespace: namespace.to_owned(), client, cluster, controller })
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
        let file = tempfile::NamedTempFile::new()?;
        fs::write(file.path(), change(include_str!("petset.yaml").to_owned()))?;
        self.kubectl(&["create", "-f", &file.path().display().to_string()])
    }

    /// What `kubectl` prints.
    pub(crate) fn kubectl(&self, arguments: &[&str]) -> Result<String, Error> {
        let output = Command::new(Server::assets()?.join("kubectl"))
            .arg(format!("--kubeconfig={}", self.world.server.kubeconfig().display()))
            .arg(format!("--namespace={}", self.namespace))
            .args(arguments)
            .output()?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        ensure!(output.status.success(), "kubectl {}: {said}", arguments.join(" "));
        Ok(String::from_utf8(output.stdout)?)
    }

    /// One field of an object, as text.
    pub(crate) fn field(&self, object: &str, path: &str) -> Result<String, Error> {
        self.kubectl(&["get", object, &format!("-o=jsonpath={{{path}}}")])
    }

    pub(crate) fn patch(&self, body: &Value) -> Result<(), Error> {
        self.kubectl(&["patch", "petset", "web", "--type=merge", "-p", &body.to_string()]).map(drop)
    }

    /// Waits until a command prints this.
    pub(crate) async fn until(&self, arguments: &[&str], wanted: impl Fn(&str) -> bool) -> Result<String, Error> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let printed = self.kubectl(arguments);
            match &printed {
                Ok(printed) if wanted(printed) => return Ok(printed.clone()),
                Ok(_) | Err(_) if Instant::now() < deadline => sleep(Duration::from_millis(100)).await,
                printed => {
                    let all = self.kubectl(&["get", "petset,pod,pvc", "-o=wide"])?;
                    let status = self.field("petset/web", ".status").unwrap_or_default();
                    let explained = self.controller.explain(format!("{}/web", self.namespace).as_str()).await;
                    let explained = explained.map(|all| all.to_string()).unwrap_or_default();
                    let text = format!("{}: {printed:?}\n{all}\n{status}\n{explained}", arguments.join(" "));
                    return Err(text.into());
                }
            }
        }
    }

    /// Waits until a field of an object is this.
    pub(crate) async fn until_field(&self, object: &str, path: &str, wanted: &str) -> Result<(), Error> {
        let path = format!("-o=jsonpath={{{path}}}");
        self.until(&["get", object, &path], |printed| printed == wanted).await.map(drop)
    }

    /// Waits until the set has seen its newest declaration and has exactly so many pods, all ready.
    pub(crate) async fn until_ready(&self, count: u32) -> Result<(), Error> {
        let generation = self.field("petset/web", ".metadata.generation")?;
        self.until_field("petset/web", ".status.observedGeneration", &generation).await?;
        let both = ".status.replicas} {.status.readyReplicas";
        self.until_field("petset/web", both, &format!("{count} {count}")).await
    }

    /// The pods by name, with their uids.
    pub(crate) fn pods(&self) -> Result<Vec<(String, String)>, Error> {
        let path = "-o=jsonpath={range .items[*]}{.metadata.name} {.metadata.uid}\n{end}";
        let printed = self.kubectl(&["get", "pods", path])?;
        Ok(printed.lines().filter_map(|line| line.split_once(' ')).map(|(a, b)| (a.into(), b.into())).collect())
    }

    /// The claims by name, with their uids.
    pub(crate) fn claims(&self) -> Result<Vec<(String, String)>, Error> {
        let path = "-o=jsonpath={range .items[*]}{.metadata.name} {.metadata.uid}\n{end}";
        let printed = self.kubectl(&["get", "pvc", path])?;
        Ok(printed.lines().filter_map(|line| line.split_once(' ')).map(|(a, b)| (a.into(), b.into())).collect())
    }

    /// Goes home.
    pub(crate) async fn leave(self) {
        self.controller.shutdown().await;
    }
}

/// The names of pairs.
pub(crate) fn names(pairs: &[(String, String)]) -> Vec<&str> {
    pairs.iter().map(|(name, _)| name.as_str()).collect()
}
