//! W1: pets come up in order, know their names, are found by name, and come back as themselves.

use std::collections::BTreeMap;

use petset::backend::ClaimPhase;
use petset::{Ordinal, until};

use crate::machine::Machine;
use crate::manifests::web;
use crate::observer::Observer;
use crate::place::On;
use crate::{Error, ensure};

pub(crate) async fn run(on: On) -> Result<(), Error> {
    let machine = Machine::start(on).await?;
    let observer = Observer::ordered(&machine);
    machine.apply(web(2)?).await?;
    machine.reach(until::rolled_out()).await?;
    observer.end()?;
    let snapshot = machine.sets.snapshot(&machine.set).await?;
    let created: Vec<_> = snapshot.pods.iter().map(|pod| (pod.name(), pod.created_at)).collect();
    ensure!(created.len() == 2 && created[0].1 < created[1].1, "not one after the other: {created:?}");
    let claims: BTreeMap<_, _> = snapshot.claims.iter().map(|claim| (claim.name.clone(), claim.phase)).collect();
    let bound = ["www-web-0", "www-web-1"].map(|name| (name.to_owned(), ClaimPhase::Bound));
    ensure!(claims == BTreeMap::from(bound), "{claims:?}");

    for ordinal in 0..2 {
        let hostname = machine.inside(ordinal, &["cat", "/proc/sys/kernel/hostname"]).await?;
        ensure!(hostname == format!("web-{ordinal}"), "web-{ordinal} is called {hostname} inside");
    }
    let full = machine.name_of(0);
    let address = machine.client().await?.addresses(&full).await?[0].to_string();
    for name in ["web-0.nginx", &full] {
        let found = machine.inside(1, &["getent", "hosts", name]).await?;
        ensure!(found.starts_with(&address), "{name} inside web-1 is {found}, not {address}");
    }

    machine.is_sound(2).await?;
    let before = machine.uids().await?;
    for ordinal in 0..2 {
        machine.sets.delete_pod(&machine.set, Ordinal(ordinal)).await?;
    }
    for ordinal in 0..2 {
        machine.is_back(ordinal, &before[&ordinal]).await?;
    }
    machine.reach(until::rolled_out()).await?;
    machine.is_sound(2).await?;
    if machine.place.keeps_addresses() {
        let now = machine.client().await?.addresses(&full).await?[0].to_string();
        ensure!(now == address, "the address did not stick: {now}, {address}");
    }
    Ok(())
}
