//! W9: a parallel set of twenty starts at once and goes at once.

use petset::spec::PodManagementPolicy;
use petset::{Cascade, until};

use crate::machine::{Machine, web};
use crate::{Error, ensure};

pub(crate) async fn run() -> Result<(), Error> {
    let machine = Machine::start().await?;
    let mut manifest = web(20)?;
    manifest.sets[0].spec.pod_management_policy = Some(PodManagementPolicy::Parallel);
    machine.sets.apply(manifest).await?;
    machine
        .eventually("all have a pod before all are ready", async || Ok(machine.ordinals("web").await?.len() == 20))
        .await?;
    machine.reach("web", until::ready_replicas(20)).await?;
    let pods = machine.pods("web").await?;
    let last_created = pods.iter().map(|pod| pod.created_at).max();
    let first_ready = pods.iter().filter_map(|pod| pod.status.ready_since).min();
    ensure!(last_created <= first_ready, "somebody waited for readiness: {last_created:?} > {first_ready:?}");
    machine.is_sound(20).await?;
    machine.sets.scale("web", 5).await?;
    machine.reach("web", until::ready_replicas(5)).await?;
    let snapshot = machine.sets.snapshot("web").await?;
    ensure!(snapshot.claims.len() == 20, "{} volumes are left", snapshot.claims.len());
    machine.sets.delete("web", Cascade::Ordered).await?;
    machine.reach("web", until::gone()).await
}
