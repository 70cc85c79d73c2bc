//! What every story of this example has: a node, a controller, and a teller.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use futures::StreamExt;
use petset::backend::VolumeProvisioner;
use petset::docker::node::{Node, NodeBuilder};
use petset::{Cascade, Controller, Ordinal, SetKey, Sets, Until, until};

use crate::told::Told;

pub(crate) type Error = Box<dyn std::error::Error + Send + Sync>;

/// Nothing in a story takes longer.
const PATIENCE: Duration = Duration::from_secs(300);

/// Checks a statement; a story that is not true ends here.
macro_rules! check {
    ($holds:expr, $($text:tt)+) => {
        if !$holds {
            return Err(format!($($text)+).into());
        }
    };
}
pub(crate) use check;

pub(crate) struct Stage {
    pub(crate) told: Told,
    pub(crate) node: Node,
    pub(crate) sets: Sets,
}

impl Stage {
    pub(crate) async fn open(dir: &Path, options: impl FnOnce(NodeBuilder) -> NodeBuilder) -> Result<Self, Error> {
        let told = Told::new();
        let node = options(Node::builder(dir)).open().await?;
        let sets = Controller::new(node.clone()).spawn();
        told.seen(format!("the engine is {}", node.engine()));
        Ok(Self { told, node, sets })
    }

    pub(crate) async fn reach(&self, set: &str, goal: Until, what: &str) -> Result<(), Error> {
        let mut changes = self.sets.watch(set)?;
        let waits = self.sets.wait(set, goal, PATIENCE);
        tokio::pin!(waits);
        loop {
            tokio::select! {
                reached = &mut waits => {
                    reached?;
                    return Ok(());
                }
                Some(set) = changes.next() => {
                    let status = set.map(|set| set.status).unwrap_or_default();
                    self.told.now(format!("{what}: {} pods, {} ready", status.replicas, status.ready_replicas));
                }
            }
        }
    }

    pub(crate) async fn eventually(
        &self,
        what: &str,
        holds: impl AsyncFn() -> Result<bool, Error>,
    ) -> Result<(), Error> {
        self.told.now(format!("waiting until {what}"));
        let deadline = tokio::time::Instant::now() + PATIENCE;
        loop {
            let last = match holds().await {
                Ok(true) => return Ok(()),
                Ok(false) => "not yet".to_owned(),
                Err(error) => error.to_string(),
            };
            check!(tokio::time::Instant::now() < deadline, "{what}: not within {PATIENCE:?}: {last}");
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    /// How often the containers of a pet were started again.
    pub(crate) async fn restarts(&self, set: &str, ordinal: u32) -> Result<u32, Error> {
        let pod = self.sets.pod(set, Ordinal(ordinal)).await?;
        Ok(pod.status.containers.iter().map(|container| container.restarts).sum())
    }

    /// Removes a set, if it is there, and its claims.
    pub(crate) async fn remove(&self, set: &str) {
        self.told.now(format!("removing what is left of {set}"));
        if matches!(self.sets.get(set).await, Ok(Some(_))) {
            let _ = self.sets.delete(set, Cascade::Ordered).await;
            let _ = self.sets.wait(set, until::gone(), PATIENCE).await;
        }
        let Ok(key) = set.parse::<SetKey>() else { return };
        let volumes = self.node.volumes();
        for claim in volumes.list(&key).await.unwrap_or_default() {
            let _ = volumes.delete(&claim.reference()).await;
        }
        // A claim that has gone is no longer listed.
        let _ = volumes.list(&key).await;
    }
}

/// What `docker` prints.
pub(crate) fn docker(arguments: &[&str]) -> Result<String, Error> {
    let output = Command::new("docker").args(arguments).output()?;
    let complaint = String::from_utf8_lossy(&output.stderr);
    check!(output.status.success(), "docker {}: {}", arguments.join(" "), complaint.trim());
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
