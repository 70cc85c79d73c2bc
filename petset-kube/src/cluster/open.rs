//! The cluster, and the views that its parts share.

use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::core::v1::Service;
use kube::{Client, Config};
use petset_core::engine::EventStream;
use petset_core::{Backends, Error, ErrorKind, Result};

use super::builder::ClusterBuilder;
use crate::cache::{Cache, Scope};
use crate::client::Connection;
use crate::events::Recording;
use crate::names::KubeNames;
use crate::pods::{KubePods, PodRecord, PodView};
use crate::resource::{Kind, PetSets, SetKind, StatefulSets};
use crate::store::{KubeStore, Objects};
use crate::volumes::{self, ClaimRecord, KubeVolumes};

/// A cluster, with the resources of one kind as its sets: `PetSet`s unless said. Clones are handles of the same; its watches
/// end with the last of them and of its parts.
///
/// Pods outlive the controller: the next one, here or elsewhere, finds them.
#[derive(Debug, Clone)]
pub struct Cluster<K: SetKind = PetSets> {
    views: Views,
    pods: KubePods,
    volumes: KubeVolumes,
    names: KubeNames,
    store: KubeStore<K>,
}

/// What the parts of a cluster share, whatever kind its sets are of.
#[derive(Debug, Clone)]
pub(super) struct Views {
    client: Connection,
    scope: Scope,
    domain: String,
    pods: Arc<Cache<PodRecord>>,
    claims: Arc<Cache<ClaimRecord>>,
    services: Arc<Cache<Service>>,
    objects: Objects,
}

impl Views {
    pub(super) fn open<K: SetKind>(builder: ClusterBuilder<K>) -> Self {
        let ClusterBuilder { client, scope, domain, reads_config, .. } = builder;
        let client = Connection::new(client);
        let services = Arc::new(Cache::new(client.clone(), scope.clone()));
        Self {
            pods: Arc::new(Cache::new(client.clone(), scope.clone())),
            claims: Arc::new(Cache::new(client.clone(), scope.clone())),
            objects: Objects::new(client.clone(), &scope, Arc::clone(&services), reads_config),
            client,
            scope,
            domain,
            services,
        }
    }
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
        Ok(Self::open(client().await?))
    }

    /// One namespace of the same cluster; rights in it are enough.
    ///
    /// # Errors
    /// `Invalid` when the environment tells of none.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub async fn connect_in(namespace: impl Into<String>) -> Result<Self> {
        Ok(Self::builder(client().await?).namespace(namespace).open())
    }

    /// What may be set before it is opened.
    pub fn builder(client: Client) -> ClusterBuilder {
        ClusterBuilder::new(client)
    }
}

/// The way to the cluster that the environment tells of.
async fn client() -> Result<Client> {
    let unknown = || Error::new(ErrorKind::Invalid, "find a cluster");
    let mut config = Config::infer().await.map_err(|error| unknown().with_source(error))?;
    // A server that is too busy is asked again by whoever knows what is still wanted.
    config.default_retry = false;
    Client::try_from(config).map_err(|error| unknown().with_source(error))
}

impl Cluster {
    pub(super) fn of_pet_sets(views: Views) -> Self {
        let Views { client, scope, domain, pods, claims, services, objects } = views.clone();
        let view = Arc::new(PodView::new(Arc::clone(&pods)));
        let store = KubeStore::new(client.clone(), scope, Arc::clone(&view), Arc::clone(&claims), objects);
        Self {
            volumes: KubeVolumes::new(client.clone(), Arc::clone(&claims), pods, volumes::Sets::Own(store.view())),
            pods: KubePods::new(client.clone(), PetSets::OWNER, view, claims),
            names: KubeNames::new(client, domain, services),
            store,
            views,
        }
    }

    /// The same cluster, with Kubernetes' own `StatefulSet`s as its sets. Both see pods, claims and Services through the same
    /// views, so that one program runs a controller for each kind at the price of one.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub fn stateful_sets(&self) -> Cluster<StatefulSets> {
        Cluster::of_stateful_sets(self.views.clone())
    }
}

impl Cluster<StatefulSets> {
    pub(super) fn of_stateful_sets(views: Views) -> Self {
        let Views { client, scope, domain, pods, claims, services, objects } = views.clone();
        let view = Arc::new(PodView::new(Arc::clone(&pods)));
        let store = KubeStore::new(client.clone(), scope, Arc::clone(&view), Arc::clone(&claims), objects);
        let volumes = volumes::Sets::Native(store.view());
        let volumes = KubeVolumes::new(client.clone(), Arc::clone(&claims), pods, volumes);
        let pods = KubePods::new(client.clone(), StatefulSets::OWNER, view, claims);
        Self { volumes, names: KubeNames::new(client, domain, services).of_native(pods.clone()), pods, store, views }
    }
}

impl<K: SetKind> Cluster<K> {
    /// Writes what is told of sets as Events of their resources, on the runtime that this is called on; `events` are those
    /// of the controller, [`Sets::events`](petset_core::controller::Sets::events).
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    #[must_use = "it stops when it is dropped"]
    pub fn record(&self, events: EventStream) -> Recording {
        Recording::start::<K>(self.views.client.clone(), events)
    }

    /// For how long one of the views has not been whole: a list of some kind of object was not had, or its watch broke.
    /// Zero while all is well. Sets are left alone as long as what they need is not seen.
    pub fn blind_for(&self) -> Duration {
        let Views { pods, claims, .. } = &self.views;
        self.store.blind_for().max(pods.blind_for()).max(claims.blind_for())
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
    pub fn store(&self) -> Arc<KubeStore<K>> {
        Arc::new(self.store.clone())
    }
}

impl<K: SetKind> From<Cluster<K>> for Backends {
    fn from(cluster: Cluster<K>) -> Self {
        let Cluster { views: _, pods, volumes, names, store } = cluster;
        Self { pods: Arc::new(pods), volumes: Arc::new(volumes), names: Arc::new(names), store: Arc::new(store) }
    }
}
