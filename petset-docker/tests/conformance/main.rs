//! The conformance suite over a node on a real engine, one directory for each case.

#[path = "../common/proxy.rs"]
mod proxy;
mod workload;

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bollard::Docker;
use bollard::errors::Error as Bollard;
use bollard::query_parameters::{
    InspectContainerOptions, ListContainersOptions, ListVolumesOptions, RemoveVolumeOptions,
};
use petset_core::backend::{Claim, Pod};
use petset_core::{Error, ErrorKind, Result, SetKey};
use petset_docker::node::Node;
use petset_docker::pods::{PodOptions, RestartBackoff};
use petset_testkit::conformance::{self, Hands, Subject};
use proxy::Proxy;
use tempfile::TempDir;

#[derive(Debug)]
struct EngineHands {
    engine: Docker,
    proxy: Proxy,
    node: Node,
    /// Dropped last.
    dir: TempDir,
}

#[async_trait]
impl Hands for EngineHands {
    async fn vanish_volume(&self, claim: &Claim) -> Result<()> {
        let volume = claim.volume.as_deref().unwrap_or_default();
        let removed = self.engine.remove_volume(volume, None::<RemoveVolumeOptions>).await;
        removed.map_err(|error| failed("vanish a volume", error))
    }

    async fn runs(&self, pod: &Pod) -> Result<bool> {
        let identity = [("namespace", pod.set.namespace.to_string()), ("set", pod.set.name.to_string())];
        let identity = identity.into_iter().chain([("ordinal", pod.ordinal.to_string())]);
        let identity = identity.map(|(label, value)| format!("petset.rs/{label}={value}")).collect();
        let filters = Some([("label".to_owned(), identity)].into());
        let running = self.engine.list_containers(Some(ListContainersOptions { filters, ..Default::default() })).await;
        for container in running.map_err(|error| failed("list containers", error))? {
            if self.is_part(container.id.as_deref().unwrap_or_default(), pod).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    async fn damage_pods(&self, set: &SetKey) -> Result<()> {
        // As a filter by label has it in a request.
        self.proxy.damage_all_with(&format!("set%3D{}%22", set.name));
        Ok(())
    }

    async fn damage_claims(&self, _set: &SetKey) -> Result<()> {
        self.proxy.damage();
        Ok(())
    }

    async fn mend(&self) -> Result<()> {
        self.proxy.mend();
        Ok(())
    }

    fn reopens(&self) -> bool {
        true
    }

    async fn reopen(self: Arc<Self>) -> Result<Subject> {
        self.node.pods().shutdown().await;
        let hands = Arc::try_unwrap(self).map_err(|_| Error::new(ErrorKind::Internal, "let go of a node"))?;
        let Self { engine, proxy, node, dir } = hands;
        drop(node);
        over(engine, proxy, dir).await
    }

    async fn clean_up(&self) -> Result<()> {
        self.node.pods().shutdown().await;
        let mine = format!("petset.rs/directory={}", self.node.dir().display());
        let filters = Some([("label".to_owned(), vec![mine])].into());
        let marks = self.engine.list_volumes(Some(ListVolumesOptions { filters })).await;
        for mark in marks.map_err(|error| failed("list volumes", error))?.volumes.unwrap_or_default() {
            let removed = self.engine.remove_volume(&mark.name, None::<RemoveVolumeOptions>).await;
            removed.map_err(|error| failed("remove a mark", error))?;
        }
        Ok(())
    }
}

impl EngineHands {
    /// Whether a container is the sandbox of this incarnation, or one that joined it: the next incarnation has the same
    /// labels. Podman's lists do not say what was joined.
    async fn is_part(&self, container: &str, pod: &Pod) -> Result<bool> {
        if container == pod.uid.as_str() {
            return Ok(true);
        }
        match self.engine.inspect_container(container, None::<InspectContainerOptions>).await {
            Ok(seen) => {
                let network = seen.host_config.and_then(|host| host.network_mode);
                Ok(network.is_some_and(|network| network == format!("container:{}", pod.uid)))
            }
            Err(Bollard::DockerResponseServerError { status_code: 404, .. }) => Ok(false),
            Err(error) => Err(failed("inspect a container", error)),
        }
    }
}

fn failed(operation: &'static str, error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::new(ErrorKind::Internal, operation).with_source(error)
}

async fn subject() -> Result<Subject> {
    let dir = tempfile::tempdir().map_err(|error| failed("make a directory", error))?;
    let engine = Docker::connect_with_defaults().map_err(|error| failed("connect to Docker", error))?;
    let proxy = Proxy::start(&dir.path().join("docker.sock")).map_err(|error| failed("start a proxy", error))?;
    over(engine, proxy, dir).await
}

/// A node over what is in the directory and on the engine.
async fn over(engine: Docker, proxy: Proxy, dir: TempDir) -> Result<Subject> {
    let mut options = PodOptions::default();
    options.backoff = RestartBackoff::new(Duration::from_millis(100), Duration::from_secs(1));
    (options.sandbox_image, options.sandbox_command) = workload::sandbox();
    let builder = Node::builder(dir.path().join("node")).host(proxy.host()).pod_options(options);
    let node = builder.open().await?;
    Ok(Subject::new()
        .pods(node.pods())
        .volumes(node.volumes())
        .names(node.names())
        .store(node.store())
        .workload(workload::workload().map_err(|error| failed("describe a workload", error))?)
        .hands(Arc::new(EngineHands { engine, proxy, node, dir })))
}

/// Whether an engine answers; without one there is nothing to run the suite over.
fn is_there() -> bool {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let ping = async { Docker::connect_with_defaults()?.ping().await };
    runtime.is_ok_and(|runtime| runtime.block_on(ping).is_ok())
}

#[expect(clippy::print_stderr, reason = "a test program says what it leaves out")]
fn main() -> ExitCode {
    if !is_there() && std::env::var_os("PETSET_REQUIRE_DOCKER").is_none_or(|required| required != "1") {
        eprintln!("NO DOCKER ENGINE ANSWERS: the whole suite is skipped (PETSET_REQUIRE_DOCKER=1 makes that an error)");
        return ExitCode::SUCCESS;
    }
    conformance::run(subject)
}
