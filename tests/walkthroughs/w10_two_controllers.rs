//! W10: two controllers on one world, one of which dies and is replaced at random moments, while people scale and
//! update.

use std::time::Duration;

use petset::{Controller, Sets, until};

use crate::kills::{dice, full};
use crate::machine::{Machine, SOON};
use crate::manifests::{web, web_version};
use crate::place::On;
use crate::{Error, ensure};

pub(crate) async fn run(on: On) -> Result<(), Error> {
    let machine = Machine::start(on).await?;
    let mut random = dice("w10");
    let rounds = if full() { 20 } else { 3 };
    machine.apply(web(2)?).await?;
    for round in 0..rounds {
        for (replicas, broken) in [(4, false), (2, false), (3, true), (3, false)] {
            let version = format!("{round}-{replicas}-{broken}");
            machine.apply(web_version(replicas, &version, broken)?).await?;
            // A second controller joins, and dies as if its machine did.
            for _ in 0..3 {
                let other: Sets = Controller::new(machine.backends.clone()).spawn();
                tokio::time::sleep(Duration::from_millis(random.below(150))).await;
                other.abort();
            }
            if !broken {
                machine.sets.wait(&machine.set, until::rolled_out(), SOON).await?;
                let count = u32::try_from(replicas)?;
                ensure!(machine.ordinals().await? == (0..count).collect::<Vec<_>>(), "not 0..{count}");
                machine.is_sound(count).await?;
            }
        }
    }
    let status = machine.sets.get(&machine.set).await?.ok_or("it exists")?.status;
    ensure!(status.tickets.is_empty(), "tickets are left: {:?}", status.tickets);
    Ok(())
}
