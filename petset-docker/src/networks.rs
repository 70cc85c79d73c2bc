//! One network of the engine per namespace: pods of a namespace reach each other, and nobody else by name.

use std::collections::{BTreeMap, HashMap};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, PoisonError};

use bollard::models::{Ipam, IpamConfig, Network as Listed, NetworkCreateRequest, NetworkInspect};
use bollard::query_parameters::{InspectNetworkOptions, ListContainersOptionsBuilder, ListNetworksOptions};
use petset_core::{Error, ErrorKind, Result};
use tokio::sync::{Mutex, OwnedRwLockReadGuard, RwLock};

use crate::client::{Client, Failure, moment};
use crate::labels::{self, Role};
use crate::together::Together;

/// The networks of namespaces. Clones are handles of the same.
#[derive(Debug, Clone)]
pub(crate) struct Networks {
    client: Client,
    /// Namespace → a network that exists already, by name or id.
    named: Arc<BTreeMap<String, String>>,
    reads: Arc<Together<String, Vec<Network>>>,
}

/// The engine takes several networks of one name, and starts no container in either of them then. So one task of this
/// process at a time looks and makes, or looks and removes, whichever node it works for.
static MAKING: Mutex<()> = Mutex::const_new(());

/// By namespace: read by those of this process who are about to join its network, written by who removes it.
static JOINING: std::sync::Mutex<BTreeMap<String, Arc<RwLock<()>>>> = std::sync::Mutex::new(BTreeMap::new());

fn joining(namespace: &str) -> Arc<RwLock<()>> {
    let mut all = JOINING.lock().unwrap_or_else(PoisonError::into_inner);
    // Nobody has or waits for those that only this map knows.
    all.retain(|_, joining| Arc::strong_count(joining) > 1);
    Arc::clone(all.entry(namespace.to_owned()).or_default())
}

/// A network as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Network {
    pub(crate) id: String,
    pub(crate) name: String,
    /// This machine's addresses in it, where the driver has such a thing.
    pub(crate) gateways: Vec<IpAddr>,
}

impl Networks {
    pub(crate) fn new(client: Client, named: BTreeMap<String, String>) -> Self {
        Self { client, named: Arc::new(named), reads: Arc::default() }
    }

    /// Where this process finds the engine.
    pub(crate) fn host(&self) -> &str {
        &self.client.engine().host
    }

    /// Whether Podman makes them.
    pub(crate) fn is_podman(&self) -> bool {
        self.client.engine().is_podman
    }

    /// The network of `namespace`, which is made when it is not there. Networks that were named are never made.
    ///
    /// # Errors
    /// `NotFound` when a named network is not there; otherwise what the engine says.
    pub(crate) async fn of(&self, namespace: &str) -> Result<Network> {
        if let Some(named) = self.named.get(namespace) {
            check(named)?;
            return self.inspect(named).await?.ok_or_else(|| {
                Error::new(ErrorKind::NotFound, "find a network").with_context("network", named).with_message(
                    "the network that this namespace is to use is not there: make it, or name another one",
                )
            });
        }
        let there = self.reads.read(&namespace.to_owned(), self.ours(namespace)).await?;
        if let [network] = there.as_slice() {
            return Ok(network.clone());
        }
        let _one_at_a_time = MAKING.lock().await;
        let mut ours = self.ours(namespace).await?;
        if ours.is_empty() {
            self.make(namespace).await?;
            // Another process may have made one at the same time. Whoever made the later one sees both.
            ours = self.ours(namespace).await?;
        }
        let mut ours = ours.into_iter();
        let network = ours.next().ok_or_else(|| {
            Error::new(ErrorKind::Conflict, "make a network")
                .with_context("namespace", namespace)
                .with_message("it was removed at once")
        })?;
        for other in ours {
            // A pod that was to join it is replaced by one that joins the first.
            tracing::info!(namespace, network = other.id, "remove a second network of a namespace");
            if let Err(failure) = self.remove(&other.id).await {
                tracing::warn!(namespace, network = other.id, %failure, "a namespace has two networks");
            }
        }
        Ok(network)
    }

    /// For as long as the answer is held, this process does not remove the network of `namespace`.
    pub(crate) async fn keep(namespace: &str) -> OwnedRwLockReadGuard<()> {
        joining(namespace).read_owned().await
    }

    /// The network of `namespace` if it is there.
    pub(crate) async fn existing(&self, namespace: &str) -> Result<Option<Network>> {
        match self.named.get(namespace) {
            Some(named) => Ok(self.inspect(named).await?),
            None => Ok(self.ours(namespace).await?.into_iter().next()),
        }
    }

    /// Removes the network of `namespace` when no pod is in it, and answers its id; a network that was named is kept.
    pub(crate) async fn remove_unused(&self, namespace: &str) -> Result<Option<String>> {
        let _one_at_a_time = MAKING.lock().await;
        // Whoever is about to join keeps it, and is the one after whose set it goes.
        let Ok(_alone) = joining(namespace).try_write_owned() else { return Ok(None) };
        if self.named.contains_key(namespace) || self.has_pods(namespace).await? {
            return Ok(None);
        }
        let Some(network) = self.ours(namespace).await?.into_iter().next() else { return Ok(None) };
        tracing::info!(namespace, "remove the network of a namespace without pods");
        self.remove(&network.id).await?;
        Ok(Some(network.id))
    }

    async fn remove(&self, id: &str) -> Result<(), Failure> {
        let removed =
            self.client.ask("remove a network", |docker| async move { docker.remove_network(id).await }).await;
        removed.or_else(|failure| if failure.is_not_found() { Ok(()) } else { Err(failure) })
    }

    /// Whether a sandbox of the namespace is there, of any node and in any state: one that was never started joins the
    /// network when it is.
    async fn has_pods(&self, namespace: &str) -> Result<bool, Failure> {
        let mut filters = labels::filter(Role::Sandbox, None);
        filters.entry("label".to_owned()).or_default().push(format!("{}={namespace}", labels::NAMESPACE));
        let options = ListContainersOptionsBuilder::default().all(true).filters(&filters).build();
        let found =
            self.client.ask("list containers", |docker| async move { docker.list_containers(Some(options)).await });
        Ok(!found.await?.is_empty())
    }

    /// This machine's addresses in all networks of the kind that has such addresses, if the engine is on this machine.
    pub(crate) async fn bridges(&self) -> Result<Vec<IpAddr>> {
        let bridges = self.list(HashMap::from([("driver".to_owned(), vec!["bridge".to_owned()])])).await?;
        Ok(bridges.into_iter().flat_map(|network| gateways(network.ipam)).collect())
    }

    /// The networks that were made for `namespace`; the first is the one that everybody takes.
    async fn ours(&self, namespace: &str) -> Result<Vec<Network>, Failure> {
        let mut filters = labels::filter(Role::Network, None);
        filters.entry("label".to_owned()).or_default().push(format!("{}={namespace}", labels::NAMESPACE));
        let mut found = self.list(filters).await?;
        found.sort_by_key(|network| {
            (network.created.as_deref().and_then(moment).unwrap_or_default(), network.id.clone())
        });
        Ok(found.into_iter().map(Network::from).collect())
    }

    async fn list(&self, filters: HashMap<String, Vec<String>>) -> Result<Vec<Listed>, Failure> {
        let options = ListNetworksOptions { filters: Some(filters) };
        self.client.ask("list networks", |docker| async move { docker.list_networks(Some(options)).await }).await
    }

    async fn make(&self, namespace: &str) -> Result<(), Failure> {
        let name = labels::network(namespace);
        tracing::info!(namespace, network = name, "make a network");
        let identity = [(labels::ROLE, Role::Network.as_str()), (labels::NAMESPACE, namespace)];
        let config = NetworkCreateRequest {
            name,
            labels: Some(HashMap::from(identity.map(|(key, value)| (key.to_owned(), value.to_owned())))),
            ..NetworkCreateRequest::default()
        };
        let made = self.client.ask("make a network", |docker| async move { docker.create_network(config).await });
        made.await.map(drop)
    }

    async fn inspect(&self, network: &str) -> Result<Option<Network>, Failure> {
        let asked = network.to_owned();
        let seen = self.client.ask("inspect a network", |docker| async move {
            docker.inspect_network(&asked, None::<InspectNetworkOptions>).await
        });
        match seen.await {
            Ok(seen) => Ok(Some(Network::from(seen))),
            Err(failure) if failure.is_not_found() => Ok(None),
            Err(failure) => Err(failure),
        }
    }
}

/// Refuses the engine's own networks, whose containers have no names.
fn check(named: &str) -> Result<()> {
    if !["bridge", "host", "none", "default"].contains(&named) {
        return Ok(());
    }
    Err(Error::new(ErrorKind::Invalid, "find a network")
        .with_context("network", named)
        .with_message("the engine's own networks have no names: make one with `docker network create`"))
}

impl From<Listed> for Network {
    fn from(seen: Listed) -> Self {
        Self { id: seen.id.unwrap_or_default(), name: seen.name.unwrap_or_default(), gateways: gateways(seen.ipam) }
    }
}

impl From<NetworkInspect> for Network {
    fn from(seen: NetworkInspect) -> Self {
        Self { id: seen.id.unwrap_or_default(), name: seen.name.unwrap_or_default(), gateways: gateways(seen.ipam) }
    }
}

impl Network {
    /// This machine's address that pods reach by the usual way.
    pub(crate) fn gateway(&self) -> Option<IpAddr> {
        self.gateways.iter().copied().filter(IpAddr::is_ipv4).min()
    }
}

fn gateways(ipam: Option<Ipam>) -> Vec<IpAddr> {
    let pools = ipam.and_then(|ipam| ipam.config).unwrap_or_default();
    // Where the engine does not say, it takes the first address.
    let gateway = |pool: IpamConfig| match pool.gateway {
        Some(gateway) => gateway.parse().ok(),
        None => first_of(&pool.subnet?),
    };
    pools.into_iter().filter_map(gateway).collect()
}

/// The first address for a host in `172.17.0.0/16`.
fn first_of(subnet: &str) -> Option<IpAddr> {
    let (network, _) = subnet.split_once('/')?;
    let network: Ipv4Addr = network.parse().ok()?;
    Some(Ipv4Addr::from_bits(network.to_bits().checked_add(1)?).into())
}
