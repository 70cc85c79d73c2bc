//! A controller whose view of the pods is older than it knows.

use k8s_openapi::api::core::v1::Pod;
use kube::api::{Patch, PatchParams};
use kube::{Api, ResourceExt};
use petset_core::{Controller, Engine, EngineOptions, SetKey};
use petset_kube::envtest::Kubelet;
use serde_json::json;

use crate::account::account;
use crate::kind::Kind;
use crate::stall::Stall;
use crate::story::Story;
use crate::{Error, ensure, world};

/// The first pet is not ready any more, and the watch does not say so: a rollout must not take down the second.
pub(crate) async fn rollout(_seed: u64, kind: Kind) -> Result<(), Error> {
    let world = world::the_world().await?;
    let story = Story::new(world.server.client()?, kind, "stale").await?;
    let (web, key) = (&story.web, SetKey::new(story.web.namespace.as_str(), "web"));
    let others = Controller::new(story.backends(account(&world.server).await?.client()?)).spawn();
    web.create(2).await?;
    web.until_rolled_out(2).await?;

    let stall = Stall::new();
    let client = stall.between(account(&world.server).await?.client()?);
    let engine = Engine::new(story.backends(client), EngineOptions::default());
    let _ = engine.pass(&key).await?;
    stall.begin();

    let pods: Api<Pod> = Api::namespaced(world.server.client()?, &web.namespace);
    let second = pods.get("web-1").await?;
    let never_ready = json!({ "metadata": { "annotations": { Kubelet::PROGRAM: "{\"neverReady\":true}" } } });
    pods.patch("web-0", &PatchParams::default(), &Patch::Merge(never_ready)).await?;
    while is_ready(&pods.get("web-0").await?) {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    others.shutdown().await;

    web.patch(&json!({ "spec": { "template": { "spec": { "terminationGracePeriodSeconds": 3 } } } })).await?;
    for _ in 0..20 {
        let _ = engine.pass(&key).await?;
    }
    let remains = pods.get_opt("web-1").await?;
    let stands =
        remains.is_some_and(|remains| remains.uid() == second.uid() && remains.metadata.deletion_timestamp.is_none());
    ensure!(stands, "the last ready pet was taken down");
    let seen = engine.backends().pods.list(&key).await?;
    ensure!(seen.iter().any(|pod| pod.status.ready_since.is_none()), "it never looked: {seen:#?}");
    Ok(())
}

fn is_ready(pod: &Pod) -> bool {
    let mut conditions = pod.status.iter().flat_map(|status| status.conditions.iter().flatten());
    conditions.any(|condition| condition.type_ == "Ready" && condition.status == "True")
}
