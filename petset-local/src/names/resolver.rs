//! The resolver.

use std::net::IpAddr;
use std::sync::Arc;

use async_trait::async_trait;
use petset_core::backend::{NameCapabilities, NameResolver, Published, RecordSet, ResolvedName};
use petset_core::{Error, ErrorKind, Result, SetKey};

use super::check::check;
use crate::dns::{DnsServer, Found, SharedZone};

/// Names pets by writing the zone that a [`DnsServer`] answers from.
///
/// The zone lives in memory: the engine publishes every set again after a restart, level by level.
///
/// A service whose pets are all unready exists and has no addresses; a pet that is not published does not exist.
#[derive(Debug, Clone)]
pub struct LocalNames {
    zone: SharedZone,
    server: Option<Arc<DnsServer>>,
}

impl LocalNames {
    /// A resolver over `zone` without a server of its own: names resolve through [`resolve`](NameResolver::resolve).
    pub fn new(zone: SharedZone) -> Self {
        Self { zone, server: None }
    }

    /// A resolver over `zone` that keeps `server` running as long as it or a clone of it lives.
    pub fn with_server(zone: SharedZone, server: DnsServer) -> Self {
        Self { zone, server: Some(Arc::new(server)) }
    }

    /// The zone that it writes.
    pub fn zone(&self) -> &SharedZone {
        &self.zone
    }

    /// The DNS server, if it has one. Its port may be another than 53; then pods cannot be told of it.
    pub fn server(&self) -> Option<&DnsServer> {
        self.server.as_deref()
    }
}

#[async_trait]
impl NameResolver for LocalNames {
    fn capabilities(&self) -> NameCapabilities {
        let mut capabilities = NameCapabilities::default();
        capabilities.srv = true;
        capabilities.ptr = true;
        capabilities
    }

    fn domain(&self) -> String {
        self.zone.snapshot().domain().to_owned()
    }

    fn servers(&self) -> Vec<IpAddr> {
        let addresses = self.server.iter().flat_map(|server| server.local_addrs());
        addresses.filter(|address| address.port() == 53).map(std::net::SocketAddr::ip).collect()
    }

    async fn publish(&self, set: &SetKey, records: &RecordSet) -> Result<Published> {
        check(set, records)?;
        Ok(self.zone.put(set, records))
    }

    async fn withdraw(&self, set: &SetKey) -> Result<()> {
        self.zone.remove(set);
        Ok(())
    }

    async fn resolve(&self, name: &str) -> Result<ResolvedName> {
        match self.zone.snapshot().lookup(name) {
            Found::Pet(address) => Ok(ResolvedName::Addresses(vec![address])),
            Found::Service { addresses, targets: _ } => Ok(ResolvedName::Addresses(addresses)),
            Found::Port(targets) => {
                Ok(ResolvedName::Services(targets.into_iter().map(|target| (target.name, target.port)).collect()))
            }
            Found::Pointer(names) => Ok(ResolvedName::Names(names)),
            Found::Apex | Found::Empty | Found::Unknown | Found::Outside => {
                Err(Error::new(ErrorKind::NotFound, "resolve a name").with_context("name", name.escape_default()))
            }
        }
    }
}
