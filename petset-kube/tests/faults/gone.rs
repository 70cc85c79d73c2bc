//! A watch whose place in the history is no more: the server says 410, and a fresh list tells what happened.

use k8s_openapi::api::core::v1::Pod;
use kube::api::DeleteParams;
use kube::{Api, ResourceExt};
use petset_core::Controller;
use serde_json::json;

use crate::account::account;
use crate::etcd::Etcd;
use crate::kind::Kind;
use crate::stall::Stall;
use crate::story::Story;
use crate::web::insist;
use crate::world::World;
use crate::{Error, ensure};

/// While the watch of pods says nothing, a pod is ended and the history up to then is forgotten, by the store and by the
/// server, which is killed.
pub(crate) async fn compaction(_seed: u64, kind: Kind) -> Result<(), Error> {
    let world = World::make().await?;
    let story = Story::new(world.server.client()?, kind, "gone").await?;
    let web = &story.web;
    let stall = Stall::new();
    let client = stall.between(account(&world.server).await?.client()?);
    let sets = Controller::new(story.backends(client)).spawn();
    web.create(3).await?;
    web.until_rolled_out(3).await?;

    let pods: Api<Pod> = Api::namespaced(world.server.client()?, &web.namespace);
    let before = pods.get("web-1").await?.uid();
    stall.begin();
    let at_once = DeleteParams { grace_period_seconds: Some(0), ..DeleteParams::default() };
    pods.delete("web-1", &at_once).await?;
    // Later news of other objects: the newest that was heard of pods is older than all that is kept.
    web.patch(&json!({ "metadata": { "annotations": { "example.com/turn": "1" } } })).await?;
    let etcd = Etcd::of(&world.server)?;
    let now = etcd.ask("/v3/kv/range", &json!({ "key": "YQ==" })).await?["header"]["revision"].clone();
    etcd.compact(&now).await?;
    world.server.restart_api().await?;
    stall.end();

    web.until_rolled_out(3).await?;
    let after = insist(async || pods.get("web-1").await).await?.uid();
    ensure!(before != after, "it is the same pod");
    ensure!(stall.refused() > 0, "no watch was refused with 410");
    story.run_on().await?;
    sets.shutdown().await;
    Ok(())
}
