//! What a name stands for, as the cluster's own name servers read Services and Endpoints.

use std::net::IpAddr;

use k8s_openapi::api::core::v1::{EndpointAddress, Endpoints, Service};
use petset_core::backend::ResolvedName;

/// A name of the cluster, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Question {
    pub(super) namespace: String,
    pub(super) service: String,
    what: What,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum What {
    Service,
    Pet(String),
    Port { name: String, protocol: String },
}

impl Question {
    /// Takes a name apart, in any spelling; `None` when it is none of this cluster's.
    pub(super) fn parse(name: &str, domain: &str) -> Option<Self> {
        let name = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
        let rest = name.strip_suffix(&domain.to_ascii_lowercase())?.strip_suffix(".svc.")?;
        let parts: Vec<&str> = rest.split('.').collect();
        if parts.iter().any(|part| part.is_empty() || part.len() > 63) {
            return None;
        }
        let (what, service, namespace) = match parts[..] {
            [service, namespace] => (What::Service, service, namespace),
            [pet, service, namespace] => (What::Pet(pet.to_owned()), service, namespace),
            [port, protocol, service, namespace] => {
                let (name, protocol) = (port.strip_prefix('_')?, protocol.strip_prefix('_')?);
                (What::Port { name: name.to_owned(), protocol: protocol.to_owned() }, service, namespace)
            }
            _ => return None,
        };
        Some(Self { namespace: namespace.to_owned(), service: service.to_owned(), what })
    }

    /// The answer; `None` when there is no such name.
    pub(super) fn answer(&self, service: &Service, endpoints: &Endpoints, domain: &str) -> Option<ResolvedName> {
        let Self { namespace, service: service_name, what } = self;
        let mut all = addresses(endpoints);
        match what {
            What::Service => {
                let fixed = service.spec.as_ref().and_then(|spec| spec.cluster_ip.as_deref()).unwrap_or_default();
                let found = match fixed.parse() {
                    Ok(address) => vec![address],
                    Err(_) => all.iter().filter_map(|(address, _)| address.ip.parse().ok()).collect(),
                };
                // A service that nobody is behind is a name without addresses.
                Some(ResolvedName::Addresses(found))
            }
            What::Pet(pet) => {
                all.retain(|(address, _)| address.hostname.as_deref() == Some(pet));
                let found = all.iter().filter_map(|(address, _)| address.ip.parse::<IpAddr>().ok());
                some(found.collect()).map(ResolvedName::Addresses)
            }
            What::Port { name, protocol } => {
                let targets = all.iter().filter_map(|(address, ports)| {
                    let mut ports = ports.iter();
                    let (_, _, number) = ports.find(|(named, by, _)| named == name && by == protocol)?;
                    let pet = address.hostname.as_deref()?;
                    Some((format!("{pet}.{service_name}.{namespace}.svc.{domain}"), *number))
                });
                some(targets.collect()).map(ResolvedName::Services)
            }
        }
    }
}

fn some<T>(found: Vec<T>) -> Option<Vec<T>> {
    Some(found).filter(|found| !found.is_empty())
}

/// Name, protocol and number.
type Port = (String, String, u16);

/// The addresses that the cluster has let in, each with its ports; pets in the order of their ordinals.
fn addresses(endpoints: &Endpoints) -> Vec<(&EndpointAddress, Vec<Port>)> {
    let mut all = Vec::new();
    for subset in endpoints.subsets.iter().flatten() {
        let ports: Vec<Port> = subset
            .ports
            .iter()
            .flatten()
            .filter_map(|port| {
                let protocol = port.protocol.as_deref().unwrap_or("TCP").to_ascii_lowercase();
                Some((port.name.clone()?, protocol, u16::try_from(port.port).ok()?))
            })
            .collect();
        all.extend(subset.addresses.iter().flatten().map(|address| (address, ports.clone())));
    }
    all.sort_by_key(|(address, _)| {
        let (set, ordinal) = address.hostname.as_deref().and_then(|name| name.rsplit_once('-')).unwrap_or_default();
        (set.to_owned(), ordinal.parse::<u32>().unwrap_or(0), address.ip.clone())
    });
    all
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const DOMAIN: &str = "cluster.local";

    fn ask(name: &str) -> Option<ResolvedName> {
        let service = serde_json::from_value(json!({ "spec": { "clusterIP": "None" } })).expect("a service");
        let endpoints: Endpoints = serde_json::from_value(json!({ "subsets": [{
            "addresses": [{ "ip": "10.0.0.10", "hostname": "web-10" }, { "ip": "10.0.0.2", "hostname": "web-2" }],
            "notReadyAddresses": [{ "ip": "10.0.0.1", "hostname": "web-1" }],
            "ports": [{ "name": "http", "port": 80, "protocol": "TCP" }],
        }] }))
        .expect("endpoints");
        Question::parse(name, DOMAIN)?.answer(&service, &endpoints, DOMAIN)
    }

    #[test]
    fn names_answer_in_the_order_of_ordinals() {
        let addresses = ["10.0.0.2", "10.0.0.10"].map(|text| text.parse().expect("an address"));
        assert_eq!(ask("nginx.default.svc.cluster.local"), Some(ResolvedName::Addresses(addresses.into())));
        let target = |pet: &str| (format!("{pet}.nginx.default.svc.cluster.local"), 80);
        let targets = vec![target("web-2"), target("web-10")];
        assert_eq!(ask("_HTTP._tcp.nginx.default.svc.cluster.local."), Some(ResolvedName::Services(targets)));
    }

    #[test]
    fn a_service_without_pets_is_a_name_without_addresses() {
        let service = serde_json::from_value(json!({ "spec": { "clusterIP": "None" } })).expect("a service");
        let question = Question::parse("nginx.default.svc.cluster.local", DOMAIN).expect("a name");
        let answer = question.answer(&service, &Endpoints::default(), DOMAIN);
        assert_eq!(answer, Some(ResolvedName::Addresses(Vec::new())));
    }

    #[test]
    fn who_is_not_let_in_has_no_name() {
        for name in ["web-1.nginx.default.svc.cluster.local", "_x._tcp.nginx.default.svc.cluster.local", "nginx", ""] {
            assert_eq!(ask(name), None, "{name}");
        }
    }
}
