//! [`Subject`]: what a case is run over.

use std::sync::Arc;
use std::time::Duration;

use petset_core::backend::{NameResolver, PodBackend, VolumeProvisioner};
use petset_core::store::SetStore;

use super::hands::{Hands, NoHands};
use super::workload::Workload;

/// What ends with one instance of a subject.
#[derive(Debug, Clone)]
pub(super) struct Parts {
    pub(super) pods: Option<Arc<dyn PodBackend>>,
    pub(super) volumes: Option<Arc<dyn VolumeProvisioner>>,
    pub(super) names: Option<Arc<dyn NameResolver>>,
    pub(super) store: Option<Arc<dyn SetStore>>,
    pub(super) hands: Arc<dyn Hands>,
}

impl Default for Parts {
    fn default() -> Self {
        Self { pods: None, volumes: None, names: None, store: None, hands: Arc::new(NoHands) }
    }
}

/// What a case is run over: any of the four parts, and how to work with them. Cases of parts that it has not are left
/// out.
#[derive(Debug, Clone)]
pub struct Subject {
    pub(super) parts: Parts,
    pub(super) workload: Workload,
    pub(super) patience: Duration,
    pub(super) namespace: String,
    pub(super) other_namespace: Option<String>,
    /// Whether the store is to remember the lives of sets that are no more.
    pub(super) remembers_lives: bool,
}

impl Subject {
    /// Nothing yet: without parts and hands, in the namespaces `default` and `other`, with a patience of 30 seconds.
    pub fn new() -> Self {
        Self {
            parts: Parts::default(),
            workload: Workload::new(),
            patience: Duration::from_secs(30),
            namespace: "default".to_owned(),
            other_namespace: Some("other".to_owned()),
            remembers_lives: true,
        }
    }

    /// With pods.
    #[must_use]
    pub fn pods(mut self, pods: Arc<dyn PodBackend>) -> Self {
        self.parts.pods = Some(pods);
        self
    }

    /// With volumes; those that the pods mount, when there are pods.
    #[must_use]
    pub fn volumes(mut self, volumes: Arc<dyn VolumeProvisioner>) -> Self {
        self.parts.volumes = Some(volumes);
        self
    }

    /// With names.
    #[must_use]
    pub fn names(mut self, names: Arc<dyn NameResolver>) -> Self {
        self.parts.names = Some(names);
        self
    }

    /// With a store.
    #[must_use]
    pub fn store(mut self, store: Arc<dyn SetStore>) -> Self {
        self.parts.store = Some(store);
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
        self.parts.hands = hands;
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

    /// A second namespace, for cases that need one.
    #[must_use]
    pub fn other_namespace(mut self, namespace: impl Into<String>) -> Self {
        self.other_namespace = Some(namespace.into());
        self
    }

    /// There is no second namespace to use; cases that need one are skipped.
    #[must_use]
    pub fn one_namespace(mut self) -> Self {
        self.other_namespace = None;
        self
    }

    /// Its runtime ends by itself what has no owner any more, so its store need not remember the lives of sets that are no
    /// more (`SetStore::gone`); cases about them are skipped.
    #[must_use]
    pub fn forgets_lives(mut self) -> Self {
        self.remembers_lives = false;
        self
    }
}

impl Default for Subject {
    fn default() -> Self {
        Self::new()
    }
}
