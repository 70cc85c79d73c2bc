//! What may be set about a node before it is opened.

use std::collections::BTreeMap;
use std::path::PathBuf;

use petset_core::Result;

use super::Node;

/// What may be set about a [`Node`] before it is opened.
#[derive(Debug, Clone)]
#[must_use = "a builder does nothing before `open`"]
pub struct NodeBuilder {
    pub(super) dir: PathBuf,
    pub(super) host: Option<String>,
    pub(super) networks: BTreeMap<String, String>,
}

impl NodeBuilder {
    pub(super) fn new(dir: PathBuf) -> Self {
        Self { dir, host: None, networks: BTreeMap::new() }
    }

    /// The engine, for example `unix:///run/user/1000/docker.sock` or `tcp://10.0.0.5:2375`; unless said what
    /// `DOCKER_HOST` says, else the engine of this machine.
    pub fn host(mut self, host: impl Into<String>) -> Self {
        self.host = Some(host.into());
        self
    }

    /// The pods of `namespace` join `network`, which exists already; unless said a network is made per namespace.
    pub fn network(mut self, namespace: impl Into<String>, network: impl Into<String>) -> Self {
        self.networks.insert(namespace.into(), network.into());
        self
    }

    /// Opens the node: reaches the engine, takes the directory, and finds what was there before.
    ///
    /// # Errors
    /// `Unavailable` when the engine does not answer, `Unsupported` when it is too old, `Locked` when another process
    /// runs the node.
    pub async fn open(self) -> Result<Node> {
        Node::open_with(self).await
    }
}
