//! W9: a parallel set of twenty starts at once and goes at once.

use petset::spec::PodManagementPolicy;
use petset::{Cascade, Manifest, until};

use crate::machine::Machine;
use crate::manifests::{web, web_version};
use crate::place::On;
use crate::{Error, ensure};

fn parallel(mut manifest: Manifest) -> Manifest {
    manifest.sets[0].spec.pod_management_policy = Some(PodManagementPolicy::Parallel);
    manifest
}

pub(crate) async fn run(on: On) -> Result<(), Error> {
    let machine = Machine::start(on).await?;
    // Whoever waited for readiness would wait for ever.
    machine.apply(parallel(web_version(20, "one", true)?)).await?;
    machine.eventually("all have a pod", async || Ok(machine.ordinals().await?.len() == 20)).await?;
    let ready = machine.pods().await?.iter().filter(|pod| pod.status.ready_since.is_some()).count();
    ensure!(ready == 0, "{ready} broken pets are ready");
    machine.sets.scale(&machine.set, 0).await?;
    machine.eventually("all have gone", async || Ok(machine.ordinals().await?.is_empty())).await?;
    machine.apply(parallel(web(20)?)).await?;
    machine.reach(until::ready_replicas(20)).await?;
    machine.is_sound(20).await?;
    machine.sets.scale(&machine.set, 5).await?;
    machine.reach(until::ready_replicas(5)).await?;
    let snapshot = machine.sets.snapshot(&machine.set).await?;
    ensure!(snapshot.claims.len() == 20, "{} volumes are left", snapshot.claims.len());
    machine.sets.delete(&machine.set, Cascade::Ordered).await?;
    machine.reach(until::gone()).await
}
