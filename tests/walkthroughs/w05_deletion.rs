//! W5: ordered teardown with volumes kept, orphaning and adoption, and a claim that waits for its pod.

use std::time::Duration;

use petset::backend::{ClaimPhase, Deleted};
use petset::{Cascade, Ordinal, until};

use crate::machine::Machine;
use crate::manifests::web;
use crate::observer::Observer;
use crate::place::On;
use crate::{Error, ensure};

pub(crate) async fn ordered(on: On) -> Result<(), Error> {
    let machine = Machine::start(on).await?;
    let observer = Observer::ordered(&machine);
    machine.apply(web(3)?).await?;
    machine.reach(until::rolled_out()).await?;
    machine.sets.delete(&machine.set, Cascade::Ordered).await?;
    machine.reach(until::gone()).await?;
    observer.end()?;
    let claims = machine.backends.volumes.list(&machine.set).await?;
    ensure!(claims.len() == 3 && claims.iter().all(|claim| claim.phase == ClaimPhase::Bound), "{claims:?}");
    // With its last set a namespace may lose its name server too.
    let asked = async { machine.client().await?.addresses(&machine.name_of(0)).await };
    ensure!(asked.await.is_err(), "a gone pet has a name");
    machine.apply(web(3)?).await?;
    machine.reach(until::rolled_out()).await?;
    let starts = machine.page(0, "/journal").await?.lines().count();
    ensure!(starts == 2, "the new set's web-0 has a journal of {starts} starts");
    machine.is_sound(3).await
}

pub(crate) async fn orphan(on: On) -> Result<(), Error> {
    let machine = Machine::start(on).await?;
    machine.apply(web(2)?).await?;
    machine.reach(until::rolled_out()).await?;
    let before = machine.uids().await?;
    machine.sets.delete(&machine.set, Cascade::Orphan).await?;
    machine.reach(until::gone()).await?;
    ensure!(machine.page(1, "/").await? == "web-1", "an orphan does not serve");
    machine.apply(web(2)?).await?;
    machine.reach(until::rolled_out()).await?;
    ensure!(machine.uids().await? == before, "adoption restarted a pod");
    let starts = machine.page(0, "/journal").await?.lines().count();
    ensure!(starts == 1, "web-0 has started {starts} times");
    Ok(())
}

pub(crate) async fn claim_in_use(on: On) -> Result<(), Error> {
    let machine = Machine::start(on).await?;
    machine.apply(web(2)?).await?;
    machine.reach(until::rolled_out()).await?;
    let phase = async || {
        let claims = machine.sets.snapshot(&machine.set).await?.claims;
        Ok::<_, Error>(claims.into_iter().find(|claim| claim.ordinal == Ordinal(1)))
    };
    let old = phase().await?.ok_or("it is claimed")?;
    ensure!(machine.sets.delete_claim(&machine.set, "www", Ordinal(1)).await? == Deleted::Started, "it was not there");
    ensure!(phase().await?.is_some_and(|claim| claim.phase == ClaimPhase::Terminating), "it did not wait");
    // While its pod runs, it stays; a bounded look is enough to see that nobody hurries it.
    tokio::time::sleep(Duration::from_millis(300)).await;
    ensure!(machine.page(1, "/").await? == "web-1", "the volume went under a running pod");
    machine.sets.delete_pod(&machine.set, Ordinal(1)).await?;
    machine
        .eventually("a fresh claim", async || {
            Ok(phase().await?.is_some_and(|claim| claim.uid != old.uid && claim.phase == ClaimPhase::Bound))
        })
        .await?;
    machine.reach(until::rolled_out()).await?;
    machine.is_sound(2).await
}
