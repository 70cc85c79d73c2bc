//! What is asked of the controllers.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use futures::stream::{self, BoxStream};
use futures::{StreamExt, TryStreamExt};
use k8s_openapi::api::apps::v1::{ControllerRevision, StatefulSet};
use k8s_openapi::api::core::v1::{Event, Namespace, PersistentVolumeClaim, Pod, Service};
use kube::api::{DeleteParams, ListParams, Patch, PatchParams};
use kube::core::NamespaceResourceScope;
use kube::runtime::{WatchStreamExt, watcher};
use kube::{Api, Client, Resource, ResourceExt};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep, timeout};

use crate::Error;
use crate::contestant::Contestant;
use crate::world::{World, make};

/// So many sets of so many pets, each with one claim.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shape {
    pub(crate) sets: usize,
    pub(crate) pets: usize,
    pub(crate) is_ordered: bool,
}

/// Sets in a namespace of their own.
pub(crate) struct Work {
    client: Client,
    namespace: String,
    shape: Shape,
}

/// So many requests of ours are under way at once.
const AT_ONCE: usize = 8;

/// How long a goal is waited for.
const PATIENCE: Duration = Duration::from_secs(900);

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { sets, pets, is_ordered } = self;
        write!(f, "{sets} x {pets} {}", policy(*is_ordered))
    }
}

fn policy(is_ordered: bool) -> &'static str {
    if is_ordered { "OrderedReady" } else { "Parallel" }
}

impl Work {
    /// A namespace with a headless Service and no sets.
    pub(crate) async fn begin(world: &World, contestant: Contestant, shape: Shape) -> Result<Self, Error> {
        let client = world.client.clone();
        let name = json!({ "metadata": { "generateName": format!("{}-", contestant.name()) } });
        let namespace = make::<Namespace>(&Api::all(client.clone()), name).await?.name_any();
        let service = json!({
            "metadata": { "name": "pets" },
            "spec": { "clusterIP": "None", "selector": { "kind": "pet" }, "ports": [{ "name": "web", "port": 80 }] },
        });
        make::<Service>(&Api::namespaced(client.clone(), &namespace), service).await?;
        Ok(Self { client, namespace, shape })
    }

    fn api<K: Resource<DynamicType = (), Scope = NamespaceResourceScope>>(&self) -> Api<K> {
        Api::namespaced(self.client.clone(), &self.namespace)
    }

    fn names(&self) -> impl Iterator<Item = String> + use<> {
        (0..self.shape.sets).map(|number| format!("set-{number}"))
    }

    /// Declares all sets, and waits until every pet is ready.
    pub(crate) async fn create(&self) -> Result<(), Error> {
        let sets = self.api::<StatefulSet>();
        let shape = self.shape;
        let create = self.each(|name| {
            let sets = sets.clone();
            async move { make(&sets, declared(&name, shape)).await.map(drop) }
        });
        self.until_all(1, create).await
    }

    /// Declares a new template for all sets, and waits until every pet has it and is ready.
    pub(crate) async fn roll_out(&self) -> Result<(), Error> {
        let sets = self.api::<StatefulSet>();
        let patch = json!({ "spec": { "template": { "spec": {
            "containers": [{ "name": "web", "image": "registry.k8s.io/nginx-slim:0.9" }] } } } });
        let patch = &patch;
        let roll_out = self.each(|name| {
            let sets = sets.clone();
            async move {
                sets.patch(&name, &PatchParams::default(), &Patch::Strategic(patch)).await?;
                Ok(())
            }
        });
        self.until_all(2, roll_out).await
    }

    async fn each<F: Future<Output = Result<(), Error>>>(&self, ask: impl Fn(String) -> F) -> Result<(), Error> {
        stream::iter(self.names()).map(|name| Ok(ask(name))).try_buffer_unordered(AT_ONCE).try_collect().await
    }

    /// Does something, and waits until all sets are as they were declared for the `generation`th time.
    async fn until_all(&self, generation: i64, done: impl Future<Output = Result<(), Error>>) -> Result<(), Error> {
        let events = watcher(self.api::<StatefulSet>(), watcher::Config::default());
        let mut events: BoxStream<'_, _> = events.default_backoff().applied_objects().boxed();
        let mut seen: BTreeMap<String, bool> = BTreeMap::new();
        let mut arrived = async || {
            while seen.values().filter(|is_there| **is_there).count() < self.shape.sets {
                let set = events.try_next().await?.ok_or("a watch of sets ended")?;
                seen.insert(set.name_any(), is_there(&set, self.shape.pets, generation));
            }
            Ok::<(), Error>(())
        };
        let both = async { futures::try_join!(done, arrived()) };
        let result = timeout(PATIENCE, both).await;
        match result {
            Ok(done) => done.map(drop),
            Err(_elapsed) => {
                let there = seen.values().filter(|is_there| **is_there).count();
                Err(format!("after {PATIENCE:?} {there} of {} sets are as declared", self.shape.sets).into())
            }
        }
    }

    /// Removes all that was made: nothing else does it here, and what is left would be seen by the other controller.
    pub(crate) async fn clear(self) -> Result<(), Error> {
        self.remove_all::<StatefulSet>().await?;
        self.remove_all::<ControllerRevision>().await?;
        self.remove_all::<Pod>().await?;
        self.remove_all::<PersistentVolumeClaim>().await?;
        self.remove_all::<Event>().await
    }

    async fn remove_all<K>(&self) -> Result<(), Error>
    where
        K: Resource<DynamicType = (), Scope = NamespaceResourceScope>,
        K: Clone + fmt::Debug + serde::de::DeserializeOwned,
    {
        let api = self.api::<K>();
        let parameters = DeleteParams { grace_period_seconds: Some(0), ..DeleteParams::background() };
        api.delete_collection(&parameters, &ListParams::default()).await?;
        let deadline = Instant::now() + PATIENCE;
        while !api.list_metadata(&ListParams::default().limit(1)).await?.items.is_empty() {
            if Instant::now() > deadline {
                return Err(format!("{} do not go", K::plural(&())).into());
            }
            sleep(Duration::from_millis(100)).await;
        }
        Ok(())
    }
}

fn declared(name: &str, Shape { sets: _, pets, is_ordered }: Shape) -> Value {
    json!({
        "metadata": { "name": name },
        "spec": {
            "serviceName": "pets",
            "replicas": pets,
            "podManagementPolicy": policy(is_ordered),
            "selector": { "matchLabels": { "app": name } },
            "template": {
                "metadata": { "labels": { "app": name, "kind": "pet" } },
                "spec": { "terminationGracePeriodSeconds": 10, "containers": [{
                    "name": "web",
                    "image": "registry.k8s.io/nginx-slim:0.8",
                    "ports": [{ "containerPort": 80, "name": "web" }],
                    "volumeMounts": [{ "name": "data", "mountPath": "/usr/share/nginx/html" }],
                }] },
            },
            "volumeClaimTemplates": [{ "metadata": { "name": "data" }, "spec": {
                "accessModes": ["ReadWriteOnce"], "resources": { "requests": { "storage": "1Gi" } } } }],
        },
    })
}

/// Whether the status says that every pet is ready and of the newest template; both controllers say so in the same fields.
fn is_there(set: &StatefulSet, pets: usize, generation: i64) -> bool {
    let Some(status) = &set.status else { return false };
    let is_all = |count: Option<i32>| count.and_then(|count| usize::try_from(count).ok()) == Some(pets);
    status.observed_generation == Some(generation)
        && is_all(Some(status.replicas))
        && is_all(status.ready_replicas)
        && is_all(status.updated_replicas)
        && status.current_revision.is_some()
        && status.current_revision == status.update_revision
}
