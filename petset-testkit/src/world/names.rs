//! [`FakeNames`]: the names of a world.

use std::net::IpAddr;

use async_trait::async_trait;
use petset_core::backend::{NameCapabilities, NameResolver, PetName, Published, RecordSet, ResolvedName, ServiceName};
use petset_core::{Error, ErrorKind, Result, SetKey};

use super::effect::Effect;
use super::request::Request;
use super::shared::Shared;
use super::state::State;

const DOMAIN: &str = "cluster.local";

/// The names of a [`FakeWorld`](super::FakeWorld), below `cluster.local`.
#[derive(Debug, Clone)]
pub struct FakeNames {
    pub(super) world: Shared,
}

#[async_trait]
impl NameResolver for FakeNames {
    fn capabilities(&self) -> NameCapabilities {
        let mut capabilities = NameCapabilities::default();
        capabilities.srv = true;
        capabilities.ptr = true;
        capabilities
    }

    fn domain(&self) -> String {
        DOMAIN.to_owned()
    }

    fn servers(&self) -> Vec<IpAddr> {
        Vec::new()
    }

    async fn publish(&self, set: &SetKey, records: &RecordSet) -> Result<Published> {
        // Whatever order the pets come in, the names are the same.
        let (set, mut records) = (set.clone(), records.clone());
        records.pets.sort_by_key(|pet| pet.ordinal);
        let request = Request::Publish(set.clone(), records.clone());
        let publish = move |state: &mut State| {
            if state.records.get(&set) == Some(&records) {
                return Ok(Published::Unchanged);
            }
            state.records.insert(set.clone(), records);
            state.record(Effect::NamesPublished { set });
            Ok(Published::Changed)
        };
        self.world.request(request, publish).await
    }

    async fn withdraw(&self, set: &SetKey) -> Result<()> {
        let (set, request) = (set.clone(), Request::Withdraw(set.clone()));
        let withdraw = move |state: &mut State| {
            if state.records.remove(&set).is_some() {
                state.record(Effect::NamesWithdrawn { set });
            }
            Ok(())
        };
        self.world.request(request, withdraw).await
    }

    async fn resolve(&self, name: &str) -> Result<ResolvedName> {
        let (name, request) = (name.to_owned(), Request::Resolve(name.to_owned()));
        let find = move |state: &mut State| {
            resolve(state, &name).ok_or_else(|| {
                Error::new(ErrorKind::NotFound, "resolve a name")
                    .with_context("name", name)
                    .with_message("no such name")
            })
        };
        self.world.request(request, find).await
    }
}

fn resolve(state: &State, name: &str) -> Option<ResolvedName> {
    let name = name.to_ascii_lowercase();
    let name = name.strip_suffix('.').unwrap_or(&name);
    if name.rsplit_once('.').is_some_and(|(_, top)| top == "arpa") {
        return names_of(state, name);
    }
    let below = name.strip_suffix(DOMAIN)?.strip_suffix(".svc.")?;
    let mut labels = below.rsplit('.');
    let (namespace, service) = (labels.next()?, labels.next()?);
    let rest: Vec<&str> = labels.collect();
    let served: Vec<(&RecordSet, &ServiceName)> = state
        .records
        .range(SetKey::new(namespace, "")..)
        .take_while(|(set, _)| *set.namespace == *namespace)
        .flat_map(|(_, records)| {
            let services = records.governing.iter().chain(&records.services);
            services.filter(|named| named.name == service).map(move |named| (records, named))
        })
        .collect();
    if served.is_empty() {
        return None;
    }
    let shown = |named: &ServiceName, pet: &PetName| pet.ready || named.publish_not_ready;
    match *rest.as_slice() {
        [] => Some(ResolvedName::Addresses(pets(&served, shown, |_, _, pet| pet.address))),
        [hostname] => {
            let found =
                pets(&served, |named, pet| pet.hostname == hostname && shown(named, pet), |_, _, pet| pet.address);
            (!found.is_empty()).then_some(ResolvedName::Addresses(found))
        }
        [protocol, port] => {
            let (protocol, port) = (protocol.strip_prefix('_')?, port.strip_prefix('_')?);
            let is_wanted = |(_, named): &&(&RecordSet, &ServiceName)| {
                named.ports.iter().any(|known| known.name == port && known.protocol == protocol)
            };
            let served: Vec<_> = served.iter().filter(is_wanted).copied().collect();
            let number = |named: &ServiceName| {
                named.ports.iter().find(|known| known.name == port && known.protocol == protocol).map_or(0, |p| p.port)
            };
            // The pet's own name, where it has one there.
            let target = |records: &RecordSet, named: &ServiceName, pet: &PetName| {
                let service = records.governing.as_ref().filter(|own| shown(own, pet)).unwrap_or(named);
                (format!("{}.{}.{namespace}.svc.{DOMAIN}", pet.hostname, service.name), number(named))
            };
            (!served.is_empty()).then(|| ResolvedName::Services(pets(&served, shown, target)))
        }
        _ => None,
    }
}

/// The names of the pets whose address has this reverse name.
fn names_of(state: &State, reverse: &str) -> Option<ResolvedName> {
    let mut names = Vec::new();
    for (set, records) in &state.records {
        let services = || records.governing.iter().chain(&records.services);
        for pet in records.pets.iter().filter(|pet| reverse_of(pet.address) == reverse) {
            let shown = services().find(|service| pet.ready || service.publish_not_ready);
            names.extend(
                shown.map(|service| format!("{}.{}.{}.svc.{DOMAIN}", pet.hostname, service.name, set.namespace)),
            );
        }
    }
    (!names.is_empty()).then_some(ResolvedName::Names(names))
}

fn reverse_of(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => {
            let [a, b, c, d] = address.octets();
            format!("{d}.{c}.{b}.{a}.in-addr.arpa")
        }
        IpAddr::V6(address) => {
            let octets = address.octets().into_iter().rev();
            let digits: Vec<String> = octets.map(|octet| format!("{:x}.{:x}", octet & 15, octet >> 4)).collect();
            format!("{}.ip6.arpa", digits.join("."))
        }
    }
}

/// What `show` makes of each wanted pet, by ascending ordinal.
fn pets<T>(
    served: &[(&RecordSet, &ServiceName)],
    wanted: impl Fn(&ServiceName, &PetName) -> bool,
    show: impl Fn(&RecordSet, &ServiceName, &PetName) -> T,
) -> Vec<T> {
    let mut found: Vec<_> = served
        .iter()
        .flat_map(|(records, named)| records.pets.iter().map(move |pet| (*records, *named, pet)))
        .filter(|(_, named, pet)| wanted(named, pet))
        .collect();
    found.sort_by_key(|(_, _, pet)| pet.ordinal);
    found.into_iter().map(|(records, named, pet)| show(records, named, pet)).collect()
}
