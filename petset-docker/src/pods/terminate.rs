//! From the request to end a pod to the engine's word that nothing of it is left.

use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use petset_core::{Error, ErrorKind, Result};
use tokio::time::sleep;

use super::cell::Cell;
use super::doubt::clear_up;
use super::inspect::{self, Life, Seen};
use super::shared::Shared;
use super::stop::{PAUSE, stop, until_ended};
use super::survey::{note, note_end};
use super::sweep::remove_volumes;
use super::tell::{MARGIN, Words, telling};
use crate::labels::{self, Role};

/// The sandbox has nothing to lose; it is looked at so often until it has ended.
const LOOK: Duration = Duration::from_millis(500);

/// Ends a pod. Returns when it is off the record; nothing but the engine can keep it from that.
pub(super) async fn terminate(shared: &Arc<Shared>, cell: &Arc<Cell>) {
    let grace =
        cell.read(|record| record.termination.map_or_else(|| record.grace(), |said| Duration::from_secs(said.into())));
    while let Err(error) = end(shared, cell, grace).await {
        let message = error.chain().to_string();
        tracing::warn!(pod = cell.name(), error = message, "a pod does not end, trying again");
        cell.note(|record| record.waiting = Some(("Terminating".to_owned(), message.clone()))).await;
        sleep(PAUSE).await;
    }
}

async fn end(shared: &Shared, cell: &Cell, grace: Duration) -> Result<()> {
    end_containers(shared, cell, grace).await?;
    // The sandbox goes last: its name is the lock of the identity (S1).
    if let Some(uid) = cell.uid() {
        end_sandbox(shared, cell, uid.as_str()).await?;
    }
    remove_volumes(shared, &cell.key).await;
    cell.bury().await?;
    shared.cells().remove(&cell.key);
    Ok(())
}

/// Ends the pod's init and app containers and removes them. `Ok` only after a fresh read that showed none (S2).
pub(super) async fn end_containers(shared: &Shared, cell: &Cell, grace: Duration) -> Result<()> {
    let filter = || labels::part_of(Role::Container, &cell.key);
    let mut seen = inspect::look(&shared.client, filter()).await?;
    note(cell, &seen).await;
    if seen.iter().any(|seen| seen.life == Life::Created) {
        for container in &seen {
            clear_up(shared, cell, container, grace).await?;
        }
        seen = inspect::look(&shared.client, filter()).await?;
    }
    stop_all(shared, cell, &seen, grace).await;
    for container in &seen {
        inspect::remove(&shared.client, &container.id).await?;
    }
    let left = inspect::list(&shared.client, filter()).await?;
    if left.is_empty() {
        return Ok(());
    }
    Err(still_there(&format!("{} containers are still there", left.len())))
}

/// Ends those that run, all at once. One that has ended is not ready any more, whatever the others do, and whether or not
/// it can be removed.
pub(super) async fn stop_all(shared: &Shared, cell: &Cell, seen: &[Seen], grace: Duration) {
    let spec = cell.read(|record| record.request.template.spec.clone());
    let running = seen.iter().filter(|seen| seen.life.is_running());
    let stops = running.map(|seen| {
        let name = seen.labels.get(labels::CONTAINER).map(String::as_str).unwrap_or_default();
        let declared = spec.containers.iter().chain(&spec.init_containers).find(|container| container.name == name);
        async move {
            stop(shared, cell, declared, &seen.id, grace).await;
            note_end(cell, name).await;
        }
    });
    join_all(stops).await;
}

async fn end_sandbox(shared: &Shared, cell: &Cell, id: &str) -> Result<()> {
    let Some(mut seen) = inspect::inspect(&shared.client, id).await? else { return Ok(()) };
    if seen.life == Life::Created {
        clear_up(shared, cell, &seen, Duration::ZERO).await?;
        let Some(now) = inspect::inspect(&shared.client, id).await? else { return Ok(()) };
        seen = now;
    }
    if let Life::Running { .. } = seen.life {
        inspect::signal(&shared.client, id, "SIGKILL").await?;
        let words = Words::new("the engine took SIGKILL, and says that it runs");
        telling(cell, "the sandbox", MARGIN, &words, until_ended(shared, cell, id, LOOK)).await;
    }
    inspect::remove(&shared.client, id).await?;
    match inspect::inspect(&shared.client, id).await? {
        None => Ok(()),
        Some(_) => Err(still_there("the sandbox is still being removed")),
    }
}

fn still_there(what: &str) -> Error {
    Error::new(ErrorKind::Unavailable, "end a pod").with_message(what)
}
