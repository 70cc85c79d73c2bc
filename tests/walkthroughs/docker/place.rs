//! A node on the engine, in a namespace of its own.

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;

use async_trait::async_trait;
use petset::backend::PodRef;
use petset::docker::node::{Node, NodeBuilder};
use petset::docker::pods::PodOptions;
use petset::docker::pods::RestartBackoff;
use petset::docker::volumes::StaticVolume;
use petset::spec::{ConfigObject, PetSet, Volume, VolumeMount};
use petset::{Backends, Manifest};
use serde_json::json;
use tempfile::TempDir;

use super::hands::{self, NAMESPACE, docker};
use crate::Error;
use crate::place::Place;

/// What the pets' containers run from: a root file system without this program.
pub(crate) const IMAGE: &str = "petset.test/busybox:1";
/// A program of this machine that the walkthroughs run inside pets.
const GETENT: &str = "/usr/bin/getent";

/// A node of containers. Its namespace is emptied when it is dropped.
pub(crate) struct DockerPlace {
    pub(crate) node: Node,
    _namespace: Namespace,
    _mark: Mark,
    namespace: String,
    _dir: TempDir,
}

/// Everything in a namespace of the engine, removed when this is dropped.
struct Namespace(String);

impl Drop for Namespace {
    fn drop(&mut self) {
        hands::remove(&self.0);
    }
}

/// The node's mark on the engine, removed when this is dropped.
struct Mark(PathBuf);

impl Drop for Mark {
    fn drop(&mut self) {
        hands::unmark(&self.0);
    }
}

/// Why no containers can run here, if so. The first one to ask removes what earlier runs left.
pub(crate) fn cannot_run() -> Option<String> {
    static FOUND: OnceLock<Option<String>> = OnceLock::new();
    let find = || {
        let tried = docker(&["image", "inspect", IMAGE]).and_then(|_| hands::sweep());
        tried.err().map(|error| format!("scripts/services docker images: {error}"))
    };
    FOUND.get_or_init(find).clone()
}

impl DockerPlace {
    /// A node with a pool of volumes, each a directory of this machine that stands for an export of its own.
    pub(crate) async fn start(pool: &[&str]) -> Result<Self, Error> {
        Self::with(pool, |builder| builder).await
    }

    /// A node with more options.
    pub(crate) async fn with(pool: &[&str], options: impl FnOnce(NodeBuilder) -> NodeBuilder) -> Result<Self, Error> {
        let (dir, namespace) = (tempfile::tempdir()?, hands::fresh_namespace());
        let guard = Namespace(namespace.clone());
        let mut builder = builder(dir.path());
        for name in pool {
            let (name, label) = (format!("{namespace}-{name}"), format!("{NAMESPACE}={namespace}"));
            let export = dir.path().join("exports").join(&name);
            std::fs::create_dir_all(&export)?;
            let device = format!("device={}", export.display());
            let bind = ["--opt", "type=none", "--opt", "o=bind", "--opt", &device];
            docker(&[&["volume", "create", "--label", &label], &bind[..], &[&name]].concat())?;
            builder = builder.static_volume(StaticVolume::new(name, 2 << 30));
        }
        let node = options(builder).open().await?;
        let mark = Mark(node.dir().to_owned());
        Ok(Self { node, _namespace: guard, _mark: mark, namespace, _dir: dir })
    }
}

fn builder(dir: &Path) -> NodeBuilder {
    let mut options = PodOptions::default();
    options.backoff = RestartBackoff::new(Duration::from_millis(100), Duration::from_secs(1));
    options.allowed_host_paths = shared_paths();
    Node::builder(dir.join("node")).pod_options(options)
}

/// This program, what it is linked to, and `getent`.
fn shared_paths() -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> =
        ["/lib", "/lib64", GETENT].map(PathBuf::from).into_iter().filter(|path| path.exists()).collect();
    paths.extend(std::env::current_exe());
    paths
}

#[async_trait]
impl Place for DockerPlace {
    fn backends(&self) -> Backends {
        self.node.clone().into()
    }

    fn namespace(&self) -> &str {
        &self.namespace
    }

    fn fit(&self, manifest: &mut Manifest) {
        for object in &mut manifest.objects {
            let metadata = match object {
                ConfigObject::Service(service) => &mut service.metadata,
                ConfigObject::ConfigMap(map) => &mut map.metadata,
                ConfigObject::Secret(secret) => &mut secret.metadata,
                _ => continue,
            };
            self.namespace.clone_into(&mut metadata.namespace);
        }
        for set in &mut manifest.sets {
            self.namespace.clone_into(&mut set.metadata.namespace);
            share_program(set);
        }
    }

    fn keeps_addresses(&self) -> bool {
        false
    }

    async fn name_server(&self) -> Result<SocketAddr, Error> {
        let network = format!("{}.petset", self.namespace);
        let gateway = docker(&["network", "inspect", "--format", "{{(index .IPAM.Config 0).Gateway}}", &network])?;
        Ok(SocketAddr::new(gateway.parse::<IpAddr>()?, 53))
    }

    async fn run(&self, pod: &PodRef, container: &str, argv: &[String]) -> Result<(bool, String), Error> {
        let (code, printed) = self.node.pods().exec(pod, container, argv).await?;
        Ok((code == Some(0), String::from_utf8_lossy(&printed).into_owned()))
    }

    async fn crash(&self, pod: &PodRef, container: &str) -> Result<(), Error> {
        let name = format!("{container}.{}.{}.petset", pod.name(), self.namespace);
        docker(&["kill", "--signal", "KILL", &name]).map(drop)
    }
}

/// Every container has this program at its path, and what it needs to run.
fn share_program(set: &mut PetSet) {
    let spec = &mut set.spec.template.spec;
    for (index, path) in shared_paths().into_iter().enumerate() {
        let (name, path) = (format!("host-{index}"), path.display().to_string());
        let volume = json!({ "name": name, "hostPath": { "path": path } });
        let mount = json!({ "name": name, "mountPath": path, "readOnly": true });
        spec.volumes.extend(serde_json::from_value::<Volume>(volume));
        for container in &mut spec.containers {
            container.image.get_or_insert_with(|| IMAGE.to_owned());
            container.volume_mounts.extend(serde_json::from_value::<VolumeMount>(mount.clone()));
        }
    }
}
