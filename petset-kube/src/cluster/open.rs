//! The cluster, and the views that its parts share.

use std::sync::Arc;

use kube::Client;
use petset_core::{Backends, Error, ErrorKind, Result};

use super::builder::ClusterBuilder;
use crate::cache::Cache;
use crate::client::Connection;
use crate::meta::OwnerKind;
use crate::names::KubeNames;
use crate::pods::KubePods;
use crate::store::{KubeStore, Objects};
use crate::volumes::KubeVolumes;

/// A cluster, with `PetSet` resources as its sets. Clones are handles of the same; its watches end with the last of them and
/// of its parts.
///
/// Pods outlive the controller: the next one, here or elsewhere, finds them.
#[derive(Debug, Clone)]
pub struct Cluster {
    pods: KubePods,
    volumes: KubeVolumes,
    names: KubeNames,
    store: KubeStore,
}

impl Cluster {
    /// All namespaces of the cluster that `client` leads to, on the runtime that this is called on.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub fn open(client: Client) -> Self {
        Self::builder(client).open()
    }

    /// All namespaces of the cluster that the environment tells of: the kubeconfig of this user, or the service account of
    /// the pod that this runs in.
    ///
    /// # Errors
    /// `Invalid` when it tells of none.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub async fn connect() -> Result<Self> {
        let unknown = |error| Error::new(ErrorKind::Invalid, "find a cluster").with_source(error);
        Ok(Self::open(Client::try_default().await.map_err(unknown)?))
    }

    /// What may be set before it is opened.
    pub fn builder(client: Client) -> ClusterBuilder {
        ClusterBuilder::new(client)
    }

    pub(super) fn open_with(builder: ClusterBuilder) -> Self {
        let ClusterBuilder { client, scope, domain, reads_config } = builder;
        let client = Connection::new(client);
        let owner = OwnerKind::PET_SET;
        let pods = Arc::new(Cache::new(client.clone(), scope.clone()));
        let claims = Arc::new(Cache::new(client.clone(), scope.clone()));
        let services = Arc::new(Cache::new(client.clone(), scope.clone()));
        let objects = Objects::new(client.clone(), &scope, Arc::clone(&services), reads_config);
        Self {
            pods: KubePods::new(client.clone(), owner, pods, Arc::clone(&claims)),
            volumes: KubeVolumes::new(client.clone(), owner, claims),
            names: KubeNames::new(client.clone(), domain, services),
            store: KubeStore::new(client, scope, objects),
        }
    }

    /// Where pods run.
    pub fn pods(&self) -> Arc<KubePods> {
        Arc::new(self.pods.clone())
    }

    /// Where data lives.
    pub fn volumes(&self) -> Arc<KubeVolumes> {
        Arc::new(self.volumes.clone())
    }

    /// How pets are found.
    pub fn names(&self) -> Arc<KubeNames> {
        Arc::new(self.names.clone())
    }

    /// The sets.
    pub fn store(&self) -> Arc<KubeStore> {
        Arc::new(self.store.clone())
    }
}

impl From<Cluster> for Backends {
    fn from(cluster: Cluster) -> Self {
        let Cluster { pods, volumes, names, store } = cluster;
        Self { pods: Arc::new(pods), volumes: Arc::new(volumes), names: Arc::new(names), store: Arc::new(store) }
    }
}
