//! What a set says is wrong with it.

use std::time::Duration;

use petset::status::ConditionStatus;
use petset::until;

use crate::machine::{Machine, eventually};
use crate::{Error, ensure};

/// The message of the set's `Degraded` condition, once it contains `word`.
pub(crate) async fn degraded(machine: &Machine, word: &str) -> Result<String, Error> {
    let what = format!("the condition says {word}");
    eventually(&what, async || {
        let message = degradation(machine).await?;
        if message.contains(word) { Ok(true) } else { Err(message.into()) }
    })
    .await?;
    degradation(machine).await
}

pub(crate) async fn degradation(machine: &Machine) -> Result<String, Error> {
    let status = machine.sets.get(&machine.set).await?.ok_or("it exists")?.status;
    let mut conditions = status.conditions.into_iter();
    let degraded =
        conditions.find(|condition| condition.kind == "Degraded" && condition.status == ConditionStatus::True);
    Ok(degraded
        .map_or_else(|| "not degraded".to_owned(), |condition| format!("{}: {}", condition.reason, condition.message)))
}

/// How many warnings there were so far that say `word`.
fn warnings(machine: &Machine, word: &str) -> usize {
    machine.sets.events().past().filter(|event| event.warning && event.message.contains(word)).count()
}

/// The trouble is told by an event too, and is not repeated without end.
pub(crate) async fn bounded(machine: &Machine, word: &str) -> Result<(), Error> {
    let told = warnings(machine, word);
    ensure!(told >= 1, "no event says {word}");
    let more = told + 8;
    tokio::time::sleep(Duration::from_secs(2)).await;
    ensure!(warnings(machine, word) <= more, "{} events in two seconds", warnings(machine, word) - told);
    Ok(())
}

pub(crate) async fn is_well(machine: &Machine) -> Result<(), Error> {
    machine.reach(until::rolled_out()).await?;
    eventually("nothing hinders the set any more", async || Ok(degradation(machine).await? == "not degraded")).await?;
    machine.is_sound(1).await
}
