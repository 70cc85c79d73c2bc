//! W6: each pet waits for its sign, and one `"false"` pauses every step.

use std::time::Duration;

use petset::{Ordinal, until};

use crate::machine::Machine;
use crate::manifests::web;
use crate::place::On;
use crate::{Error, ensure};

pub(crate) async fn run(on: On) -> Result<(), Error> {
    let machine = Machine::start(on).await?;
    let mut manifest = web(3)?;
    manifest.sets[0].spec.template.metadata.annotations.insert("petset.rs/initialized".to_owned(), "false".to_owned());
    machine.apply(manifest).await?;
    for ordinal in 0..3_u32 {
        let ready = machine.ready_and_held(ordinal + 1);
        ready.await?;
        machine.sets.set_initialized(&machine.set, Ordinal(ordinal), true).await?;
    }
    machine.reach(until::rolled_out()).await?;

    machine.sets.set_initialized(&machine.set, Ordinal(1), false).await?;
    for replicas in [5, 1] {
        machine.sets.scale(&machine.set, replicas).await?;
        machine
            .eventually("the pause is explained", async || {
                let waits = machine.sets.explain(&machine.set).await?.waits;
                Ok(waits.iter().any(|wait| wait.contains("pet 1 is annotated as not initialized")))
            })
            .await?;
        ensure!(machine.ordinals().await? == [0, 1, 2], "a paused set took a step");
    }
    machine.sets.set_initialized(&machine.set, Ordinal(1), true).await?;
    machine.reach(until::ready_replicas(1)).await
}

impl Machine {
    /// The first `count` pets are ready, and nobody else comes: the set says that it waits for a sign.
    async fn ready_and_held(&self, count: u32) -> Result<(), Error> {
        let last = count - 1;
        self.eventually("the pet is ready and the next one waits", async || {
            let pods = self.pods().await?;
            let ready = pods.iter().filter(|pod| pod.status.ready_since.is_some()).count();
            Ok(ready == count as usize)
        })
        .await?;
        tokio::time::sleep(Duration::from_millis(200)).await;
        ensure!(self.ordinals().await? == (0..=last).collect::<Vec<_>>(), "the next pet did not wait for the sign");
        Ok(())
    }
}
