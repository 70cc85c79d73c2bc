//! What every name means: the zone's data, written set by set.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;

use petset_core::SetKey;
use petset_core::backend::{PetName, Published, RecordSet, ServiceName};

/// Every name below one cluster domain.
///
/// Written level by level: [`put`](Self::put) replaces all that one set says and touches nothing of another, also when
/// both name pets for one service. Names are compared without regard to case.
#[derive(Debug, Clone)]
pub struct Zone {
    domain: String,
    serial: u32,
    pub(super) sets: BTreeMap<SetKey, Arc<Entry>>,
    /// Namespace → service → the sets that name pets for it.
    pub(super) services: BTreeMap<String, BTreeMap<String, BTreeSet<SetKey>>>,
    /// Address → the sets that have a pet there.
    pub(super) addresses: BTreeMap<IpAddr, BTreeSet<SetKey>>,
}

/// What one set says, with its hosts by name.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) records: RecordSet,
    hosts: BTreeMap<String, usize>,
}

impl Entry {
    fn new(records: &RecordSet) -> Self {
        let mut records = records.clone();
        records.pets.sort_by_key(|pet| pet.ordinal);
        let hosts =
            records.pets.iter().enumerate().map(|(index, pet)| (pet.hostname.to_ascii_lowercase(), index)).collect();
        Self { records, hosts }
    }

    /// The set's services, the governing one first.
    pub(super) fn services(&self) -> impl Iterator<Item = &ServiceName> {
        self.records.governing.iter().chain(&self.records.services)
    }

    /// The set's service of this name. The governing one wins over another of the same name.
    pub(super) fn service(&self, name: &str) -> Option<&ServiceName> {
        self.services().find(|service| service.name.eq_ignore_ascii_case(name))
    }

    pub(super) fn pet(&self, hostname: &str) -> Option<&PetName> {
        self.hosts.get(hostname).and_then(|index| self.records.pets.get(*index))
    }
}

impl Zone {
    /// An empty zone for this cluster domain; dots at its ends and its case do not matter.
    pub fn new(domain: &str) -> Self {
        Self {
            domain: domain.trim_matches('.').to_ascii_lowercase(),
            serial: 1,
            sets: BTreeMap::new(),
            services: BTreeMap::new(),
            addresses: BTreeMap::new(),
        }
    }

    /// The cluster domain in lower case, without a dot at either end.
    pub fn domain(&self) -> &str {
        &self.domain
    }

    /// A number that grows with every change; the serial of the zone's SOA record.
    pub fn serial(&self) -> u32 {
        self.serial
    }

    /// Makes `records` all that `set` says.
    pub fn put(&mut self, set: &SetKey, records: &RecordSet) -> Published {
        let entry = Entry::new(records);
        if self.sets.get(set).is_some_and(|known| known.records == entry.records) {
            return Published::Unchanged;
        }
        self.forget(set);
        let namespace = self.services.entry(set.namespace.to_ascii_lowercase()).or_default();
        for service in entry.services() {
            namespace.entry(service.name.to_ascii_lowercase()).or_default().insert(set.clone());
        }
        for pet in &entry.records.pets {
            self.addresses.entry(pet.address).or_default().insert(set.clone());
        }
        self.sets.insert(set.clone(), Arc::new(entry));
        self.changed()
    }

    /// Removes all that `set` says.
    pub fn remove(&mut self, set: &SetKey) -> Published {
        if self.forget(set) { self.changed() } else { Published::Unchanged }
    }

    fn changed(&mut self) -> Published {
        self.serial = self.serial.wrapping_add(1);
        Published::Changed
    }

    fn forget(&mut self, set: &SetKey) -> bool {
        let Some(entry) = self.sets.remove(set) else { return false };
        let namespace = set.namespace.to_ascii_lowercase();
        if let Some(services) = self.services.get_mut(&namespace) {
            for service in entry.services() {
                drop_member(services, &service.name.to_ascii_lowercase(), set);
            }
            if services.is_empty() {
                self.services.remove(&namespace);
            }
        }
        for pet in &entry.records.pets {
            drop_member(&mut self.addresses, &pet.address, set);
        }
        true
    }
}

fn drop_member<K: Ord>(map: &mut BTreeMap<K, BTreeSet<SetKey>>, key: &K, set: &SetKey) {
    if let Some(members) = map.get_mut(key) {
        members.remove(set);
        if members.is_empty() {
            map.remove(key);
        }
    }
}
