//! What may be set about a cluster before it is opened.

use std::marker::PhantomData;

use kube::Client;

use super::Cluster;
use super::open::Views;
use crate::cache::Scope;
use crate::resource::{PetSets, SetKind, StatefulSets};

/// What may be set about a [`Cluster`] before it is opened.
#[derive(Clone)]
#[must_use = "a builder does nothing before `open`"]
pub struct ClusterBuilder<K: SetKind = PetSets> {
    pub(super) client: Client,
    pub(super) scope: Scope,
    pub(super) domain: String,
    pub(super) reads_config: bool,
    kind: PhantomData<K>,
}

impl<K: SetKind> ClusterBuilder<K> {
    pub(super) fn new(client: Client) -> Self {
        let domain = "cluster.local".to_owned();
        Self { client, scope: Scope::Cluster, domain, reads_config: false, kind: PhantomData }
    }

    /// Only this namespace is looked at, and rights in it are enough; every namespace unless said.
    pub fn namespace(mut self, namespace: impl Into<String>) -> Self {
        self.scope = Scope::Namespace(namespace.into());
        self
    }

    /// The cluster domain; `cluster.local` unless said.
    pub fn domain(mut self, domain: impl Into<String>) -> Self {
        self.domain = domain.into();
        self
    }

    /// Config maps and secrets are read as well, so that [`SetStore::objects`](petset_core::store::SetStore::objects) has
    /// them, which takes the right to; only Services unless said. Pods have theirs either way: their nodes read them.
    pub fn reads_config(mut self, reads: bool) -> Self {
        self.reads_config = reads;
        self
    }
}

impl ClusterBuilder {
    /// The sets are Kubernetes' own `StatefulSet`s, instead of `PetSet`s.
    pub fn stateful_sets(self) -> ClusterBuilder<StatefulSets> {
        let Self { client, scope, domain, reads_config, kind: _ } = self;
        ClusterBuilder { client, scope, domain, reads_config, kind: PhantomData }
    }

    /// Opens the cluster: its views begin to fill, on the runtime that this is called on.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub fn open(self) -> Cluster {
        Cluster::of_pet_sets(Views::open(self))
    }
}

impl ClusterBuilder<StatefulSets> {
    /// Opens the cluster: its views begin to fill, on the runtime that this is called on.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub fn open(self) -> Cluster<StatefulSets> {
        Cluster::of_stateful_sets(Views::open(self))
    }
}

impl<K: SetKind> std::fmt::Debug for ClusterBuilder<K> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { client: _, scope, domain, reads_config, kind: _ } = self;
        f.debug_struct("ClusterBuilder")
            .field("scope", scope)
            .field("domain", domain)
            .field("reads_config", reads_config)
            .finish_non_exhaustive()
    }
}
