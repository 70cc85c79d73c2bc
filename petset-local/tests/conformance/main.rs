//! The conformance suite over a node: real processes, directories and names, one temporary directory for each case.

mod leftovers;
mod workload;

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use petset_core::backend::Claim;
use petset_core::{Error, ErrorKind, Result, SetKey};
use petset_local::node::{DnsPort, Node};
use petset_local::pods::{PodOptions, RestartBackoff};
use petset_testkit::conformance::{self, Hands, Subject};
use tempfile::TempDir;

use leftovers::Leftovers;

#[derive(Debug)]
struct NodeHands {
    node: Node,
    leftovers: Leftovers,
    /// Dropped last.
    dir: TempDir,
}

/// What is read once, when the node is opened, cannot be damaged under it.
fn read_once(operation: &'static str, set: &SetKey) -> Error {
    Error::new(ErrorKind::Unsupported, operation)
        .with_context("set", set)
        .with_message("a node reads its records when it is opened; the crate's own tests damage them before")
}

#[async_trait]
impl Hands for NodeHands {
    async fn vanish_volume(&self, claim: &Claim) -> Result<()> {
        let directory = self.node.volumes().directory(&claim.set, &claim.name)?;
        std::fs::remove_dir_all(directory).map_err(|error| failed("vanish a volume", error))
    }

    async fn damage_pods(&self, set: &SetKey) -> Result<()> {
        Err(read_once("damage the records of pods", set))
    }

    async fn damage_claims(&self, set: &SetKey) -> Result<()> {
        Err(read_once("damage the records of claims", set))
    }

    fn reopens(&self) -> bool {
        true
    }

    async fn reopen(self: Arc<Self>) -> Result<Subject> {
        self.node.pods().shutdown().await;
        let hands = Arc::try_unwrap(self).map_err(|_| Error::new(ErrorKind::Internal, "let go of a node"))?;
        let Self { node, leftovers, dir } = hands;
        drop(node);
        over(dir, leftovers).await
    }

    async fn clean_up(&self) -> Result<()> {
        self.node.pods().shutdown().await;
        self.leftovers.end();
        Ok(())
    }
}

fn failed(operation: &'static str, error: std::io::Error) -> Error {
    Error::new(ErrorKind::Internal, operation).with_source(error)
}

async fn subject() -> Result<Subject> {
    let dir = tempfile::tempdir().map_err(|error| failed("make a directory", error))?;
    let leftovers = Leftovers::of(dir.path());
    over(dir, leftovers).await
}

/// A node over what is in the directory.
async fn over(dir: TempDir, leftovers: Leftovers) -> Result<Subject> {
    let mut options = PodOptions::default();
    options.backoff = RestartBackoff::new(Duration::from_millis(100), Duration::from_secs(1));
    let builder = Node::builder(dir.path().join("node")).pod_options(options).dns_port(DnsPort::Any);
    let workload = workload::workload(dir.path()).map_err(|error| failed("describe a workload", error.into()))?;
    let node = builder.open().await?;
    Ok(Subject::new()
        .pods(node.pods())
        .volumes(node.volumes())
        .names(node.names())
        .store(node.store())
        .workload(workload)
        .hands(Arc::new(NodeHands { node, leftovers, dir })))
}

fn main() -> ExitCode {
    conformance::run(subject)
}
