//! The node and the order in which its parts open.

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use petset_core::store::RedbStore;
use petset_core::{Error, ErrorKind, Ordinal, Result, SetKey};

use super::builder::{DnsPort, NodeBuilder};
use super::lock::NodeLock;
use crate::addresses::LocalAddresses;
use crate::dns::{DnsOptions, DnsServer, SharedZone};
use crate::files;
use crate::names::LocalNames;
use crate::pods::LocalPods;
use crate::seams::{AddressBook, ClaimSource};
use crate::volumes::LocalVolumes;

/// One machine: pods, volumes, names and a durable store in one directory. Clones are handles of the same node; it
/// stays open until the last of them and of its parts is dropped.
///
/// Pets outlive the node: the next one that opens the directory finds them.
#[derive(Debug, Clone)]
pub struct Node {
    dir: Arc<Path>,
    pods: Arc<LocalPods>,
    volumes: Arc<LocalVolumes>,
    names: Arc<LocalNames>,
    addresses: Arc<LocalAddresses>,
    store: Arc<RedbStore>,
    dns: SocketAddr,
}

impl Node {
    /// Opens the node in `dir`, which is made when it is not there.
    ///
    /// ```
    /// # #[tokio::main]
    /// # async fn main() -> petset_core::Result<()> {
    /// # let dir = tempfile::tempdir().unwrap();
    /// # let path = dir.path();
    /// use petset_local::node::Node;
    /// let node = Node::open(path).await?;
    /// assert_eq!(Node::open(path).await.unwrap_err().kind(), petset_core::ErrorKind::Locked);
    /// # Ok(())
    /// # }
    /// ```
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
        let NodeBuilder { dir, domain, dns, dns_port, dns_also_on, volumes, pods } = builder;
        check_domain(&domain)?;
        let base = blocking(move || base(&dir)).await?;
        let Base { dir, lock, addresses } = base;
        let zone = SharedZone::new(&domain);
        let server = serve(&addresses, dns_port, &dns_also_on, dns, &zone).await?;
        let local = server.local_addr();

        let volumes = LocalVolumes::open_locked(dir.join("volumes"), volumes, Box::new(lock)).await?;
        let (volumes, addresses) = (Arc::new(volumes), Arc::new(addresses));
        let claims: Arc<dyn ClaimSource> = Arc::<LocalVolumes>::clone(&volumes);
        let book: Arc<dyn AddressBook> = Arc::<LocalAddresses>::clone(&addresses);
        let pods = LocalPods::open(dir.join("pods"), pods, claims, book).await?;
        // Pods that run hold their claims as soon as they are found; only then may deleted claims go. Which claims a pod has
        // whose record cannot be read is known by its name alone.
        for (namespace, pod) in pods.unreadable() {
            tracing::warn!(%namespace, pod, "the record of a pod cannot be read, its claims are kept");
            volumes.hold_all_of(&namespace, &pod).await?;
        }
        volumes.settle().await?;
        let path = dir.join("store.redb");
        let store = blocking(move || RedbStore::open(path)).await?;
        Ok(Self {
            dir: dir.into(),
            pods: Arc::new(pods),
            volumes,
            names: Arc::new(LocalNames::with_server(zone, server)),
            addresses,
            store: Arc::new(store),
            dns: local,
        })
    }

    /// The node's directory.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Where pods run.
    pub fn pods(&self) -> Arc<LocalPods> {
        Arc::clone(&self.pods)
    }

    /// Where claims live.
    pub fn volumes(&self) -> Arc<LocalVolumes> {
        Arc::clone(&self.volumes)
    }

    /// How pets are found by name. Keeps the DNS server running.
    pub fn names(&self) -> Arc<LocalNames> {
        Arc::clone(&self.names)
    }

    /// The pets' addresses.
    pub fn addresses(&self) -> Arc<LocalAddresses> {
        Arc::clone(&self.addresses)
    }

    /// The address that a pet has or will have, for life.
    ///
    /// # Errors
    /// [`ErrorKind::Exhausted`] when the node has no address left.
    pub fn address_of(&self, set: &SetKey, ordinal: Ordinal) -> Result<IpAddr> {
        self.addresses.address_of(set, ordinal)
    }

    /// The sets, their status and their revisions.
    pub fn store(&self) -> Arc<RedbStore> {
        Arc::clone(&self.store)
    }

    /// Where the DNS server listens, on UDP and TCP.
    pub fn dns_addr(&self) -> SocketAddr {
        self.dns
    }
}

impl From<Node> for petset_core::Backends {
    fn from(node: Node) -> Self {
        Self { pods: node.pods(), volumes: node.volumes(), names: node.names(), store: node.store() }
    }
}

fn check_domain(domain: &str) -> Result<()> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    let label = |label: &str| (1..=63).contains(&label.len()) && label.bytes().all(plain);
    if domain.len() <= 100 && domain.split('.').all(label) {
        return Ok(());
    }
    Err(Error::new(ErrorKind::Invalid, "open the node")
        .with_context("domain", domain.escape_default())
        .with_message("a cluster domain is DNS labels joined by dots, at most 100 bytes"))
}

struct Base {
    dir: PathBuf,
    lock: NodeLock,
    addresses: LocalAddresses,
}

fn base(dir: &Path) -> Result<Base> {
    let failed = |error| files::failed("open the node", dir, error);
    files::create_durably(dir).map_err(failed)?;
    let dir = dir.canonicalize().map_err(failed)?;
    let lock = NodeLock::take(&dir)?;
    let addresses = LocalAddresses::open(&dir)?;
    Ok(Base { dir, lock, addresses })
}

async fn serve(
    addresses: &LocalAddresses,
    port: DnsPort,
    also_on: &[SocketAddr],
    options: DnsOptions,
    zone: &SharedZone,
) -> Result<DnsServer> {
    let bind = async |port: u16| {
        let mut all = vec![SocketAddr::from((addresses.dns_address(), port))];
        all.extend_from_slice(also_on);
        DnsServer::bind(&all, options.clone(), zone.clone()).await
    };
    match port {
        DnsPort::Fixed(port) => bind(port).await,
        DnsPort::Any => bind(0).await,
        DnsPort::Standard => match bind(53).await {
            Ok(server) => Ok(server),
            Err(error) => {
                tracing::info!(error = %error.chain(), "no DNS server on port 53; pods cannot be told of it");
                bind(0).await
            }
        },
    }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|error| Err(Error::new(ErrorKind::Internal, "open the node").with_source(error)))
}
