//! Names that are wrong in one way.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use petset_core::backend::{NameCapabilities, NameResolver, Published, RecordSet, ResolvedName};
use petset_core::{Error, ErrorKind, Result, SetKey};
use petset_testkit::{FakeNames, FakeWorld};

use super::flaw::Flaw;

/// The names of a fake, but for one flaw.
#[derive(Debug)]
pub(crate) struct FlawedNames {
    flaw: Flaw,
    world: FakeWorld,
    inner: FakeNames,
    published: Mutex<BTreeSet<SetKey>>,
}

impl FlawedNames {
    pub(crate) fn new(flaw: Flaw, world: &FakeWorld) -> Self {
        Self { flaw, world: world.clone(), inner: world.names(), published: Mutex::default() }
    }
}

#[async_trait]
impl NameResolver for FlawedNames {
    fn capabilities(&self) -> NameCapabilities {
        self.inner.capabilities()
    }

    fn domain(&self) -> String {
        self.inner.domain()
    }

    fn servers(&self) -> Vec<IpAddr> {
        self.inner.servers()
    }

    async fn publish(&self, set: &SetKey, records: &RecordSet) -> Result<Published> {
        let mut records = records.clone();
        match self.flaw {
            Flaw::PublishMerges => {
                for before in self.world.records(set).map(|before| before.pets).unwrap_or_default() {
                    if records.pets.iter().all(|pet| pet.ordinal != before.ordinal) {
                        records.pets.push(before);
                    }
                }
            }
            Flaw::PublishTakesServices => {
                let before: Vec<SetKey> = {
                    let mut published = self.published.lock().unwrap_or_else(PoisonError::into_inner);
                    published.insert(set.clone());
                    published.iter().filter(|other| *other != set).cloned().collect()
                };
                for other in before {
                    self.inner.withdraw(&other).await?;
                }
            }
            Flaw::MixesAddresses => {
                let mut addresses: Vec<IpAddr> = records.pets.iter().map(|pet| pet.address).collect();
                addresses.rotate_left(1);
                records.pets.iter_mut().zip(addresses).for_each(|(pet, address)| pet.address = address);
            }
            Flaw::NamesUnreadyPets => records.pets.iter_mut().for_each(|pet| pet.ready = true),
            _ => {}
        }
        let answer = self.inner.publish(set, &records).await?;
        Ok(if self.flaw == Flaw::AlwaysChanged { Published::Changed } else { answer })
    }

    async fn withdraw(&self, set: &SetKey) -> Result<()> {
        match self.flaw {
            Flaw::WithdrawsNothing => Ok(()),
            Flaw::WithdrawOfTheUnknownFails if self.world.records(set).is_none() => {
                Err(Error::new(ErrorKind::NotFound, "withdraw names").with_context("set", set))
            }
            _ => self.inner.withdraw(set).await,
        }
    }

    async fn resolve(&self, name: &str) -> Result<ResolvedName> {
        match (self.flaw, self.inner.resolve(name).await) {
            (Flaw::UnknownIsEmpty, Err(error)) if error.is_not_found() => Ok(ResolvedName::Addresses(Vec::new())),
            (Flaw::OneTarget, Ok(ResolvedName::Services(mut targets))) => {
                targets.truncate(1);
                Ok(ResolvedName::Services(targets))
            }
            (Flaw::ShortPointers, Ok(ResolvedName::Names(names))) => {
                let short = |name: String| name.split('.').next().unwrap_or_default().to_owned();
                Ok(ResolvedName::Names(names.into_iter().map(short).collect()))
            }
            (_, answer) => answer,
        }
    }
}
