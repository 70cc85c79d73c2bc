//! Reading the zone: what one name means now.

use std::collections::BTreeSet;
use std::net::IpAddr;

use petset_core::backend::{PetName, ServiceName};
use petset_core::{Ordinal, SetKey};

use super::reverse;
use super::zone::{Entry, Zone};

/// What a name means.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Found {
    /// A pet, at this address.
    Pet(IpAddr),
    /// A service: the addresses of its pets by ordinal, and every pet with every named port.
    Service {
        /// The addresses, each once.
        addresses: Vec<IpAddr>,
        /// One per pet and named port.
        targets: Vec<Target>,
    },
    /// A named port of a service: one target per pet.
    Port(Vec<Target>),
    /// An address, and the full names of the pets that live there.
    Pointer(Vec<String>),
    /// The cluster domain itself.
    Apex,
    /// A name that holds nothing itself but has names below it.
    Empty,
    /// No such name below the cluster domain.
    Unknown,
    /// Not a name of this zone.
    Outside,
}

/// Where a named port is served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The pet's full name, without a dot at the end.
    pub name: String,
    /// The port.
    pub port: u16,
    /// The pet's address.
    pub address: IpAddr,
}

impl Zone {
    /// What `name` means now. Case and a dot at the end do not matter.
    ///
    /// ```
    /// use petset_local::dns::{Found, Zone};
    /// let zone = Zone::new("cluster.local");
    /// assert_eq!(zone.lookup("web-0.web.default.svc.cluster.local"), Found::Unknown);
    /// assert_eq!(zone.lookup("example.org."), Found::Outside);
    /// ```
    pub fn lookup(&self, name: &str) -> Found {
        self.look(name, true)
    }

    /// As [`lookup`](Self::lookup); names a service's targets only on demand, for they are many.
    pub(super) fn look(&self, name: &str, with_targets: bool) -> Found {
        let name = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
        if let Some(address) = reverse::address_of(&name) {
            return self.pointer(address);
        }
        if name == self.domain() {
            return Found::Apex;
        }
        let Some(below) = name.strip_suffix(self.domain()).and_then(|rest| rest.strip_suffix('.')) else {
            return Found::Outside;
        };
        let labels: Vec<&str> = below.rsplit('.').collect();
        match *labels.as_slice() {
            ["svc"] if !self.services.is_empty() => Found::Empty,
            ["svc", namespace] if self.services.contains_key(namespace) => Found::Empty,
            ["svc", namespace, service] => self.service(namespace, service, with_targets),
            ["svc", namespace, service, protocol] if protocol.starts_with('_') => {
                if self.ports(namespace, service).any(|(_, found)| found == protocol[1..]) {
                    Found::Empty
                } else {
                    Found::Unknown
                }
            }
            ["svc", namespace, service, pet] => self.pet(namespace, service, pet),
            ["svc", namespace, service, protocol, port] => self.port(namespace, service, protocol, port),
            _ => Found::Unknown,
        }
    }

    fn pet(&self, namespace: &str, service: &str, hostname: &str) -> Found {
        let mut found = self.members(namespace, service).filter_map(|(_, entry, service)| {
            entry.pet(hostname).filter(|pet| is_published(service, pet)).map(|pet| pet.address)
        });
        found.next().map_or(Found::Unknown, Found::Pet)
    }

    fn service(&self, namespace: &str, service: &str, with_targets: bool) -> Found {
        let mut known = false;
        let mut pets: Vec<(Ordinal, &SetKey, IpAddr)> = Vec::new();
        for (set, entry, service) in self.members(namespace, service) {
            known = true;
            let published = entry.records.pets.iter().filter(|pet| is_published(service, pet));
            pets.extend(published.map(|pet| (pet.ordinal, set, pet.address)));
        }
        if !known {
            return Found::Unknown;
        }
        pets.sort_unstable();
        let mut seen = BTreeSet::new();
        let addresses =
            pets.into_iter().map(|(_, _, address)| address).filter(|address| seen.insert(*address)).collect();
        let targets = if with_targets { self.targets(namespace, service, None) } else { Vec::new() };
        Found::Service { addresses, targets }
    }

    fn port(&self, namespace: &str, service: &str, protocol: &str, port: &str) -> Found {
        let (Some(protocol), Some(port)) = (protocol.strip_prefix('_'), port.strip_prefix('_')) else {
            return Found::Unknown;
        };
        if !self.ports(namespace, service).any(|found| found == (port.to_owned(), protocol.to_owned())) {
            return Found::Unknown;
        }
        Found::Port(self.targets(namespace, service, Some((port, protocol))))
    }

    /// Every published pet with every named port, or with the one asked for, by ordinal.
    fn targets(&self, namespace: &str, service: &str, wanted: Option<(&str, &str)>) -> Vec<Target> {
        let mut targets: Vec<((Ordinal, &SetKey), Target)> = Vec::new();
        for (set, entry, service) in self.members(namespace, service) {
            for pet in entry.records.pets.iter().filter(|pet| is_published(service, pet)) {
                let ports = service.ports.iter().filter(|port| {
                    wanted.is_none_or(|(name, protocol)| {
                        port.name.eq_ignore_ascii_case(name) && port.protocol.eq_ignore_ascii_case(protocol)
                    })
                });
                let name = self.name_of(set, entry, service, pet);
                targets.extend(ports.map(|port| {
                    ((pet.ordinal, set), Target { name: name.clone(), port: port.port, address: pet.address })
                }));
            }
        }
        targets.sort_by_key(|(pet, _)| *pet);
        targets.into_iter().map(|(_, target)| target).collect()
    }

    fn pointer(&self, address: IpAddr) -> Found {
        let Some(sets) = self.addresses.get(&address) else { return Found::Outside };
        let mut names = Vec::new();
        for set in sets {
            let Some(entry) = self.sets.get(set) else { continue };
            for pet in entry.records.pets.iter().filter(|pet| pet.address == address) {
                if let Some(service) = entry.services().find(|service| is_published(service, pet)) {
                    names.push(self.name_of(set, entry, service, pet));
                }
            }
        }
        if names.is_empty() { Found::Unknown } else { Found::Pointer(names) }
    }

    /// The pet's own name below its governing service; below `service` where that one does not publish it.
    fn name_of(&self, set: &SetKey, entry: &Entry, service: &ServiceName, pet: &PetName) -> String {
        let service = entry.records.governing.as_ref().filter(|own| is_published(own, pet)).unwrap_or(service);
        format!("{}.{}.{}.svc.{}", pet.hostname, service.name, set.namespace, self.domain()).to_ascii_lowercase()
    }

    fn members<'z>(
        &'z self,
        namespace: &str,
        service: &'z str,
    ) -> impl Iterator<Item = (&'z SetKey, &'z Entry, &'z ServiceName)> {
        let sets = self.services.get(namespace).and_then(|services| services.get(service));
        sets.into_iter().flatten().filter_map(move |set| {
            let entry = self.sets.get(set)?;
            Some((set, &**entry, entry.service(service)?))
        })
    }

    /// The named ports of a service as `(name, protocol)` in lower case.
    fn ports<'z>(&'z self, namespace: &'z str, service: &'z str) -> impl Iterator<Item = (String, String)> + 'z {
        self.members(namespace, service)
            .flat_map(|(_, _, service)| &service.ports)
            .map(|port| (port.name.to_ascii_lowercase(), port.protocol.to_ascii_lowercase()))
    }
}

fn is_published(service: &ServiceName, pet: &PetName) -> bool {
    pet.ready || service.publish_not_ready
}
