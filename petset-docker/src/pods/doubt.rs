//! Containers of which the engine says that they never started, and which may run all the same.
//!
//! An engine that dies after the runtime began a container and before that was written down has forgotten the start. When
//! it is back it says `created`, for some seconds or for ever: it learns of the start only if the container's supervisor
//! still tells. It would remove such a container, and the program would go on with the volumes of its pet, seen by nobody
//! (S1). So what is said to have never started counts as running until one of these is known:
//!
//! * The engine that answers made the container itself: its memory of events has the creation. Then it knows. Podman's
//!   memory is a file that outlives its service, and says nothing of that.
//! * The engine was asked to start it, and did. Then it runs, is known to, and is ended like any other.
//! * The start was refused by the runtime, which has nothing of that id, or because of a half of an earlier start, whose
//!   program never ran.
//!
//! A start that is refused because the container runs says that it does. The engine does nothing about it then. Where this
//! machine shows the program, it is ended by this process; elsewhere the pod says so, and goes on by itself as soon as the
//! engine hears of it, or that program was ended by hand.

use std::collections::HashMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bollard::query_parameters::EventsOptionsBuilder;
use futures::StreamExt;
use petset_core::{Error, ErrorKind, Result};
use tokio::task::spawn_blocking;
use tokio::time::{Instant, timeout};

use super::cell::Cell;
use super::inspect::{self, Life, Seen};
use super::shared::Shared;
use super::stop::Asked;
use super::unseen;
use crate::client::{Client, Failure};

/// An answer that takes longer is none.
const PATIENCE: Duration = Duration::from_secs(10);

/// Whether the engine surely knows whether this container was started: it is the one that made it.
pub(super) async fn is_known(client: &Client, id: &str) -> bool {
    if client.engine().is_podman {
        return false;
    }
    let Ok(now) = SystemTime::now().duration_since(UNIX_EPOCH) else { return false };
    let filters = HashMap::from([("container", vec![id]), ("event", vec!["create"])]);
    // From the first moment on: what the engine does not remember it does not tell.
    let until = format!("{}.{:09}", now.as_secs(), now.subsec_nanos());
    let options = EventsOptionsBuilder::default().since("1").until(&until).filters(&filters).build();
    let mut events = client.docker().events(Some(options)).boxed();
    matches!(timeout(PATIENCE, events.next()).await, Ok(Some(Ok(_))))
}

/// Finds out whether a container that is to go runs, if the engine may not know. `Ok` when the next look tells the truth.
/// One that runs unseen is asked to end, and after `grace` it is made to.
///
/// # Errors
/// Why it is not known, or that it runs unseen.
pub(super) async fn clear_up(shared: &Shared, cell: &Cell, seen: &Seen, grace: Duration) -> Result<()> {
    if seen.life != Life::Created || is_known(&shared.client, &seen.id).await {
        return Ok(());
    }
    tracing::warn!(pod = cell.name(), container = seen.id, "the engine may have forgotten a start, finding out");
    if let Some(sandbox) = cell.uid().filter(|sandbox| sandbox.as_str() != seen.id) {
        // Without its sandbox a start does not get as far as where an earlier one is in the way.
        match inspect::start(&shared.client, sandbox.as_str()).await {
            // The engine died in the middle of this too, so no start tells. Where this machine shows what is left of the
            // sandbox, it shows the container; after that nobody misses the sandbox.
            Err(failure) if failure.is_running_unseen() || failure.is_half_started() => {
                end_unseen(cell, &seen.id, grace).await?;
                let ended = spawn_blocking(move || unseen::end(sandbox.as_str(), true)).await.unwrap_or_default();
                tracing::warn!(pod = cell.name(), ended, "the engine cannot start the sandbox, and nothing runs in it");
                return Ok(());
            }
            started => started?,
        }
    }
    match inspect::start(&shared.client, &seen.id).await {
        Ok(()) => Ok(()),
        Err(failure) if never_ran(&failure) => Ok(()),
        Err(failure) if failure.is_running_unseen() => end_unseen(cell, &seen.id, grace).await,
        Err(failure) => Err(Error::from(failure).with_context("container", &seen.id).with_message(
            "the engine says that it never started, which it may have forgotten, and no start tells: remove it by hand \
             when no process of it is left",
        )),
    }
}

/// Whether a start was refused in such a way that no program of the container runs.
pub(super) fn never_ran(failure: &Failure) -> bool {
    failure.is_unmade() || failure.is_half_started()
}

/// Ends what runs in a container unseen by its engine, if this machine shows it. `Ok` when this machine shows that nothing
/// of it runs any more: what refuses its start is what an ended program left behind.
///
/// # Errors
/// That it runs, or may, and what happens now.
pub(super) async fn end_unseen(cell: &Cell, id: &str, grace: Duration) -> Result<()> {
    let asked = cell.asked(id);
    let hard = grace.is_zero() || asked.is_some_and(|asked| Instant::now() >= asked.over(grace));
    let (container, sandbox) = (id.to_owned(), cell.uid().filter(|sandbox| sandbox.as_str() != id));
    let looked = spawn_blocking(move || {
        // Before the look that may find nothing: where its sandbox is shown, so is it.
        let is_shown = sandbox.is_some_and(|sandbox| unseen::shows(sandbox.as_str()));
        (is_shown, unseen::end(&container, hard))
    });
    let (is_shown, signalled) = looked.await.unwrap_or_default();
    if signalled == 0 && (is_shown || asked.is_some_and(|asked| asked.here)) {
        cell.forget_asked(id);
        return Ok(());
    }
    if signalled > 0 && asked.is_none_or(|asked| !asked.here) {
        cell.note_asked(id, Asked::here());
    }
    tracing::warn!(container = id, signalled, hard, "a container runs, and its engine does not know");
    let what = if signalled > 0 {
        "its program was told to end"
    } else {
        "this goes on when the engine hears of it, or when its program was ended by hand"
    };
    Err(Error::new(ErrorKind::Unavailable, "find out whether a container runs")
        .with_context("container", id)
        .with_message(format!("it runs, and the engine, which died when it started it, does not know: {what}")))
}
