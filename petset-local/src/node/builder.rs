//! What may be set about a node before it is opened.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use petset_core::Result;

use super::Node;
use crate::dns::DnsOptions;
use crate::pods::PodOptions;
use crate::volumes::{StaticVolume, VolumeOptions};

/// Which port the node's DNS server has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum DnsPort {
    /// Port 53 where that is allowed and free, else any free one. Only on port 53 can pods be told of the server.
    #[default]
    Standard,
    /// This port, or an error.
    Fixed(u16),
    /// Any free port.
    Any,
}

/// What may be set about a [`Node`] before it is opened.
///
/// ```
/// # #[tokio::main]
/// # async fn main() -> petset_core::Result<()> {
/// # let dir = tempfile::tempdir().unwrap();
/// use petset_local::node::{DnsPort, Node};
/// let node = Node::builder(dir.path()).domain("pets.internal").dns_port(DnsPort::Any).open().await?;
/// assert_ne!(node.dns_addr().port(), 53);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
#[must_use = "a builder does nothing before `open`"]
pub struct NodeBuilder {
    pub(super) dir: PathBuf,
    pub(super) domain: String,
    pub(super) dns: DnsOptions,
    pub(super) dns_port: DnsPort,
    pub(super) dns_also_on: Vec<SocketAddr>,
    pub(super) volumes: VolumeOptions,
    pub(super) pods: PodOptions,
}

impl NodeBuilder {
    pub(super) fn new(dir: PathBuf) -> Self {
        Self {
            dir,
            domain: "cluster.local".to_owned(),
            dns: DnsOptions::default(),
            dns_port: DnsPort::default(),
            dns_also_on: Vec::new(),
            volumes: VolumeOptions::default(),
            pods: PodOptions::default(),
        }
    }

    /// The cluster domain; `cluster.local` unless said.
    pub fn domain(mut self, domain: impl Into<String>) -> Self {
        self.domain = domain.into();
        self
    }

    /// Which port the DNS server has.
    pub fn dns_port(mut self, port: DnsPort) -> Self {
        self.dns_port = port;
        self
    }

    /// One more address that the DNS server listens on, besides the node's own loopback address.
    pub fn dns_also_on(mut self, address: SocketAddr) -> Self {
        self.dns_also_on.push(address);
        self
    }

    /// How long clients may remember a name, 5 to 30 seconds.
    pub fn dns_ttl(mut self, ttl: Duration) -> Self {
        self.dns.ttl = ttl;
        self
    }

    /// One more server that names outside of the cluster domain are asked of; without any they are refused.
    pub fn forwarder(mut self, server: SocketAddr) -> Self {
        self.dns.forwarders.push(server);
        self
    }

    /// One more class of volumes, made as directories in `dir`, which must exist when a volume is made.
    pub fn storage_class(mut self, name: impl Into<String>, dir: impl Into<PathBuf>) -> Self {
        self.volumes.classes.insert(name.into(), dir.into());
        self
    }

    /// The class of claims that name none; `local` unless said.
    pub fn default_storage_class(mut self, name: impl Into<String>) -> Self {
        self.volumes.default_class = name.into();
        self
    }

    /// One more pre-made volume.
    pub fn static_volume(mut self, volume: StaticVolume) -> Self {
        self.volumes.pool.push(volume);
        self
    }

    /// How many bytes stay free of claims on each file system.
    pub fn reserve_bytes(mut self, bytes: u64) -> Self {
        self.volumes.reserve_bytes = bytes;
        self
    }

    /// What may be set about pods, replacing all that was set before.
    pub fn pod_options(mut self, options: PodOptions) -> Self {
        self.pods = options;
        self
    }

    /// One more path of this machine that `hostPath` volumes may name, with everything below it; none unless said.
    pub fn allow_host_path(mut self, path: impl Into<PathBuf>) -> Self {
        self.pods.allowed_host_paths.push(path.into());
        self
    }

    /// Opens the node: takes its lock and its addresses, starts its DNS server, and finds what was there before.
    ///
    /// # Errors
    /// `Locked` when another process runs the node or holds its addresses; `Invalid` when the options contradict each
    /// other; otherwise what the first part that does not open says.
    pub async fn open(self) -> Result<Node> {
        Node::open_with(self).await
    }
}
