//! [`Connection`]: the client, and the few ways in which it is used.

use std::fmt::{self, Debug};

use kube::api::PostParams;
use kube::core::{NamespaceResourceScope, Request};
use kube::{Api, Client, Resource};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::Failure;
use super::patience::patient;

/// A client of one cluster. A server that falls silent has not answered.
#[derive(Clone)]
pub(crate) struct Connection(Client);

impl Connection {
    /// # Panics
    /// Outside of a tokio runtime.
    pub(crate) fn new(client: Client) -> Self {
        Self(patient(client))
    }

    /// The objects of one kind in one namespace.
    pub(crate) fn namespaced<R>(&self, namespace: &str) -> Api<R>
    where
        R: Resource<DynamicType = (), Scope = NamespaceResourceScope>,
    {
        Api::namespaced(self.0.clone(), namespace)
    }

    /// The objects of one kind in all namespaces.
    pub(crate) fn all<R: Resource<DynamicType = ()>>(&self) -> Api<R> {
        Api::all(self.0.clone())
    }

    /// Makes an object of which less is read than is written.
    pub(crate) async fn create<R>(&self, operation: &'static str, namespace: &str, object: &Value) -> Result<R, Failure>
    where
        R: Resource<DynamicType = (), Scope = NamespaceResourceScope> + DeserializeOwned,
    {
        self.create_text(operation, namespace, object.to_string()).await
    }

    /// The same of an object as JSON text, for what is compared by its bytes.
    pub(crate) async fn create_text<R>(
        &self,
        operation: &'static str,
        namespace: &str,
        object: String,
    ) -> Result<R, Failure>
    where
        R: Resource<DynamicType = (), Scope = NamespaceResourceScope> + DeserializeOwned,
    {
        let parameters = PostParams { field_manager: Some("petset".to_owned()), ..PostParams::default() };
        let request = Request::new(R::url_path(&(), Some(namespace)));
        let request = request.create(&parameters, object.into_bytes());
        let request = request.map_err(|error| Failure::new(operation, kube::Error::BuildRequest(error)))?;
        self.0.request(request).await.map_err(|error| Failure::new(operation, error))
    }
}

impl Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Connection").finish_non_exhaustive()
    }
}
