//! A node of one's own on the engine of this machine, in a namespace that nobody else uses.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::thread;

use bollard::Docker;
use bollard::query_parameters::{
    ListContainersOptions, ListNetworksOptions, ListVolumesOptions, RemoveContainerOptions, RemoveVolumeOptions,
};
use petset_core::backend::ClaimRequest;
use petset_core::spec::ClaimSpec;
use petset_core::{ClaimUid, Ordinal, SetKey};
use petset_docker::node::{Node, NodeBuilder};
use tempfile::TempDir;

/// What every object of ours is labelled with.
const NAMESPACE: &str = "petset.rs/namespace";

#[derive(Debug)]
pub(crate) struct Place {
    dir: TempDir,
    /// Where the engine is, when it is not the one that everybody finds.
    host: Option<String>,
    pub(crate) namespace: String,
    pub(crate) engine: Docker,
}

impl Place {
    pub(crate) fn new() -> Self {
        Self::on(None)
    }

    /// A place on the engine of this machine, or on another one.
    pub(crate) fn on(host: Option<String>) -> Self {
        let namespace = format!("t{}", &ClaimUid::random().as_str()[..8]);
        let engine = connect(host.as_deref());
        Self { dir: TempDir::new().expect("a directory"), host, namespace, engine }
    }

    pub(crate) fn builder(&self) -> NodeBuilder {
        let builder = Node::builder(self.path("node"));
        match &self.host {
            Some(host) => builder.host(host),
            None => builder,
        }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn set(&self, name: &str) -> SetKey {
        SetKey::new(self.namespace.as_str(), name)
    }

    /// A claim of 1Mi of template `data`.
    pub(crate) fn request(&self, set: &str, ordinal: u32) -> ClaimRequest {
        let (set, ordinal) = (self.set(set), Ordinal(ordinal));
        let mut spec = ClaimSpec { access_modes: vec!["ReadWriteOnce".to_owned()], ..ClaimSpec::default() };
        spec.resources.requests.insert("storage".to_owned(), "1Mi".into());
        ClaimRequest {
            template: "data".to_owned(),
            name: set.claim_name("data", ordinal),
            set,
            ordinal,
            owner: None,
            labels: [("app".to_owned(), "db".to_owned())].into(),
            annotations: [].into(),
            spec,
        }
    }

    /// The names of the volumes that the namespace has.
    pub(crate) async fn volumes(&self) -> Vec<String> {
        volumes(&self.engine, &self.namespace).await
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let tidy = || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(tidy(self.host.as_deref(), &self.namespace, self.dir.path()));
        };
        // The test's runtime is busy with the test.
        let _ = thread::scope(|scope| scope.spawn(tidy).join());
    }
}

fn connect(host: Option<&str>) -> Docker {
    let engine = host.map_or_else(Docker::connect_with_defaults, Docker::connect_with_host);
    engine.expect("scripts/services docker")
}

fn ours(namespace: &str) -> HashMap<String, Vec<String>> {
    HashMap::from([("label".to_owned(), vec![format!("{NAMESPACE}={namespace}")])])
}

async fn volumes(engine: &Docker, namespace: &str) -> Vec<String> {
    let options = ListVolumesOptions { filters: Some(ours(namespace)) };
    let found = engine.list_volumes(Some(options)).await.expect("lists").volumes.unwrap_or_default();
    found.into_iter().map(|volume| volume.name).collect()
}

/// The marks on the engine of the nodes below a directory.
pub(crate) async fn marks(engine: &Docker, dir: &Path) -> Vec<String> {
    let filters = HashMap::from([("label".to_owned(), vec!["petset.rs/role=node".to_owned()])]);
    let found = engine.list_volumes(Some(ListVolumesOptions { filters: Some(filters) })).await.expect("lists");
    let dir = dir.canonicalize().expect("it is there");
    let ours = |labels: &HashMap<String, String>| Path::new(&labels["petset.rs/directory"]).starts_with(&dir);
    let volumes = found.volumes.unwrap_or_default().into_iter().filter(|volume| ours(&volume.labels));
    volumes.map(|volume| volume.name).collect()
}

async fn tidy(host: Option<&str>, namespace: &str, dir: &Path) {
    let engine = connect(host);
    let options = ListContainersOptions { all: true, filters: Some(ours(namespace)), ..Default::default() };
    for container in engine.list_containers(Some(options)).await.unwrap_or_default() {
        let force = RemoveContainerOptions { force: true, ..Default::default() };
        let _ = engine.remove_container(&container.id.unwrap_or_default(), Some(force)).await;
    }
    let marks = marks(&engine, dir).await;
    for volume in volumes(&engine, namespace).await.into_iter().chain(marks) {
        let _ = engine.remove_volume(&volume, None::<RemoveVolumeOptions>).await;
    }
    let options = ListNetworksOptions { filters: Some(ours(namespace)) };
    for network in engine.list_networks(Some(options)).await.unwrap_or_default() {
        let _ = engine.remove_network(&network.id.unwrap_or_default()).await;
    }
}
