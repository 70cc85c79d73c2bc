//! The node and the order in which its parts open.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use petset_core::store::RedbStore;
use petset_core::{Error, ErrorKind, Result};
use tokio::task::spawn_blocking;

use super::builder::NodeBuilder;
use super::mark::belong;
use crate::client::Client;
use crate::names::DockerNames;
use crate::networks::Networks;
use crate::pods::DockerPods;
use crate::records::Records;
use crate::volumes::DockerVolumes;

/// One engine: containers, volumes, names and a durable store. Clones are handles of the same node; it stays open until
/// the last of them and of its parts is dropped.
///
/// Pets outlive the node: the next one that opens the directory finds them.
#[derive(Debug, Clone)]
pub struct Node {
    dir: Arc<Path>,
    client: Client,
    pods: Arc<DockerPods>,
    volumes: Arc<DockerVolumes>,
    names: Arc<DockerNames>,
    store: Arc<RedbStore>,
}

impl Node {
    /// Opens the node in `dir`, which is made when it is not there.
    ///
    /// # Errors
    /// As [`NodeBuilder::open`].
    pub async fn open(dir: impl Into<PathBuf>) -> Result<Self> {
        Self::builder(dir).open().await
    }

    /// A node in `dir` with options.
    pub fn builder(dir: impl Into<PathBuf>) -> NodeBuilder {
        NodeBuilder::new(dir.into())
    }

    pub(super) async fn open_with(builder: NodeBuilder) -> Result<Self> {
        let NodeBuilder { dir, host, taken_over, networks, volumes, names, pods } = builder;
        let client = Client::connect(host.as_deref()).await?;
        // The file of records has one opener at a time, which makes it the node's lock.
        let (dir, records, store) = blocking(move || files(&dir)).await?;
        let (node, client) = belong(&client, &records, &dir, &taken_over).await?;
        let networks = Networks::new(client.clone(), networks);
        let names = Arc::new(DockerNames::open(networks, records.clone(), &names).await?);
        let volumes = Arc::new(DockerVolumes::open(client.clone(), records.clone(), volumes).await?);
        let (claims, found_by) = (Arc::clone(&volumes), Arc::clone(&names));
        let pods = Arc::new(DockerPods::open(node, client.clone(), found_by, claims, records, pods).await?);
        Ok(Self { dir: dir.into(), client, pods, volumes, names, store: Arc::new(store) })
    }

    /// The node's directory.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Which engine answers, for people.
    pub fn engine(&self) -> String {
        self.client.engine().to_string()
    }

    /// Where pods run.
    pub fn pods(&self) -> Arc<DockerPods> {
        Arc::clone(&self.pods)
    }

    /// Where claims live.
    pub fn volumes(&self) -> Arc<DockerVolumes> {
        Arc::clone(&self.volumes)
    }

    /// How pets are found by name. Keeps the name servers on the networks running.
    pub fn names(&self) -> Arc<DockerNames> {
        Arc::clone(&self.names)
    }

    /// The sets, their status and their revisions.
    pub fn store(&self) -> Arc<RedbStore> {
        Arc::clone(&self.store)
    }
}

impl From<Node> for petset_core::Backends {
    fn from(node: Node) -> Self {
        Self { pods: node.pods(), volumes: node.volumes(), names: node.names(), store: node.store() }
    }
}

fn files(dir: &Path) -> Result<(PathBuf, Records, RedbStore)> {
    let failed = |error| {
        Error::new(ErrorKind::Unavailable, "open the node").with_context("path", dir.display()).with_source(error)
    };
    fs::create_dir_all(dir).map_err(failed)?;
    let dir = dir.canonicalize().map_err(failed)?;
    let records = Records::open(&dir.join("records.redb"))?;
    let store = RedbStore::open(dir.join("store.redb"))?;
    Ok((dir, records, store))
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    spawn_blocking(work)
        .await
        .unwrap_or_else(|error| Err(Error::new(ErrorKind::Internal, "open the node").with_source(error)))
}
