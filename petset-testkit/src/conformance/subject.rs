//! [`Subject`]: what a case is run over.

use std::sync::Arc;
use std::time::Duration;

use petset_core::backend::{NameResolver, PodBackend, VolumeProvisioner};
use petset_core::store::SetStore;

use super::hands::{Hands, NoHands};
use super::workload::Workload;

/// What a case is run over: any of the four parts, and how to work with them. Cases of parts that it has not are left
/// out.
#[derive(Debug, Clone)]
pub struct Subject {
    pub(super) pods: Option<Arc<dyn PodBackend>>,
    pub(super) volumes: Option<Arc<dyn VolumeProvisioner>>,
    pub(super) names: Option<Arc<dyn NameResolver>>,
    pub(super) store: Option<Arc<dyn SetStore>>,
    pub(super) workload: Workload,
    pub(super) hands: Arc<dyn Hands>,
    pub(super) patience: Duration,
    pub(super) namespace: String,
    pub(super) other_namespace: Option<String>,
}

impl Subject {
    /// Nothing yet: without parts and hands, in the namespaces `default` and `other`, with a patience of 30 seconds.
    pub fn new() -> Self {
        Self {
            pods: None,
            volumes: None,
            names: None,
            store: None,
            workload: Workload::new(),
            hands: Arc::new(NoHands),
            patience: Duration::from_secs(30),
            namespace: "default".to_owned(),
            other_namespace: Some("other".to_owned()),
        }
    }

    /// With pods.
    #[must_use]
    pub fn pods(mut self, pods: Arc<dyn PodBackend>) -> Self {
        self.pods = Some(pods);
        self
    }

    /// With volumes; those that the pods mount, when there are pods.
    #[must_use]
    pub fn volumes(mut self, volumes: Arc<dyn VolumeProvisioner>) -> Self {
        self.volumes = Some(volumes);
        self
    }

    /// With names.
    #[must_use]
    pub fn names(mut self, names: Arc<dyn NameResolver>) -> Self {
        self.names = Some(names);
        self
    }

    /// With a store.
    #[must_use]
    pub fn store(mut self, store: Arc<dyn SetStore>) -> Self {
        self.store = Some(store);
        self
    }

    /// What its pods and claims are made of.
    #[must_use]
    pub fn workload(mut self, workload: Workload) -> Self {
        self.workload = workload;
        self
    }

    /// What only its author can do.
    #[must_use]
    pub fn hands(mut self, hands: Arc<dyn Hands>) -> Self {
        self.hands = hands;
        self
    }

    /// How long a level is waited for.
    #[must_use]
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// The namespace of the cases' sets.
    #[must_use]
    pub fn namespace(mut self, namespace: impl Into<String>) -> Self {
        self.namespace = namespace.into();
        self
    }

    /// A second namespace, or that there is none to use.
    #[must_use]
    pub fn other_namespace(mut self, namespace: Option<String>) -> Self {
        self.other_namespace = namespace;
        self
    }
}

impl Default for Subject {
    fn default() -> Self {
        Self::new()
    }
}
