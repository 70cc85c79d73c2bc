//! What happens to a set while everything else goes wrong, and what must be true of it in the end.

use k8s_openapi::api::core::v1::{PersistentVolumeClaim, Pod};
use kube::api::ListParams;
use kube::{Api, ResourceExt};
use petset_core::Backends;
use serde_json::{Value, json};

use crate::kind::Kind;
use crate::observer::Observer;
use crate::web::{Web, insist};
use crate::{Error, ensure};

/// A set that is about to live through something.
pub(crate) struct Story {
    pub(crate) web: Web,
    pub(crate) kind: Kind,
    observer: Observer,
}

pub(crate) fn scaled(replicas: u32) -> Value {
    json!({ "spec": { "replicas": replicas } })
}

/// The template is replaced by one of another image.
fn image(image: &str) -> Value {
    json!({ "spec": { "template": { "spec": { "containers": [{ "name": "nginx", "image": image,
        "volumeMounts": [{ "name": "www", "mountPath": "/usr/share/nginx/html" }] }] } } } })
}

impl Story {
    pub(crate) async fn new(client: kube::Client, kind: Kind, name: &str) -> Result<Self, Error> {
        let web = Web::new(client.clone(), kind.resource(), name).await?;
        let observer = Observer::start(client, &web.namespace, true).await?;
        Ok(Self { web, kind, observer })
    }

    /// What a controller of it works with, over this client.
    pub(crate) fn backends(&self, client: kube::Client) -> Backends {
        self.kind.backends(client, &self.web.namespace)
    }

    /// What tells the program to work on it, and on nothing else.
    pub(crate) fn arguments(&self) -> [String; 2] {
        [self.kind.argument().to_owned(), format!("--namespace={}", self.web.namespace)]
    }

    /// Up to three, to five, on another image, down to two: each goal is reached, nothing is lost, no pet is there twice.
    pub(crate) async fn run(self) -> Result<(), Error> {
        self.web.create(3).await?;
        self.web.until_rolled_out(3).await?;
        self.run_on().await
    }

    /// The same from three pets on.
    pub(crate) async fn run_on(self) -> Result<(), Error> {
        let Self { web, kind: _, observer } = self;
        let first = claims(&web).await?;
        web.patch(&scaled(5)).await?;
        web.until_rolled_out(5).await?;
        let before = claims(&web).await?;
        ensure!(first.len() == 3 && before.starts_with(&first), "the claims were {first:?}, and are {before:?}");
        web.patch(&image("nginx-slim:0.9")).await?;
        web.until_rolled_out(5).await?;
        web.patch(&scaled(2)).await?;
        web.until_rolled_out(2).await?;
        let pods = pods(&web).await?;
        let expected = ["web-0", "web-1"].map(|pod| (pod.to_owned(), "nginx-slim:0.9".to_owned()));
        ensure!(pods == expected, "{pods:?}");
        let after = claims(&web).await?;
        ensure!(before.len() == 5 && after == before, "the claims were {before:?}, and are {after:?}");
        observer.finish().map(drop)
    }

    /// What [`Observer::finish`] tells, of a story that went otherwise.
    pub(crate) fn finish(self) -> Result<(Vec<u32>, Vec<u32>), Error> {
        self.observer.finish()
    }
}

/// The pods by name, with their images.
async fn pods(web: &Web) -> Result<Vec<(String, String)>, Error> {
    let api: Api<Pod> = Api::namespaced(web.client.clone(), &web.namespace);
    let image = |pod: &Pod| pod.spec.as_ref().and_then(|spec| spec.containers.first()?.image.clone());
    let all = insist(async || api.list(&ListParams::default()).await).await?;
    Ok(all.iter().map(|pod| (pod.name_any(), image(pod).unwrap_or_default())).collect())
}

/// The claims by name, with their uids.
pub(crate) async fn claims(web: &Web) -> Result<Vec<(String, String)>, Error> {
    let api: Api<PersistentVolumeClaim> = Api::namespaced(web.client.clone(), &web.namespace);
    let all = insist(async || api.list(&ListParams::default()).await).await?;
    Ok(all.iter().map(|claim| (claim.name_any(), claim.uid().unwrap_or_default())).collect())
}
