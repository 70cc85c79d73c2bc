//! [`KubeNames`].

use std::net::IpAddr;
use std::sync::Arc;

use async_trait::async_trait;
use k8s_openapi::api::core::v1::{Endpoints, Service};
use kube::Api;
use kube::api::PostParams;
use petset_core::backend::{NameCapabilities, NameResolver, Published, RecordSet, ResolvedName};
use petset_core::{Error, ErrorKind, Result, SetKey};

use super::lookup::Question;
use super::service;
use crate::cache::Cache;
use crate::client::{Connection, Failure};
use crate::pods::KubePods;
use crate::resource::{PetSets, SetRecord};

/// Names as the cluster gives them. Clones are handles of the same.
#[derive(Debug, Clone)]
pub struct KubeNames {
    client: Connection,
    domain: String,
    services: Arc<Cache<Service>>,
    /// Pods of sets whose authors make their Services, as those of a `StatefulSet` do; other sets that lack one get one.
    native: Option<KubePods>,
}

impl KubeNames {
    pub(crate) fn new(client: Connection, domain: String, services: Arc<Cache<Service>>) -> Self {
        Self { client, domain, services, native: None }
    }

    /// The same for `StatefulSet`s, whose authors make their Services. Services find single pods by labels, and these are put
    /// back where somebody took them off.
    pub(crate) fn of_native(self, pods: KubePods) -> Self {
        Self { native: Some(pods), ..self }
    }

    /// Makes the Service of a set that has none of this name; whether it did.
    async fn make_service(&self, set: &SetKey, name: &str) -> Result<bool> {
        let operation = "make a headless service";
        let failed = |error| Error::from(Failure::new(operation, error)).with_context("service", name);
        let sets: Api<SetRecord<PetSets>> = self.client.namespaced(&set.namespace);
        // Somebody else's sets have somebody else who makes their services.
        let Some(owner) = sets.get_opt(&set.name).await.map_err(failed)?.filter(|set| !set.is_marked()) else {
            return Ok(false);
        };
        let wanted: Service = serde_json::from_value(service::body(name, &owner))
            .map_err(|error| Error::new(ErrorKind::Internal, operation).with_source(error))?;
        let services: Api<Service> = self.client.namespaced(&set.namespace);
        match services.create(&PostParams::default(), &wanted).await.map_err(|error| Failure::new(operation, error)) {
            Ok(made) => {
                self.services.wrote(&made);
                Ok(true)
            }
            Err(failure) if failure.is_already_exists() => Ok(false),
            Err(failure) => Err(Error::from(failure).with_context("service", name)),
        }
    }

    async fn read<K>(&self, question: &Question) -> Result<K>
    where
        K: kube::Resource<DynamicType = (), Scope = kube::core::NamespaceResourceScope>
            + Clone
            + std::fmt::Debug
            + serde::de::DeserializeOwned,
    {
        let api: Api<K> = self.client.namespaced(&question.namespace);
        let found = api.get(&question.service).await;
        Ok(found.map_err(|error| Failure::new("resolve a name", error))?)
    }
}

#[async_trait]
impl NameResolver for KubeNames {
    fn capabilities(&self) -> NameCapabilities {
        let mut capabilities = NameCapabilities::default();
        capabilities.srv = true;
        capabilities.follows_pods = true;
        capabilities
    }

    fn domain(&self) -> String {
        self.domain.clone()
    }

    /// None: the cluster tells its pods whom to ask.
    fn servers(&self) -> Vec<IpAddr> {
        Vec::new()
    }

    async fn publish(&self, set: &SetKey, records: &RecordSet) -> Result<Published> {
        if let Some(pods) = &self.native {
            pods.label(set).await;
            return Ok(Published::Unchanged);
        }
        let Some(governing) = &records.governing else { return Ok(Published::Unchanged) };
        if self.services.get(&set.namespace, &governing.name).await?.is_some() {
            return Ok(Published::Unchanged);
        }
        let made = self.make_service(set, &governing.name).await?;
        Ok(if made { Published::Changed } else { Published::Unchanged })
    }

    /// Nothing is to be done: names go with their pods, and the Service with its set.
    async fn withdraw(&self, _set: &SetKey) -> Result<()> {
        Ok(())
    }

    /// Asked of the server each time, which takes the right to get `services` and `endpoints`. A controller never asks, and
    /// needs no right to the latter.
    async fn resolve(&self, name: &str) -> Result<ResolvedName> {
        let unknown = || Error::new(ErrorKind::NotFound, "resolve a name").with_context("name", name);
        let question = Question::parse(name, &self.domain).ok_or_else(unknown)?;
        let (service, endpoints): (Service, Endpoints) =
            futures::try_join!(self.read(&question), self.read(&question))?;
        question.answer(&service, &endpoints, &self.domain).ok_or_else(unknown)
    }
}
