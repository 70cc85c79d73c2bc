//! Our name server on each network.

use std::collections::BTreeMap;
use std::net::IpAddr;

use petset_core::Result;
use petset_local::dns::{DnsOptions, SharedZone};
use tokio::sync::Mutex;

use super::machine::Upstream;
use super::options::NameOptions;
use super::serve::{Service, is_here};
use crate::networks::{Network, Networks};

/// The engine takes so many servers and no more.
const MAX_SERVERS: usize = 3;

/// Our name server on each network that a namespace has.
#[derive(Debug)]
pub(super) struct Servers {
    zone: SharedZone,
    dns: DnsOptions,
    /// Whom containers ask for names of others.
    upstream: Vec<IpAddr>,
    /// Whether the engine's networks are on this machine.
    here: bool,
    /// By the network's id.
    places: Mutex<BTreeMap<String, Place>>,
}

#[derive(Debug)]
struct Place {
    network: Network,
    service: Service,
}

impl Servers {
    /// Answers at once on the networks that are there: the pets of earlier controllers already ask.
    pub(super) async fn open(networks: &Networks, options: &NameOptions, zone: SharedZone) -> Result<Self> {
        let NameOptions { domain: _, dns, upstream } = options;
        let machine = Upstream::of_this_machine();
        let mut dns = dns.clone();
        let upstream = upstream.clone().unwrap_or_else(|| {
            dns.forwarders.extend(machine.forwarders);
            machine.reachable
        });
        let gateways = networks.bridges().await?;
        let here = gateways.is_empty() || gateways.into_iter().any(is_here);
        if !here {
            tracing::warn!(
                "the engine's networks are not on this machine: names of services and SRV records do not resolve inside \
                 containers; names of pets do"
            );
        }
        let this = Self { zone, dns, upstream, here, places: Mutex::default() };
        for network in networks.all().await? {
            this.on(&network).await;
        }
        Ok(this)
    }

    /// Whether our name server can listen where containers reach it.
    pub(super) fn is_here(&self) -> bool {
        self.here
    }

    /// Answers on this network too, and says whom its containers ask. Without us the engine's own choice is the best, and
    /// nobody is named.
    pub(super) async fn on(&self, network: &Network) -> Vec<IpAddr> {
        let mut places = self.places.lock().await;
        match places.get_mut(&network.id) {
            Some(place) => self.try_again(place).await,
            None => {
                let place = Place { network: network.clone(), service: self.start(network).await };
                if let Some(why) = place.service.trouble() {
                    let network = &network.name;
                    tracing::warn!(network, why, "names of services do not resolve through this controller");
                }
                places.insert(network.id.clone(), place);
            }
        }
        let worth_asking = places.get(&network.id).is_some_and(|place| place.service.is_worth_asking());
        let gateway = network.gateway().filter(|_| worth_asking);
        let all = gateway.into_iter().flat_map(|ours| std::iter::once(ours).chain(self.upstream.iter().copied()));
        all.take(MAX_SERVERS).collect()
    }

    /// Takes every place that has become free.
    pub(super) async fn take_over(&self) {
        for place in self.places.lock().await.values_mut() {
            self.try_again(place).await;
        }
    }

    /// The networks where our server does not answer, and why.
    pub(super) async fn troubles(&self) -> BTreeMap<String, String> {
        let trouble = |place: &Place| Some((place.network.name.clone(), place.service.trouble()?.to_owned()));
        self.places.lock().await.values().filter_map(trouble).collect()
    }

    async fn try_again(&self, place: &mut Place) {
        if let Service::Theirs(_) = place.service {
            place.service = self.start(&place.network).await;
            if place.service.trouble().is_none() {
                let network = &place.network.name;
                tracing::info!(network, "names of services resolve through this controller now");
            }
        }
    }

    async fn start(&self, network: &Network) -> Service {
        if !self.here {
            return Service::Impossible("the engine's networks are not on this machine".to_owned());
        }
        Service::start(network.gateway(), self.dns.clone(), self.zone.clone()).await
    }
}
