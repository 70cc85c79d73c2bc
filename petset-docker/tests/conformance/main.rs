//! The conformance suite over a node on a real engine, one directory for each case.

#[path = "../common/proxy.rs"]
mod proxy;

use std::process::ExitCode;
use std::sync::Arc;

use async_trait::async_trait;
use bollard::Docker;
use bollard::query_parameters::RemoveVolumeOptions;
use petset_core::backend::Claim;
use petset_core::spec::ClaimTemplate;
use petset_core::{Error, ErrorKind, Result, SetKey};
use petset_docker::node::Node;
use petset_testkit::conformance::{self, Hands, Subject, Workload};
use proxy::Proxy;
use tempfile::TempDir;

#[derive(Debug)]
struct EngineHands {
    engine: Docker,
    proxy: Proxy,
    _node: Node,
    /// Dropped last.
    _dir: TempDir,
}

#[async_trait]
impl Hands for EngineHands {
    async fn vanish_volume(&self, claim: &Claim) -> Result<()> {
        let volume = claim.volume.as_deref().unwrap_or_default();
        let removed = self.engine.remove_volume(volume, None::<RemoveVolumeOptions>).await;
        removed.map_err(|error| failed("vanish a volume", error))
    }

    async fn damage_claims(&self, _set: &SetKey) -> Result<()> {
        self.proxy.damage();
        Ok(())
    }

    async fn mend(&self) -> Result<()> {
        self.proxy.mend();
        Ok(())
    }
}

fn failed(operation: &'static str, error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::new(ErrorKind::Internal, operation).with_source(error)
}

fn workload() -> Result<Workload> {
    let mut workload = Workload::new();
    let mut unmatched = workload.claim.clone();
    unmatched.storage_class_name = Some(String::new());
    workload.unmatched = Some(unmatched);
    let block: ClaimTemplate = serde_json::from_value(serde_json::json!({
        "metadata": { "name": "data" },
        "spec": {
            "accessModes": ["ReadWriteOnce", "Sometimes"],
            "volumeMode": "Block",
            "resources": { "requests": { "storage": "1Mi" } },
        },
    }))
    .map_err(|error| failed("describe a workload", error))?;
    let paths = ["spec.accessModes[1]", "spec.volumeMode"].map(str::to_owned);
    workload.refused_claims = vec![(block, paths.into())];
    Ok(workload)
}

async fn subject() -> Result<Subject> {
    let dir = tempfile::tempdir().map_err(|error| failed("make a directory", error))?;
    let engine = Docker::connect_with_defaults().map_err(|error| failed("connect to Docker", error))?;
    let proxy = Proxy::start(&dir.path().join("docker.sock")).map_err(|error| failed("start a proxy", error))?;
    let node = Node::builder(dir.path().join("node")).host(proxy.host()).open().await?;
    Ok(Subject::new()
        .volumes(node.volumes())
        .names(node.names())
        .store(node.store())
        .workload(workload()?)
        .hands(Arc::new(EngineHands { engine, proxy, _node: node, _dir: dir })))
}

fn main() -> ExitCode {
    conformance::run(subject)
}
