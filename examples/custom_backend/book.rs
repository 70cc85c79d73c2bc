//! [`Book`]: names in a table of this program.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Mutex;

use async_trait::async_trait;
use petset::backend::{NameCapabilities, NameResolver, Published, RecordSet, ResolvedName};
use petset::{Error, ErrorKind, Result, SetKey};

/// Names in a table of this program, for whoever asks it.
#[derive(Debug, Default)]
pub(crate) struct Book(Mutex<BTreeMap<SetKey, RecordSet>>);

impl Book {
    fn with<T>(&self, work: impl FnOnce(&mut BTreeMap<SetKey, RecordSet>) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner))
    }
}

#[async_trait]
impl NameResolver for Book {
    fn capabilities(&self) -> NameCapabilities {
        NameCapabilities::default()
    }

    fn domain(&self) -> String {
        "cluster.local".to_owned()
    }

    fn servers(&self) -> Vec<IpAddr> {
        Vec::new()
    }

    async fn publish(&self, set: &SetKey, records: &RecordSet) -> Result<Published> {
        // In whatever order the pets come, the names are the same.
        let mut records = records.clone();
        records.pets.sort_by_key(|pet| pet.ordinal);
        let before = self.with(|book| book.insert(set.clone(), records.clone()));
        Ok(if before.as_ref() == Some(&records) { Published::Unchanged } else { Published::Changed })
    }

    async fn withdraw(&self, set: &SetKey) -> Result<()> {
        self.with(|book| book.remove(set));
        Ok(())
    }

    async fn resolve(&self, name: &str) -> Result<ResolvedName> {
        let unknown = || Error::new(ErrorKind::NotFound, "resolve a name").with_context("name", name);
        let lower = name.to_ascii_lowercase();
        let below = lower.trim_end_matches('.').strip_suffix(".svc.cluster.local").ok_or_else(unknown)?;
        let labels: Vec<&str> = below.split('.').collect();
        let (hostname, service, namespace) = match *labels.as_slice() {
            [service, namespace] => (None, service, namespace),
            [hostname, service, namespace] => (Some(hostname), service, namespace),
            _ => return Err(unknown()),
        };
        let mut found = Vec::new();
        let mut known = false;
        self.with(|book| {
            for (_, records) in book.iter().filter(|(set, _)| *set.namespace == *namespace) {
                let mut services = records.governing.iter().chain(&records.services);
                let Some(service) = services.find(|known| known.name == service) else { continue };
                known |= hostname.is_none();
                let pets = records.pets.iter().filter(|pet| hostname.is_none_or(|hostname| hostname == pet.hostname));
                found.extend(
                    pets.filter(|pet| pet.ready || service.publish_not_ready).map(|pet| (pet.ordinal, pet.address)),
                );
            }
        });
        if !known && found.is_empty() {
            return Err(unknown());
        }
        found.sort_unstable();
        Ok(ResolvedName::Addresses(found.into_iter().map(|(_, address)| address).collect()))
    }
}
