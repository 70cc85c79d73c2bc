//! [`NameResolver`]: how pets and services are found by name.

use std::fmt::Debug;
use std::net::IpAddr;

use async_trait::async_trait;

use crate::error::Result;
use crate::names::{Ordinal, SetKey};

/// How pets and services are found by name.
///
/// Names are `<pet>.<service>.<namespace>.svc.<domain>` and `<service>.<namespace>.svc.<domain>`.
///
/// # Cancellation
/// Dropping a future may leave its effect done, not done, or to be done late, never half done: the names are then those of
/// one request or of another. A request that failed may be done late too, also after a newer one, and after its set is no
/// more. Therefore the engine says again what it has said, now and then ([`EngineOptions::names_interval`]), and names
/// that are published as they are already must cost little.
///
/// [`EngineOptions::names_interval`]: crate::EngineOptions::names_interval
#[async_trait]
pub trait NameResolver: Debug + Send + Sync + 'static {
    /// What this resolver can do. Constant for its life.
    fn capabilities(&self) -> NameCapabilities;

    /// The cluster domain, for example `cluster.local`, without a dot at either end.
    fn domain(&self) -> String;

    /// Name servers that pods ask on port 53; empty when the backend has its own way.
    fn servers(&self) -> Vec<IpAddr>;

    /// Makes this the set's whole record set.
    ///
    /// # Behavior
    /// - `publish_replaces_the_whole_set`: a pet that is not in it any more does not resolve.
    /// - `publish_twice_is_unchanged`: the same record set again is [`Published::Unchanged`].
    /// - `publish_leaves_other_sets_alone`: also when both use the same service.
    async fn publish(&self, set: &SetKey, records: &RecordSet) -> Result<Published>;

    /// Removes every record of the set.
    ///
    /// # Behavior
    /// - `withdraw_of_the_unknown_is_fine`.
    /// - `withdraw_removes_every_name`.
    async fn withdraw(&self, set: &SetKey) -> Result<()>;

    /// Resolves a full name as a pod would.
    ///
    /// # Behavior
    /// - `resolve_pet_gives_its_address`: below the governing service and below every other service of the set; where a
    ///   service publishes not-ready addresses also when it is not ready, else only when it is.
    /// - `resolve_service_gives_ready_pets`: in ascending order of ordinal, with those that are not ready where the
    ///   service publishes not-ready addresses. A service without such pets is a name without addresses.
    /// - `resolve_srv_gives_one_target_per_pet_and_named_port`.
    /// - `resolve_unknown_is_not_found`.
    /// - `resolve_ptr_gives_the_pets_name`: of `….in-addr.arpa` and `….ip6.arpa`, the full name below the governing service.
    async fn resolve(&self, name: &str) -> Result<ResolvedName>;
}

/// What a [`NameResolver`] can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct NameCapabilities {
    /// SRV records for named ports.
    pub srv: bool,
    /// PTR records from addresses to pets.
    pub ptr: bool,
    /// The runtime names pods by itself, as Kubernetes does: what is published changes no answer, and withdrawing takes
    /// none away. [`publish`](NameResolver::publish) then makes sure of what the runtime needs for that.
    pub follows_pods: bool,
}

/// Whether anything changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Published {
    /// Something changed.
    Changed,
    /// Everything was already so.
    Unchanged,
}

/// Every name of a set.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RecordSet {
    /// The governing service, if the set has one: SRV records name the pets below it, as far as it publishes them.
    pub governing: Option<ServiceName>,
    /// Other services of the namespace that select the set's pods. The pets have names below them too.
    pub services: Vec<ServiceName>,
    /// The pets that have an address, by ordinal.
    pub pets: Vec<PetName>,
}

/// A service's name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct ServiceName {
    /// The name.
    pub name: String,
    /// Whether pets are named before they are ready.
    pub publish_not_ready: bool,
    /// The ports that have a name.
    pub ports: Vec<ServicePortName>,
}

/// A named port of a service.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct ServicePortName {
    /// The name.
    pub name: String,
    /// `tcp`, `udp` or `sctp`.
    pub protocol: String,
    /// The port that the pods listen on.
    pub port: u16,
}

/// A pet that can be named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PetName {
    /// The pet.
    pub ordinal: Ordinal,
    /// The hostname, which is the pod's name.
    pub hostname: String,
    /// The address.
    pub address: IpAddr,
    /// Whether it is ready, not terminating and may be talked to.
    pub ready: bool,
}

/// The answer to a name.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ResolvedName {
    /// Addresses of a pet or of a service's pets.
    Addresses(Vec<IpAddr>),
    /// Targets of `_<port>._<protocol>.<service>…`: full name and port.
    Services(Vec<(String, u16)>),
    /// Full names of the pets that have an address.
    Names(Vec<String>),
}
