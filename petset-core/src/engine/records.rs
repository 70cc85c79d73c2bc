//! From services and pods to the names of a set.

use std::hash::{DefaultHasher, Hash, Hasher};

use crate::backend::{PetName, RecordSet, ServiceName, ServicePortName};
use crate::names::SetKey;
use crate::plan::PodView;
use crate::spec::{ConfigObject, IntOrString, PetSet, PodSpec, Service, ServicePort};

/// The services that name pods of this set: the governing one first, even when no such object exists, then every other
/// one whose selector matches the template's labels.
pub(super) fn services(set: &PetSet, objects: &[ConfigObject]) -> Vec<ServiceName> {
    let governing = set.spec.service_name.as_str();
    let template = &set.spec.template;
    let all = objects.iter().filter_map(|object| match object {
        ConfigObject::Service(service) => Some(service),
        ConfigObject::ConfigMap(_) | ConfigObject::Secret(_) => None,
    });
    let mut named: Vec<ServiceName> = Vec::new();
    if !governing.is_empty() {
        let declared = all.clone().find(|service| service.metadata.name == governing);
        named.push(declared.map_or_else(
            || ServiceName { name: governing.to_owned(), ..ServiceName::default() },
            |service| service_name(service, &template.spec),
        ));
    }
    let selects = |service: &&Service| {
        let selector = &service.spec.selector;
        service.metadata.name != governing
            && !selector.is_empty()
            && selector.iter().all(|(key, value)| template.metadata.labels.get(key) == Some(value))
    };
    named.extend(all.filter(selects).map(|service| service_name(service, &template.spec)));
    named
}

fn service_name(service: &Service, pod: &PodSpec) -> ServiceName {
    ServiceName {
        name: service.metadata.name.clone(),
        publish_not_ready: service.spec.publish_not_ready_addresses,
        ports: service.spec.ports.iter().filter_map(|port| port_name(port, pod)).collect(),
    }
}

/// A named port, with the number that pods listen on. A port whose target nobody knows has no name.
fn port_name(port: &ServicePort, pod: &PodSpec) -> Option<ServicePortName> {
    let number = match &port.target_port {
        None | Some(IntOrString::Int(0)) => port.port,
        Some(IntOrString::Int(number)) => *number,
        Some(IntOrString::String(name)) => {
            let mut ports = pod.containers.iter().flat_map(|container| &container.ports);
            ports.find(|port| port.name.as_ref() == Some(name))?.container_port
        }
    };
    Some(ServicePortName {
        name: port.name.clone()?,
        protocol: port.protocol.as_deref().unwrap_or("TCP").to_ascii_lowercase(),
        port: u16::try_from(number).ok()?,
    })
}

/// The names of the set as it was seen.
pub(super) fn record_set(key: &SetKey, set: &PetSet, services: &[ServiceName], pods: &[PodView]) -> RecordSet {
    let has_governing = !set.spec.service_name.is_empty();
    let pets = pods.iter().filter(|pod| pod.is_ours()).filter_map(|pod| {
        Some(PetName {
            ordinal: pod.ordinal,
            hostname: key.pod_name(pod.ordinal),
            address: pod.address?,
            ready: pod.is_ready() && !pod.terminating,
        })
    });
    RecordSet {
        governing: services.first().filter(|_| has_governing).cloned(),
        services: services.iter().skip(usize::from(has_governing)).cloned().collect(),
        pets: pets.collect(),
    }
}

/// A number for everything but the pods that names depend on.
pub(super) fn digest(services: &[ServiceName], domain: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    services.hash(&mut hasher);
    domain.hash(&mut hasher);
    hasher.finish()
}
