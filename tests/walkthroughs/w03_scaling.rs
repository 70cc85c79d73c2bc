//! W3: 2 → 5 → 3 → 5, one at a time, and every volume kept.

use petset::until;
use serde_json::json;

use crate::machine::Machine;
use crate::manifests::web;
use crate::observer::Observer;
use crate::place::On;
use crate::{Error, ensure};

pub(crate) async fn run(on: On) -> Result<(), Error> {
    let machine = Machine::start(on).await?;
    let observer = Observer::ordered(&machine);
    machine.apply(web(2)?).await?;
    machine.reach(until::ready_replicas(2)).await?;
    let mut volumes = Vec::new();
    for replicas in [5, 3, 5] {
        machine.sets.patch(&machine.set, &json!({"spec": {"replicas": replicas}})).await?;
        machine.reach(until::ready_replicas(replicas)).await?;
        ensure!(machine.ordinals().await? == (0..replicas).collect::<Vec<_>>(), "not 0..{replicas}");
        let claims = machine.sets.snapshot(&machine.set).await?.claims;
        let now: Vec<_> = claims.into_iter().map(|claim| (claim.name, claim.volume, claim.uid)).collect();
        ensure!(now.len() == 5 && (volumes.is_empty() || volumes == now), "{now:?}, before {volumes:?}");
        volumes = now;
    }
    observer.end()?;
    machine.is_sound(5).await?;
    let starts = machine.page(4, "/journal").await?.lines().count();
    ensure!(starts == 2, "web-4 has started {starts} times on its volume");
    Ok(())
}
