//! What may be set about a cluster before it is opened.

use kube::Client;

use super::Cluster;
use crate::cache::Scope;

/// What may be set about a [`Cluster`] before it is opened.
#[derive(Clone)]
#[must_use = "a builder does nothing before `open`"]
pub struct ClusterBuilder {
    pub(super) client: Client,
    pub(super) scope: Scope,
    pub(super) domain: String,
    pub(super) reads_config: bool,
}

impl ClusterBuilder {
    pub(super) fn new(client: Client) -> Self {
        Self { client, scope: Scope::Cluster, domain: "cluster.local".to_owned(), reads_config: false }
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

    /// Opens the cluster: its views begin to fill, on the runtime that this is called on.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub fn open(self) -> Cluster {
        Cluster::open_with(self)
    }
}

impl std::fmt::Debug for ClusterBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { client: _, scope, domain, reads_config } = self;
        f.debug_struct("ClusterBuilder")
            .field("scope", scope)
            .field("domain", domain)
            .field("reads_config", reads_config)
            .finish_non_exhaustive()
    }
}
