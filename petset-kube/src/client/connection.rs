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
        let request = creation::<R>(operation, namespace, object)?;
        self.0.request(request).await.map_err(|error| Failure::new(operation, error))
    }

    /// Makes an object of which the server is to know every field; with all that it made of it. Before Kubernetes 1.25
    /// servers leave out what they do not know all the same.
    pub(crate) async fn create_strictly<R>(
        &self,
        operation: &'static str,
        namespace: &str,
        object: &Value,
    ) -> Result<(R, Value), Failure>
    where
        R: Resource<DynamicType = (), Scope = NamespaceResourceScope> + DeserializeOwned,
    {
        let mut request = creation::<R>(operation, namespace, object.to_string())?;
        let strict = format!("{}&fieldValidation=Strict", request.uri());
        *request.uri_mut() = strict.parse().expect("an address with one more parameter is one");
        let answer: Value = self.0.request(request).await.map_err(|error| Failure::new(operation, error))?;
        let read = R::deserialize(&answer);
        Ok((read.map_err(|error| Failure::new(operation, kube::Error::SerdeError(error)))?, answer))
    }
}

fn creation<R>(operation: &'static str, namespace: &str, object: String) -> Result<http::Request<Vec<u8>>, Failure>
where
    R: Resource<DynamicType = (), Scope = NamespaceResourceScope>,
{
    let parameters = PostParams { field_manager: Some("petset".to_owned()), ..PostParams::default() };
    let request = Request::new(R::url_path(&(), Some(namespace))).create(&parameters, object.into_bytes());
    request.map_err(|error| Failure::new(operation, kube::Error::BuildRequest(error)))
}

impl Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Connection").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use http::Response;
    use kube::client::Body;
    use serde_json::json;

    use super::*;
    use crate::pods::PodRecord;

    #[tokio::test]
    async fn a_server_is_asked_to_refuse_what_it_does_not_know() {
        let service = tower::service_fn(|request: http::Request<Body>| async move {
            let query = request.uri().query().unwrap_or_default();
            assert!(query.contains("fieldManager=petset&fieldValidation=Strict"), "{query}");
            let made =
                json!({ "metadata": { "name": "web-0", "uid": "u", "resourceVersion": "1" }, "spec": { "a": 1 } });
            Ok::<_, Infallible>(Response::new(Body::from(made.to_string().into_bytes())))
        });
        let connection = Connection::new(Client::new(service, "default"));
        let made = connection.create_strictly::<PodRecord>("create a pod", "default", &json!({})).await;
        let (record, whole) = made.expect("it is made");
        assert_eq!((record.metadata.name.as_deref(), &whole["spec"]), (Some("web-0"), &json!({ "a": 1 })));
    }
}
