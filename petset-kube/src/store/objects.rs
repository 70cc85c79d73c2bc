//! Services, config maps and secrets.

use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::core::v1 as k8s;
use kube::api::{DeleteParams, Patch, PatchParams, Preconditions};
use kube::core::NamespaceResourceScope;
use kube::{Api, Resource};
use petset_core::spec::{ConfigObject, ConfigObjectKind};
use petset_core::{Error, ErrorKind, Result, SetKey};
use serde::Serialize;
use serde_json::{Value, json};

use crate::cache::{Cache, Record, Scope};
use crate::client::{Connection, Failure};

/// How often a request is tried on a fresh read, when somebody else keeps being faster.
const TRIES: usize = 8;

/// The objects beside the sets of a cluster.
#[derive(Debug, Clone)]
pub(crate) struct Objects {
    client: Connection,
    services: Arc<Cache<k8s::Service>>,
    /// Config maps and secrets are read by nodes, and by us only when the embedder wants it.
    config: Option<Config>,
}

#[derive(Debug, Clone)]
struct Config {
    maps: Arc<Cache<k8s::ConfigMap>>,
    secrets: Arc<Cache<k8s::Secret>>,
}

impl Objects {
    pub(crate) fn new(
        client: Connection,
        scope: &Scope,
        services: Arc<Cache<k8s::Service>>,
        reads_config: bool,
    ) -> Self {
        let config = reads_config.then(|| Config {
            maps: Arc::new(Cache::new(client.clone(), scope.clone())),
            secrets: Arc::new(Cache::new(client.clone(), scope.clone())),
        });
        Self { client, services, config }
    }

    /// Hints about changes of any of them, each in the name of the object that changed.
    pub(super) fn watch(&self) -> Vec<petset_core::backend::WatchStream> {
        let mut all = vec![self.services.watch()];
        if let Some(Config { maps, secrets }) = &self.config {
            all.extend([maps.watch(), secrets.watch()]);
        }
        all
    }

    /// For how long one of the views has not been whole.
    pub(crate) fn blind_for(&self) -> Duration {
        let config = self.config.as_ref().map(|Config { maps, secrets }| maps.blind_for().max(secrets.blind_for()));
        self.services.blind_for().max(config.unwrap_or_default())
    }

    /// By kind and name.
    pub(super) async fn list(&self, namespace: &str) -> Result<Vec<ConfigObject>> {
        let mut all = of(&self.services, namespace).await?;
        if let Some(Config { maps, secrets }) = &self.config {
            all.extend(of(maps, namespace).await?);
            all.extend(of(secrets, namespace).await?);
        }
        Ok(all)
    }

    pub(super) async fn put(&self, object: &ConfigObject) -> Result<()> {
        match object {
            ConfigObject::Service(_) => put(&self.client, Some(&self.services), object).await,
            ConfigObject::ConfigMap(_) => {
                put(&self.client, self.config.as_ref().map(|config| &config.maps), object).await
            }
            ConfigObject::Secret(_) => {
                put(&self.client, self.config.as_ref().map(|config| &config.secrets), object).await
            }
            other => Err(Error::new(ErrorKind::Unsupported, "put an object")
                .with_message(format!("nothing is known of {:?}", other.kind()))),
        }
    }

    pub(super) async fn delete(&self, namespace: &str, kind: ConfigObjectKind, name: &str) -> Result<bool> {
        let (client, config) = (&self.client, self.config.as_ref());
        match kind {
            ConfigObjectKind::Service => delete(client, Some(&self.services), namespace, name).await,
            ConfigObjectKind::ConfigMap => delete(client, config.map(|all| &all.maps), namespace, name).await,
            ConfigObjectKind::Secret => delete(client, config.map(|all| &all.secrets), namespace, name).await,
            other => Err(Error::new(ErrorKind::Unsupported, "delete an object")
                .with_message(format!("nothing is known of {other:?}"))),
        }
    }
}

async fn of<R>(cache: &Cache<R>, namespace: &str) -> Result<Vec<ConfigObject>>
where
    R: Record<Kept = Option<ConfigObject>, Scope = NamespaceResourceScope>,
{
    let all = cache.list(namespace, "", |_, kept| kept.is_none_or(Option::is_some)).await?;
    Ok(all.into_iter().filter_map(|(_, kept)| kept).collect())
}

async fn put<R>(client: &Connection, cache: Option<&Arc<Cache<R>>>, object: &ConfigObject) -> Result<()>
where
    R: Record<Kept = Option<ConfigObject>, Scope = NamespaceResourceScope>,
{
    let metadata = object.metadata();
    let mut written = serde_json::to_value(object).expect("an object is JSON");
    written["apiVersion"] = json!("v1");
    let api: Api<R> = client.namespaced(&metadata.namespace);
    // What the caller declares is meant, whoever said something else before.
    let parameters = PatchParams::apply("petset").force();
    let answer = api.patch(&metadata.name, &parameters, &Patch::Apply(&written)).await;
    let answer = answer.map_err(|error| failed("put an object", &metadata.name, error))?;
    if let Some(cache) = cache {
        cache.wrote(&answer);
    }
    Ok(())
}

/// The object goes that has the name now: by uid and version, so that neither a namesake made meanwhile goes in its place nor
/// a change that nobody looked at with it.
async fn delete<R>(client: &Connection, cache: Option<&Arc<Cache<R>>>, namespace: &str, name: &str) -> Result<bool>
where
    R: Record<Kept = Option<ConfigObject>, Scope = NamespaceResourceScope>,
{
    let there = delete_once_read(&client.namespaced::<R>(namespace), name).await?;
    if let Some(cache) = cache {
        cache.look(&(namespace.to_owned(), name.to_owned())).await?;
        cache.changed(namespace, name, |_| {});
    }
    Ok(there)
}

/// Whether this request ended the object.
async fn delete_once_read<R>(api: &Api<R>, name: &str) -> Result<bool>
where
    R: Record<Scope = NamespaceResourceScope>,
{
    let operation = "delete an object";
    let mut meant = None;
    for _ in 0..TRIES {
        // A secret need not travel to go.
        let found = api.get_metadata_opt(name).await.map_err(|error| failed(operation, name, error))?;
        let Some(metadata) = found.map(|found| found.metadata) else { return Ok(false) };
        if *meant.get_or_insert_with(|| metadata.uid.clone()) != metadata.uid {
            return Ok(false);
        }
        let preconditions = Some(Preconditions { uid: metadata.uid, resource_version: metadata.resource_version });
        let parameters = DeleteParams { preconditions, ..DeleteParams::default() };
        match api.delete(name, &parameters).await.map_err(|error| Failure::new(operation, error)) {
            Ok(_) => return Ok(true),
            Err(failure) if failure.is_not_found() => return Ok(false),
            Err(failure) if failure.is_conflict() => {}
            Err(failure) => return Err(Error::from(failure).with_context("name", name)),
        }
    }
    Err(Error::new(ErrorKind::Conflict, operation)
        .with_context("name", name)
        .with_message(format!("somebody else was faster {TRIES} times")))
}

fn failed(operation: &'static str, name: &str, error: kube::Error) -> Error {
    Error::from(Failure::new(operation, error)).with_context("name", name)
}

/// What of an object's metadata is the server's.
const SERVERS: [&str; 7] =
    ["creationTimestamp", "generation", "managedFields", "ownerReferences", "resourceVersion", "selfLink", "uid"];

/// An object as it was declared: without what the server adds and what it says when nothing is said.
fn declared<R: Resource<DynamicType = ()> + Serialize>(object: &R) -> Result<Option<ConfigObject>, String> {
    if object.meta().deletion_timestamp.is_some() {
        return Ok(None);
    }
    let mut written = serde_json::to_value(object).map_err(|error| error.to_string())?;
    let fields = written.as_object_mut().ok_or("it is no object")?;
    fields.remove("apiVersion");
    fields.remove("status");
    fields.insert("kind".to_owned(), json!(R::kind(&())));
    if let Some(metadata) = fields.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.retain(|field, _| !SERVERS.contains(&field.as_str()));
    }
    if fields.get("type") == Some(&json!("Opaque")) {
        fields.remove("type");
    }
    if let Some(spec) = fields.get_mut("spec") {
        without_defaults(spec);
    }
    serde_json::from_value(written).map(Some).map_err(|error| error.to_string())
}

/// A service without what the server says when nothing is said.
fn without_defaults(spec: &mut Value) {
    let Some(fields) = spec.as_object_mut() else { return };
    for field in ["clusterIPs", "ipFamilies", "ipFamilyPolicy", "internalTrafficPolicy"] {
        fields.remove(field);
    }
    for (field, default) in [("type", "ClusterIP"), ("sessionAffinity", "None")] {
        if fields.get(field) == Some(&json!(default)) {
            fields.remove(field);
        }
    }
    for port in fields.get_mut("ports").and_then(Value::as_array_mut).into_iter().flatten() {
        let number = port["port"].clone();
        let Some(port) = port.as_object_mut() else { continue };
        for (field, default) in [("protocol", json!("TCP")), ("targetPort", number)] {
            if port.get(field) == Some(&default) {
                port.remove(field);
            }
        }
    }
}

macro_rules! record {
    ($($kind:ident $kinds:literal),+) => {$(
        impl Record for k8s::$kind {
            /// Nothing when it is about to go.
            type Kept = Option<ConfigObject>;
            const KINDS: &'static str = $kinds;

            fn keep(&self) -> Result<Self::Kept, String> {
                declared(self)
            }

            /// An object concerns every set of its namespace: whoever watches knows those.
            fn sets(namespace: &str, name: &str, _kept: Option<&Self::Kept>) -> Vec<SetKey> {
                vec![SetKey::new(namespace, name)]
            }
        }
    )+};
}

record!(Service "services", ConfigMap "configmaps", Secret "secrets");

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::{Answer, Scripted};

    #[test]
    fn what_the_server_adds_is_not_declared() {
        let service: k8s::Service = serde_json::from_value(json!({
            "metadata": { "name": "nginx", "namespace": "default", "uid": "u", "resourceVersion": "3" },
            "spec": { "clusterIP": "None", "clusterIPs": ["None"], "type": "ClusterIP", "sessionAffinity": "None",
                "selector": { "app": "nginx" },
                "ports": [{ "name": "web", "port": 80, "protocol": "TCP", "targetPort": 80 }] },
            "status": { "loadBalancer": {} },
        }))
        .expect("a service");
        let written = serde_json::to_value(declared(&service).expect("it can be read")).expect("JSON");
        let expected = json!({ "kind": "Service", "metadata": { "name": "nginx", "namespace": "default" }, "spec": {
            "clusterIP": "None", "selector": { "app": "nginx" }, "ports": [{ "name": "web", "port": 80 }] } });
        assert_eq!(written, expected);
    }
    fn secret(uid: &str, version: u32) -> Answer {
        let meta = json!({ "name": "key", "namespace": "default", "uid": uid, "resourceVersion": version.to_string() });
        Answer::ok(json!({ "apiVersion": "v1", "kind": "Secret", "metadata": meta }))
    }

    async fn delete_the_key(answers: Vec<Answer>) -> (Result<bool>, Vec<String>) {
        let server = Scripted::new(json!([]), answers);
        let objects = Objects::new(server.connection(), &Scope::Cluster, Arc::new(services(&server)), false);
        (objects.delete("default", ConfigObjectKind::Secret, "key").await, server.asked())
    }

    fn services(server: &Scripted) -> Cache<k8s::Service> {
        Cache::new(server.connection(), Scope::Cluster)
    }

    const GET: &str = "GET /api/v1/namespaces/default/secrets/key";
    const DELETE: &str = "DELETE /api/v1/namespaces/default/secrets/key";

    #[tokio::test]
    async fn s4_an_object_goes_in_the_version_that_was_read() {
        let (deleted, asked) = delete_the_key(vec![
            secret("a", 1),
            Answer::refused(409, "Conflict"),
            secret("a", 2),
            Answer::ok(json!({ "kind": "Status", "apiVersion": "v1", "status": "Success" })),
        ])
        .await;
        assert!(deleted.expect("it is deleted"));
        let delete = |version: u32| {
            let preconditions = json!({ "uid": "a", "resourceVersion": version.to_string() });
            format!("{DELETE} {}", json!({ "preconditions": preconditions }))
        };
        assert_eq!(asked, [GET.to_owned(), delete(1), GET.to_owned(), delete(2)]);
    }

    #[tokio::test]
    async fn s4_a_namesake_that_was_made_meanwhile_stays() {
        let (deleted, asked) =
            delete_the_key(vec![secret("a", 1), Answer::refused(409, "Conflict"), secret("b", 2)]).await;
        assert!(!deleted.expect("nothing is wrong"), "somebody else deleted it");
        assert_eq!(asked.iter().filter(|asked| asked.starts_with("DELETE")).count(), 1);
    }
}
