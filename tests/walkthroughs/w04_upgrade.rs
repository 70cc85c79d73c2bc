//! W4: a new template by hand, by partition, broken, and reverted.

use petset::spec::{RollingUpdate, UpdateStrategy, UpdateStrategyType};
use petset::{Manifest, Ordinal, until};
use serde_json::json;

use crate::machine::Machine;
use crate::manifests::{web, web_version};
use crate::place::On;
use crate::{Error, ensure};

async fn versions(machine: &Machine, count: u32) -> Result<Vec<String>, Error> {
    let mut versions = Vec::new();
    for ordinal in 0..count {
        versions.push(machine.page(ordinal, "/version").await?);
    }
    Ok(versions)
}

fn with_on_delete(mut manifest: Manifest) -> Manifest {
    for set in &mut manifest.sets {
        let strategy = UpdateStrategy { kind: Some(UpdateStrategyType::OnDelete), ..UpdateStrategy::default() };
        set.spec.update_strategy = Some(strategy);
    }
    manifest
}

pub(crate) async fn on_delete(on: On) -> Result<(), Error> {
    let machine = Machine::start(on).await?;
    machine.apply(with_on_delete(web(3)?)).await?;
    machine.reach(until::rolled_out()).await?;
    let before = machine.uids().await?;
    machine.apply(with_on_delete(web_version(3, "two", false)?)).await?;
    machine.reach(until::rolled_out()).await?;
    ensure!(machine.uids().await? == before, "a pod was replaced that nobody deleted");
    let waits = machine.sets.explain(&machine.set).await?.waits;
    ensure!(waits.iter().any(|wait| wait.contains("waits for somebody to delete its pod")), "{waits:?}");
    for (ordinal, expected) in [(0, ["two", "one", "one"]), (1, ["two", "two", "one"]), (2, ["two", "two", "two"])] {
        machine.sets.delete_pod(&machine.set, Ordinal(ordinal)).await?;
        machine.eventually("it is replaced", async || Ok(versions(&machine, 3).await? == expected)).await?;
        machine.reach(until::rolled_out()).await?;
    }
    let status = machine.sets.get(&machine.set).await?.ok_or("it exists")?.status;
    ensure!(status.current_revision == status.update_revision, "OnDelete did not complete");
    machine.is_sound(3).await
}

pub(crate) async fn partition(on: On) -> Result<(), Error> {
    let machine = Machine::start(on).await?;
    machine.apply(web(3)?).await?;
    machine.reach(until::rolled_out()).await?;
    let before = machine.uids().await?;
    let mut manifest = web_version(3, "two", false)?;
    for set in &mut manifest.sets {
        let rolling_update = Some(RollingUpdate { partition: Some(2), ..RollingUpdate::default() });
        let kind = Some(UpdateStrategyType::RollingUpdate);
        set.spec.update_strategy = Some(UpdateStrategy { kind, rolling_update, ..UpdateStrategy::default() });
    }
    machine.apply(manifest).await?;
    machine.reach(until::rolled_out()).await?;
    ensure!(versions(&machine, 3).await? == ["one", "one", "two"], "the partition was not kept");
    machine.sets.delete_pod(&machine.set, Ordinal(0)).await?;
    machine.is_back(0, &before[&0]).await?;
    machine.reach(until::rolled_out()).await?;
    ensure!(versions(&machine, 3).await? == ["one", "one", "two"], "S11: a lost pet below the partition came back new");
    for partition in [1, 0] {
        let patch = json!({"spec": {"updateStrategy": {"rollingUpdate": {"partition": partition}}}});
        machine.sets.patch(&machine.set, &patch).await?;
        machine.reach(until::rolled_out()).await?;
    }
    ensure!(versions(&machine, 3).await? == ["two", "two", "two"], "the rollout did not go on");
    let status = machine.sets.get(&machine.set).await?.ok_or("it exists")?.status;
    ensure!(status.current_revision == status.update_revision, "the rollout did not complete");
    machine.is_sound(3).await
}

pub(crate) async fn broken_template(on: On) -> Result<(), Error> {
    let machine = Machine::start(on).await?;
    machine.apply(web(3)?).await?;
    machine.reach(until::rolled_out()).await?;
    let before = machine.uids().await?;
    machine.apply(web_version(3, "two", true)?).await?;
    machine
        .eventually("the broken rollout stands at web-2", async || {
            let pods = machine.pods().await?;
            let waits = machine.sets.explain(&machine.set).await?.waits;
            let stands = pods.len() == 3 && pods[2].uid != before[&2] && pods[2].status.ready_since.is_none();
            Ok(stands && waits.iter().any(|wait| wait.contains("pet 1")))
        })
        .await?;
    let during = machine.uids().await?;
    ensure!(during[&0] == before[&0] && during[&1] == before[&1], "the broken rollout went on");
    machine.apply(web_version(3, "one", false)?).await?;
    machine.reach(until::rolled_out()).await?;
    let healed = machine.uids().await?;
    ensure!(healed[&0] == before[&0] && healed[&1] == before[&1], "the repair restarted a healthy pet");
    ensure!(versions(&machine, 3).await? == ["one", "one", "one"], "the revert did not reach every pet");
    machine.is_sound(3).await
}
