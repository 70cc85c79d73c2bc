//! The cluster that all cases share.

use k8s_openapi::api::storage::v1::StorageClass;
use kube::api::PostParams;
use kube::{Api, Client};
use petset_core::{Error, ErrorKind, Result};
use petset_kube::envtest::{Controllers, Kubelet, Server};
use petset_kube::resource;
use serde_json::{Value, json};
use tokio::sync::OnceCell;

use crate::CONTROLLERS;

/// A server, and what runs pods on it.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) server: Server,
    _kubelet: Kubelet,
    _controllers: Option<Controllers>,
}

impl World {
    /// A cluster of one's own.
    pub(crate) async fn make() -> Result<Self> {
        let server = Server::start().await?;
        let client = server.client()?;
        resource::install(&client).await?;
        let class = json!({
            "metadata": { "name": "standard", "annotations": { "storageclass.kubernetes.io/is-default-class": "true" } },
            "provisioner": "stand-in",
            "allowVolumeExpansion": true,
        });
        create::<StorageClass>(&client, class).await?;
        let controllers = CONTROLLERS.map(|names| Controllers::start(&server, names)).transpose()?;
        let kubelet = Kubelet::start(server.config());
        Ok(Self { server, _kubelet: kubelet, _controllers: controllers })
    }
}

/// The cluster of this process. Its programs end with the process.
pub(crate) async fn the_world() -> Result<&'static World> {
    static WORLD: OnceCell<World> = OnceCell::const_new();
    WORLD.get_or_try_init(World::make).await
}

/// Makes an object as the administrator.
pub(crate) async fn create<K>(client: &Client, object: Value) -> Result<K>
where
    K: kube::Resource<DynamicType = ()>
        + Clone
        + std::fmt::Debug
        + serde::Serialize
        + serde::de::DeserializeOwned
        + Send
        + Sync,
{
    let failed = || Error::new(ErrorKind::Internal, "make a cluster");
    let object: K = serde_json::from_value(object).map_err(|error| failed().with_source(error))?;
    let made = Api::<K>::all(client.clone()).create(&PostParams::default(), &object).await;
    made.map_err(|error| failed().with_source(error))
}
