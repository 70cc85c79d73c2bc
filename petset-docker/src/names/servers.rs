//! Our name server on each network.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use petset_core::Result;
use petset_local::dns::{DnsOptions, SharedZone};
use redb::TableDefinition;
use tokio::sync::{Mutex, Notify};
use tokio::time::sleep;

use super::machine::{Upstream, is_remote};
use super::options::NameOptions;
use super::serve::{Service, is_here};
use crate::networks::{Network, Networks};
use crate::records::{Records, Table};

/// The namespaces that this node has had pods in.
const NAMESPACES: Table = TableDefinition::new("namespaces");
/// The engine takes so many servers and no more.
const MAX_SERVERS: usize = 3;

/// How long a place that somebody else has is left alone.
const TRY_AGAIN: Duration = Duration::from_secs(1);

/// Our name server on each network that a namespace has.
#[derive(Debug)]
pub(super) struct Servers {
    zone: SharedZone,
    dns: DnsOptions,
    /// Whom containers ask for names of others.
    upstream: Vec<IpAddr>,
    /// Whether the engine is on another machine.
    remote: bool,
    /// Whether the engine's networks are on this machine.
    here: bool,
    records: Records,
    /// By the network's id.
    places: Mutex<BTreeMap<String, Place>>,
    /// Told when a place is found that somebody else has.
    contested: Notify,
}

#[derive(Debug)]
struct Place {
    network: Network,
    service: Service,
}

impl Servers {
    /// Answers at once on the networks that this node has had pods in: they already ask. Other networks are those of other
    /// nodes, whose place must not be taken while they are away.
    pub(super) async fn open(
        networks: &Networks,
        records: Records,
        options: &NameOptions,
        zone: SharedZone,
    ) -> Result<Self> {
        let NameOptions { domain: _, dns, upstream } = options;
        let machine = Upstream::of_this_machine();
        let mut dns = dns.clone();
        let upstream = upstream.clone().unwrap_or_else(|| {
            dns.forwarders.extend(machine.forwarders);
            machine.reachable
        });
        let gateways = networks.bridges().await?;
        // The networks of another machine have the same addresses as those of this one.
        let remote = is_remote(networks.host()).await;
        let here = !remote && (gateways.is_empty() || gateways.into_iter().any(is_here));
        if !here {
            tracing::warn!(
                "the engine's networks are not on this machine: names of services and SRV records do not resolve inside \
                 containers; names of pets do"
            );
        }
        let this =
            Self { zone, dns, upstream, remote, here, records, places: Mutex::default(), contested: Notify::new() };
        for (namespace, ()) in this.records.all(NAMESPACES).await? {
            if let Some(network) = networks.existing(&namespace).await? {
                this.on(&network).await;
            }
        }
        Ok(this)
    }

    /// Whether our name server can listen where containers reach it.
    pub(super) fn is_here(&self) -> bool {
        self.here
    }

    /// Whether the engine is surely on another machine.
    pub(super) fn is_remote(&self) -> bool {
        self.remote
    }

    /// Answers on a network that a pod of `namespace` is about to join, from now on and after every restart.
    pub(super) async fn join(&self, namespace: &str, network: &Network) -> Result<Vec<IpAddr>> {
        if !self.places.lock().await.contains_key(&network.id) {
            self.records.put(NAMESPACES, namespace, &()).await?;
        }
        Ok(self.on(network).await)
    }

    /// Answers no more on a network that is gone, and forgets that its namespace had pods.
    pub(super) async fn leave(&self, namespace: &str, network: &str) -> Result<()> {
        self.places.lock().await.remove(network);
        self.records.remove(NAMESPACES, namespace).await
    }

    /// Answers on this network too, and says whom its containers ask. Without us the engine's own choice is the best, and
    /// nobody is named.
    async fn on(&self, network: &Network) -> Vec<IpAddr> {
        let mut places = self.places.lock().await;
        if !places.contains_key(&network.id) {
            // The engine gives a removed network's addresses to the next one, and ours would be in our own way.
            places.retain(|_, place| place.network.gateway() != network.gateway());
            let place = Place { network: network.clone(), service: self.start(network).await };
            if let Some(why) = place.service.trouble() {
                let network = &network.name;
                tracing::warn!(network, why, "names of services do not resolve through this controller");
            }
            places.insert(network.id.clone(), place);
        }
        let worth_asking = places.get(&network.id).is_some_and(|place| place.service.is_worth_asking());
        let gateway = network.gateway().filter(|_| worth_asking);
        let all = gateway.into_iter().flat_map(|ours| std::iter::once(ours).chain(self.upstream.iter().copied()));
        all.take(MAX_SERVERS).collect()
    }

    /// Takes every place that somebody else has as soon as it is free, for ever.
    pub(super) async fn take_over(self: Arc<Self>) {
        loop {
            self.contested.notified().await;
            while self.try_again().await {
                sleep(TRY_AGAIN).await;
            }
        }
    }

    /// The networks where our server does not answer, and why.
    pub(super) async fn troubles(&self) -> BTreeMap<String, String> {
        let trouble = |place: &Place| Some((place.network.name.clone(), place.service.trouble()?.to_owned()));
        self.places.lock().await.values().filter_map(trouble).collect()
    }

    /// Whether somebody else still has a place.
    async fn try_again(&self) -> bool {
        let mut contested = false;
        for place in self.places.lock().await.values_mut() {
            if let Service::Theirs(_) = place.service {
                place.service = self.start(&place.network).await;
                contested |= matches!(place.service, Service::Theirs(_));
                if place.service.trouble().is_none() {
                    let network = &place.network.name;
                    tracing::info!(network, "names of services resolve through this controller now");
                }
            }
        }
        contested
    }

    async fn start(&self, network: &Network) -> Service {
        if !self.here {
            return Service::Impossible("the engine's networks are not on this machine".to_owned());
        }
        let service = Service::start(network.gateway(), self.dns.clone(), self.zone.clone()).await;
        if let Service::Theirs(_) = service {
            self.contested.notify_one();
        }
        service
    }
}
