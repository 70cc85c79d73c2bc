//! The resolver.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use async_trait::async_trait;
use petset_core::backend::{NameCapabilities, NameResolver, Published, RecordSet, ResolvedName};
use petset_core::{Result, SetKey};
use petset_local::dns::SharedZone;
use petset_local::names::LocalNames;

use super::options::NameOptions;
use super::serve::is_here;
use super::servers::Servers;
use crate::background::Background;
use crate::networks::Networks;
use crate::records::Records;

/// Names pets by aliases on a network of their namespace, and services by a name server on that network's gateway. Clones
/// are handles of the same.
#[derive(Debug, Clone)]
pub struct DockerNames {
    zone: LocalNames,
    networks: Networks,
    servers: Arc<Servers>,
    _take_over: Arc<Background>,
}

impl DockerNames {
    pub(crate) async fn open(networks: Networks, records: Records, options: &NameOptions) -> Result<Self> {
        let zone = SharedZone::new(&options.domain);
        let servers = Arc::new(Servers::open(&networks, records, options, zone.clone()).await?);
        let take_over = Arc::new(Background::spawn(Arc::clone(&servers).take_over()));
        Ok(Self { zone: LocalNames::new(zone), networks, servers, _take_over: take_over })
    }

    pub(crate) fn networks(&self) -> &Networks {
        &self.networks
    }

    /// Whether this process surely cannot reach the pods' addresses: the engine's networks are not on this machine. Podman's
    /// are there as long as a container is in them, and so nothing is sure there.
    pub(crate) fn is_far(&self) -> bool {
        self.servers.is_remote() || (!self.servers.is_here() && !self.networks.is_podman())
    }

    /// The host's address on the network of a namespace, if that is there and leads to the host.
    pub(crate) async fn gateway(&self, namespace: &str) -> Result<Option<IpAddr>> {
        let network = self.networks.existing(namespace).await?;
        let leads_here = |gateway: &IpAddr| !self.servers.is_here() || is_here(*gateway);
        Ok(network.and_then(|network| network.gateway()).filter(leads_here))
    }

    /// Gives up the network of a namespace that has no pods.
    async fn leave(&self, namespace: &str) -> Result<()> {
        match self.networks.remove_unused(namespace).await? {
            Some(network) => self.servers.leave(namespace, &network).await,
            None => Ok(()),
        }
    }

    pub(super) fn name_servers(&self) -> &Servers {
        &self.servers
    }

    /// The networks on which names of services and SRV records do not resolve through this controller, and why: another
    /// controller answers there, something else has port 53 of the network's gateway, or the gateway is not on this
    /// machine. Names of pets resolve all the same.
    pub async fn troubles(&self) -> BTreeMap<String, String> {
        self.servers.troubles().await
    }
}

#[async_trait]
impl NameResolver for DockerNames {
    /// Addresses have names inside containers, but the engine gives them: the sandbox's and the network's, not the pet's.
    fn capabilities(&self) -> NameCapabilities {
        let mut capabilities = NameCapabilities::default();
        capabilities.srv = self.servers.is_here();
        capabilities
    }

    fn domain(&self) -> String {
        self.zone.domain()
    }

    /// None: each network has its own.
    fn servers(&self) -> Vec<IpAddr> {
        Vec::new()
    }

    async fn publish(&self, set: &SetKey, records: &RecordSet) -> Result<Published> {
        self.zone.publish(set, records).await
    }

    async fn withdraw(&self, set: &SetKey) -> Result<()> {
        self.zone.withdraw(set).await?;
        // An engine has room for few networks. One that cannot be removed now is in nobody's way.
        if let Err(error) = self.leave(&set.namespace).await {
            let namespace = &set.namespace;
            tracing::warn!(%namespace, error = %error.chain(), "the network of a namespace without sets is left");
        }
        Ok(())
    }

    async fn resolve(&self, name: &str) -> Result<ResolvedName> {
        self.zone.resolve(name).await
    }
}
