//! What only the author of this backend can do to it.

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use k8s_openapi::api::core::v1::{Endpoints, Service};
use kube::api::{DeleteParams, Patch, PatchParams};
use kube::{Api, Client};
use petset_core::backend::{Pod, PodBackend, RecordSet, ServiceName, VolumeProvisioner};
use petset_core::{Error, ErrorKind, Result, SetKey};
use petset_kube::cluster::Cluster;
use petset_testkit::conformance::Hands;
use serde_json::{Value, json};
use tokio::sync::Mutex;

use crate::weather::Weather;

/// By namespace and service: what each set has there.
type Named = BTreeMap<(String, String), (ServiceName, BTreeMap<SetKey, RecordSet>)>;

pub(crate) struct ClusterHands {
    /// Around the weather.
    client: Client,
    weather: Weather,
    cluster: Cluster,
    named: Mutex<Named>,
}

impl ClusterHands {
    pub(crate) fn new(client: Client, weather: Weather, cluster: Cluster) -> Self {
        Self { client, weather, cluster, named: Mutex::default() }
    }

    /// Puts an object onto the server, as its own controllers would.
    async fn apply<K>(&self, namespace: &str, name: &str, object: Value) -> Result<()>
    where
        K: kube::Resource<DynamicType = (), Scope = kube::core::NamespaceResourceScope>
            + Clone
            + std::fmt::Debug
            + serde::de::DeserializeOwned,
    {
        let parameters = PatchParams::apply("stand-in").force();
        let api: Api<K> = Api::namespaced(self.client.clone(), namespace);
        let applied = api.patch(name, &parameters, &Patch::Apply(object)).await;
        applied.map(drop).map_err(failed)
    }

    /// Takes an object off the server, as goes what no set wants any more.
    async fn remove<K>(&self, namespace: &str, name: &str) -> Result<()>
    where
        K: kube::Resource<DynamicType = (), Scope = kube::core::NamespaceResourceScope>
            + Clone
            + std::fmt::Debug
            + serde::de::DeserializeOwned,
    {
        let api: Api<K> = Api::namespaced(self.client.clone(), namespace);
        match api.delete(name, &DeleteParams::default()).await {
            // The server itself takes the endpoints of a service along.
            Err(kube::Error::Api(refused)) if refused.code == 404 => Ok(()),
            removed => removed.map(drop).map_err(failed),
        }
    }
}

impl std::fmt::Debug for ClusterHands {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ClusterHands").field("cluster", &self.cluster).finish_non_exhaustive()
    }
}

fn failed(error: kube::Error) -> Error {
    Error::new(ErrorKind::Internal, "use a hand").with_source(error)
}

#[async_trait]
impl Hands for ClusterHands {
    async fn name_pets(&self, set: &SetKey, records: &RecordSet) -> Result<()> {
        let mut named = self.named.lock().await;
        for (_, sets) in named.values_mut() {
            sets.remove(set);
        }
        for service in records.governing.iter().chain(&records.services) {
            let key = (set.namespace.to_string(), service.name.clone());
            let entry = named.entry(key).or_insert_with(|| (service.clone(), BTreeMap::new()));
            entry.0 = service.clone();
            entry.1.insert(set.clone(), records.clone());
        }
        for (namespace, name) in named.keys().filter(|key| named[*key].1.is_empty()) {
            self.remove::<Service>(namespace, name).await?;
            self.remove::<Endpoints>(namespace, name).await?;
        }
        named.retain(|_, (_, sets)| !sets.is_empty());
        for ((namespace, name), (service, sets)) in &*named {
            let (ready, unready) = addresses(service, sets);
            let port = |port: &petset_core::backend::ServicePortName| json!({ "name": port.name, "port": port.port, "protocol": port.protocol.to_ascii_uppercase() });
            let ports: Vec<Value> = service.ports.iter().map(port).collect();
            let metadata = json!({ "name": name, "namespace": namespace });
            let spec = json!({ "clusterIP": "None", "ports": ports,
                "publishNotReadyAddresses": service.publish_not_ready });
            let of_service = json!({ "apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec });
            self.apply::<Service>(namespace, name, of_service).await?;
            let mut subset = json!({ "ports": ports });
            for (field, addresses) in [("addresses", ready), ("notReadyAddresses", unready)] {
                if !addresses.is_empty() {
                    subset[field] = json!(addresses);
                }
            }
            let subsets = if subset.as_object().is_some_and(|subset| subset.len() > 1) { vec![subset] } else { vec![] };
            let endpoints =
                json!({ "apiVersion": "v1", "kind": "Endpoints", "metadata": metadata, "subsets": subsets });
            self.apply::<Endpoints>(namespace, name, endpoints).await?;
        }
        Ok(())
    }

    async fn damage_pods(&self, set: &SetKey) -> Result<()> {
        self.weather.damage(&set.name);
        // It takes effect with the next list.
        while self.cluster.pods().list(set).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        Ok(())
    }

    async fn damage_claims(&self, set: &SetKey) -> Result<()> {
        self.weather.damage(&set.name);
        while self.cluster.volumes().list(set).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        Ok(())
    }

    async fn mend(&self) -> Result<()> {
        self.weather.mend();
        Ok(())
    }

    async fn runs(&self, pod: &Pod) -> Result<bool> {
        Err(Error::new(ErrorKind::Unsupported, "look for what runs of a pod")
            .with_context("pod", pod.name())
            .with_message("its processes are the node agent's, and a test server has none"))
    }

    async fn mounts(&self, pod: &Pod) -> Result<BTreeMap<String, String>> {
        let api: Api<k8s_openapi::api::core::v1::Pod> = Api::namespaced(self.client.clone(), &pod.set.namespace);
        let found = api.get(&pod.name()).await.map_err(failed)?;
        let volumes = found.spec.into_iter().flat_map(|spec| spec.volumes.unwrap_or_default());
        Ok(volumes.filter_map(|volume| Some((volume.name, volume.persistent_volume_claim?.claim_name))).collect())
    }
}

/// The addresses of all sets behind a service: those that are let in, and the others.
fn addresses(service: &ServiceName, sets: &BTreeMap<SetKey, RecordSet>) -> (Vec<Value>, Vec<Value>) {
    let pets = sets.values().flat_map(|records| &records.pets);
    let address = |pet: &petset_core::backend::PetName| json!({ "ip": pet.address, "hostname": pet.hostname });
    let (ready, unready): (Vec<_>, Vec<_>) = pets.partition(|pet| pet.ready || service.publish_not_ready);
    (ready.into_iter().map(address).collect(), unready.into_iter().map(address).collect())
}
