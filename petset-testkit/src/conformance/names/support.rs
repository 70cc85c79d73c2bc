//! Records to publish.

use std::net::IpAddr;

use petset_core::backend::{PetName, Published, RecordSet, ResolvedName, ServiceName, ServicePortName};
use petset_core::{Ordinal, SetKey};

use crate::conformance::bench::{Bench, Outcome, Stop, by_hand};

/// An address for a pet.
pub(super) fn address(net: u8, ordinal: u32) -> IpAddr {
    IpAddr::from([10, 80, net, u8::try_from(ordinal + 1).unwrap_or(u8::MAX)])
}

pub(super) fn pet(set: &SetKey, net: u8, ordinal: u32, ready: bool) -> PetName {
    let ordinal = Ordinal(ordinal);
    PetName { ordinal, hostname: set.pod_name(ordinal), address: address(net, ordinal.0), ready }
}

pub(super) fn service(name: &str, publish_not_ready: bool) -> ServiceName {
    let port = |(name, port): (&str, u16)| ServicePortName { name: name.into(), protocol: "tcp".into(), port };
    let ports = [("http", 8080), ("peer", 7000)].map(port).into();
    ServiceName { name: name.to_owned(), publish_not_ready, ports }
}

/// Records of pets below a service, in the order given.
pub(super) fn records(set: &SetKey, net: u8, governing: ServiceName, pets: &[(u32, bool)]) -> RecordSet {
    let pets = pets.iter().map(|(ordinal, ready)| pet(set, net, *ordinal, *ready)).collect();
    RecordSet { governing: Some(governing), services: Vec::new(), pets }
}

impl Bench {
    /// The name of a service of this case.
    pub(super) fn service(&self, name: &str) -> String {
        format!("{name}-{}", self.tag)
    }

    /// `<below>.<namespace>.svc.<domain>`.
    pub(super) fn full(&self, below: &str, set: &SetKey) -> String {
        format!("{below}.{}.svc.{}", set.namespace, self.names().domain())
    }

    pub(super) async fn publish(&self, set: &SetKey, records: &RecordSet) -> Outcome {
        let follows_pods = self.names().capabilities().follows_pods;
        if follows_pods {
            by_hand(self.hands().name_pets(set, records).await)?;
        }
        match self.names().publish(set, records).await? {
            Published::Changed => Ok(()),
            Published::Unchanged if follows_pods => Ok(()),
            Published::Unchanged => Err(Stop::Failed(format!("publishing {records:?} changed nothing"))),
        }
    }

    pub(super) async fn withdraw(&self, set: &SetKey) -> Outcome {
        if self.names().capabilities().follows_pods {
            by_hand(self.hands().name_pets(set, &RecordSet::default()).await)?;
        }
        Ok(self.names().withdraw(set).await?)
    }

    /// The addresses of a name; `None` when there is no such name.
    pub(super) async fn addresses(&self, name: &str) -> Outcome<Option<Vec<IpAddr>>> {
        match self.names().resolve(name).await {
            Ok(ResolvedName::Addresses(addresses)) => Ok(Some(addresses)),
            Ok(other) => Err(Stop::Failed(format!("{name} is {other:?}"))),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    pub(super) async fn is_unknown(&self, name: &str) -> bool {
        self.names().resolve(name).await.is_err_and(|error| error.is_not_found())
    }
}
