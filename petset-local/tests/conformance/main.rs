//! The conformance suite over a node: real processes, directories and names, one temporary directory for each case.

mod damaged;
mod leftovers;
mod workload;

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use petset_core::backend::{Claim, Created, Pod, VolumeProvisioner};
use petset_core::{Error, ErrorKind, Result, SetKey};
use petset_local::node::{DnsPort, Node};
use petset_local::pods::{PodOptions, RestartBackoff};
use petset_local::volumes::StaticVolume;
use petset_testkit::conformance::{self, Hands, Subject};
use petset_testkit::fixtures;
use tempfile::TempDir;

use damaged::Damaged;
use leftovers::Leftovers;

#[derive(Debug)]
struct NodeHands {
    node: Node,
    leftovers: Leftovers,
    damaged: Damaged,
    /// Dropped last.
    dir: TempDir,
}

/// The pre-made volume, which waits from the beginning until it is scrubbed.
const MADE: &str = "made";

#[async_trait]
impl Hands for NodeHands {
    async fn vanish_volume(&self, claim: &Claim) -> Result<()> {
        let directory = self.node.volumes().directory(&claim.set, &claim.name)?;
        std::fs::remove_dir_all(directory).map_err(|error| failed("vanish a volume", error))
    }

    async fn runs(&self, pod: &Pod) -> Result<bool> {
        leftovers::is_marked(pod.uid.as_str()).map_err(|error| failed("look for what runs of a pod", error))
    }

    async fn supply_volume(&self, _claim: &Claim) -> Result<()> {
        self.node.volumes().scrub(MADE).await
    }

    /// A node reads its records when it is opened.
    fn damages_at_rest(&self) -> bool {
        true
    }

    async fn damage_pods(&self, set: &SetKey) -> Result<()> {
        Err(Error::new(ErrorKind::Unsupported, "damage the records of pods")
            .with_context("set", set)
            .with_message("the crate's own tests damage them before a node is opened"))
    }

    async fn damage_claims(&self, set: &SetKey) -> Result<()> {
        self.damaged.claim_of(self.dir.path(), set).map_err(|error| failed("damage the record of a claim", error))
    }

    async fn mend(&self) -> Result<()> {
        self.damaged.mend().map_err(|error| failed("mend a record", error))
    }

    fn reopens(&self) -> bool {
        true
    }

    async fn reopen(self: Arc<Self>) -> Result<Subject> {
        self.node.pods().shutdown().await;
        let hands = Arc::try_unwrap(self).map_err(|_| Error::new(ErrorKind::Internal, "let go of a node"))?;
        let Self { node, leftovers, damaged, dir } = hands;
        drop(node);
        over(open(dir.path()).await?, dir, leftovers, damaged)
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
    std::fs::create_dir_all(dir.path().join(MADE)).map_err(|error| failed("make a volume", error))?;
    let node = open(dir.path()).await?;
    use_up(&node).await?;
    over(node, dir, leftovers, Damaged::default())
}

/// Lets a claim have the pre-made volume and go again, so that it waits to be scrubbed.
async fn use_up(node: &Node) -> Result<()> {
    let volumes = node.volumes();
    let mut request = fixtures::claim_requests(&fixtures::set("before").claim("data").build(), 0).remove(0);
    request.spec.storage_class_name = Some(String::new());
    if let Created::New(claim) = volumes.provision(request).await? {
        volumes.delete(&claim.reference()).await?;
    }
    while !volumes.released().iter().any(|volume| volume == MADE) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    Ok(())
}

/// A node over what is in the directory.
async fn open(dir: &Path) -> Result<Node> {
    let mut options = PodOptions::default();
    options.backoff = RestartBackoff::new(Duration::from_millis(100), Duration::from_secs(1));
    let made = StaticVolume::new(MADE, dir.join(MADE), 1 << 31);
    let builder = Node::builder(dir.join("node")).pod_options(options).dns_port(DnsPort::Any).static_volume(made);
    builder.open().await
}

fn over(node: Node, dir: TempDir, leftovers: Leftovers, damaged: Damaged) -> Result<Subject> {
    let workload = workload::workload(dir.path()).map_err(|error| failed("describe a workload", error.into()))?;
    Ok(Subject::new()
        .pods(node.pods())
        .volumes(node.volumes())
        .names(node.names())
        .store(node.store())
        .workload(workload)
        .hands(Arc::new(NodeHands { node, leftovers, damaged, dir })))
}

fn main() -> ExitCode {
    conformance::run(subject)
}
