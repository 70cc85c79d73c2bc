//! What the engine tells: its events wake whoever looks after the pod that they are of.
//!
//! Events are hints. Whoever is woken looks for itself, and looks now and then unwoken: a lost event costs time only.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use bollard::models::EventMessage;
use bollard::query_parameters::{EventsOptions, EventsOptionsBuilder};
use futures::StreamExt;
use tokio::time::{sleep, timeout};

use super::shared::Shared;
use super::sweep::clean;
use crate::labels;

/// Ends of containers, in Docker's words and in Podman's, which calls some of them otherwise when it is asked for them.
const ENDS: [&str; 4] = ["die", "died", "destroy", "remove"];
/// When nothing happened for so long after a connection, it stands.
const STANDS: Duration = Duration::from_secs(1);
/// Pauses between tries to connect.
const SHORTEST: Duration = Duration::from_millis(200);
const LONGEST: Duration = Duration::from_secs(10);
/// Between sweeps, when nothing asks for one.
const SWEEP: Duration = Duration::from_secs(300);

/// Follows the engine's events for ever.
pub(super) async fn follow(shared: Arc<Shared>) {
    let mut pause = SHORTEST;
    loop {
        let mut events = shared.client.docker().events(Some(options())).boxed();
        let first = timeout(STANDS, events.next()).await;
        if !matches!(first, Ok(None | Some(Err(_)))) {
            // What happened before the engine began to tell was told to nobody.
            resync(&shared).await;
            pause = SHORTEST;
            if let Ok(Some(Ok(event))) = first {
                tell(&shared, &event);
            }
            while let Some(Ok(event)) = events.next().await {
                tell(&shared, &event);
            }
        }
        tracing::info!(pause = ?pause, "the engine's events ended, connecting again");
        sleep(pause).await;
        pause = (pause * 2).min(LONGEST);
    }
}

/// Events of all containers: for Podman a label without a value is on none, so ours are told apart here.
fn options() -> EventsOptions {
    let events = ["create", "start", "pause", "unpause"].into_iter().chain(ENDS);
    let filters = HashMap::from([("type", vec!["container"]), ("event", events.collect())]);
    EventsOptionsBuilder::default().filters(&filters).build()
}

fn tell(shared: &Shared, event: &EventMessage) {
    let Some(attributes) = event.actor.as_ref().and_then(|actor| actor.attributes.as_ref()) else { return };
    let record = attributes.get(labels::RECORD);
    let cell = record.and_then(|record| shared.cells().get(record).cloned());
    if let Some(cell) = cell {
        // What begins was begun by whoever looks after the pod; only ends are news.
        if event.action.as_deref().is_some_and(|action| ENDS.contains(&action)) {
            cell.poke();
        }
    } else if let Some((set, _)) = labels::identity_of(attributes) {
        // Of this node, and no record tells of it: a request whose answer was lost has been carried out late.
        if event.action.as_deref() == Some("create") && attributes.get(labels::NODE) == Some(&shared.node) {
            shared.leftovers.notify_one();
        }
        shared.hints.changed(&set);
    }
}

/// Everybody looks again.
async fn resync(shared: &Shared) {
    let cells: Vec<_> = shared.cells().values().cloned().collect();
    for cell in cells {
        cell.poke();
    }
    shared.hints.gap();
    clean(shared).await;
}

/// Sweeps now and then, and whenever something was left, for ever.
pub(super) async fn sweep_for_ever(shared: Arc<Shared>) {
    loop {
        // It is over early when something was left.
        let _ = timeout(SWEEP, shared.leftovers.notified()).await;
        clean(&shared).await;
    }
}
