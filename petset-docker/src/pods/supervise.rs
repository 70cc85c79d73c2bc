//! The task that looks after one pod, from its creation or adoption to its end.

use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use petset_core::{Error, PodUid, Result};
use tokio::sync::watch;
use tokio::time::sleep;

use super::address::Place;
use super::cell::{Cell, RESYNC, poked};
use super::create::volumes_of;
use super::doubt::end_unseen;
use super::files::Files;
use super::inspect::{self, Life, Seen};
use super::keeper::Keeper;
use super::record::Record;
use super::shared::Shared;
use super::stop::{PAUSE, running};
use super::survey::survey;
use super::sweep::remove_volumes;
use super::terminate::{end_containers, stop_all, terminate};
use crate::client::Failure;
use crate::labels::{self, Role};

/// Where a sandbox came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    /// This process has just made it, and nobody else knows of it.
    Made,
    /// It was found, or may be.
    Found,
}

/// One step towards a running sandbox.
enum Step {
    /// It runs.
    Runs(Box<Seen>),
    /// It never will again.
    Over,
    /// Another step is needed.
    Again,
}

/// Why a pod does not start: one word and the error.
type Trouble = (&'static str, Error);

/// Looks after one pod until it is off the record.
pub(super) async fn supervise(shared: Arc<Shared>, cell: Arc<Cell>, origin: Origin) {
    let Some(uid) = settle(&shared, &cell).await else { return };
    // Before anything runs in it: whoever comes next finds the pod by its record, also without its sandbox (S1).
    cell.note(|record| record.uid = Some(uid.clone())).await;
    tokio::select! {
        biased;
        () = cell.until_terminating() => {}
        () = live(&shared, &cell, &uid, origin) => {}
    }
    terminate(&shared, &cell).await;
}

/// Finds the sandbox of a record whose creation nobody saw the end of; without one the record goes.
async fn settle(shared: &Shared, cell: &Cell) -> Option<PodUid> {
    loop {
        if let Some(uid) = cell.uid() {
            return Some(uid);
        }
        match look_for_sandbox(shared, cell).await {
            Ok(Some(uid)) => cell.found(uid),
            Ok(None) => return None,
            Err(error) => tracing::warn!(pod = cell.name(), error = %error.chain(), "a pod is looked for again"),
        }
        sleep(PAUSE).await;
    }
}

async fn look_for_sandbox(shared: &Shared, cell: &Cell) -> Result<Option<PodUid>> {
    let found = inspect::list(&shared.client, labels::part_of(Role::Sandbox, &cell.key)).await?;
    if let Some(id) = found.into_iter().find_map(|sandbox| sandbox.id) {
        return Ok(Some(PodUid::new(id)));
    }
    end_containers(shared, cell, cell.read(Record::grace)).await?;
    remove_volumes(shared, &cell.key).await;
    cell.bury().await?;
    shared.cells().remove(&cell.key);
    Ok(None)
}

/// The sandbox, then init containers one after the other, then all containers, for ever.
async fn live(shared: &Arc<Shared>, cell: &Arc<Cell>, uid: &PodUid, origin: Origin) {
    let events = cell.watch();
    if let Some(sandbox) = up(shared, cell, uid, origin).await {
        let volumes = Arc::new(sandbox.volumes);
        let keeper =
            |index| Keeper::new(Arc::clone(shared), Arc::clone(cell), uid.clone(), Arc::clone(&volumes), index, origin);
        let (inits, apps): (Vec<usize>, Vec<usize>) =
            cell.read(|record| (0..record.containers.len()).partition(|&index| record.containers[index].init));
        // Beside an app container, or after one, an init container would work on what is in use.
        let inits = if cell.read(Record::has_begun) { Vec::new() } else { inits };
        let work = async {
            for index in inits {
                keeper(index).finish().await;
            }
            let mut keepers: Vec<_> = apps.into_iter().map(keeper).collect();
            join_all(keepers.iter_mut().map(Keeper::keep)).await;
        };
        tokio::select! {
            () = until_over(shared, cell, uid, events) => {}
            () = work => {}
        }
    }
    over(shared, cell).await;
}

/// Sees to it that the sandbox runs, and says how it does; `None` when it has ended, or is gone.
async fn up(shared: &Shared, cell: &Cell, uid: &PodUid, origin: Origin) -> Option<Seen> {
    let mut tries = 1;
    let mut is_new = origin == Origin::Made;
    loop {
        let step =
            if std::mem::take(&mut is_new) { begin(shared, cell, uid).await } else { rise(shared, cell, uid).await };
        match step {
            Ok(Step::Runs(seen)) => return Some(*seen),
            Ok(Step::Over) => return None,
            Ok(Step::Again) => {}
            Err((reason, error)) => {
                tries += 1;
                let message = error.chain().to_string();
                tracing::warn!(pod = cell.name(), reason, error = message, "a pod does not start, trying again");
                cell.note(|record| record.waiting = Some((reason.to_owned(), message.clone()))).await;
                sleep(shared.options.backoff.pause(tries)).await;
            }
        }
    }
}

fn of_sandbox(failure: Failure) -> Trouble {
    ("FailedCreatePodSandBox", failure.into())
}

/// One step up from where it is.
async fn rise(shared: &Shared, cell: &Cell, uid: &PodUid) -> Result<Step, Trouble> {
    let seen = inspect::inspect(&shared.client, uid.as_str()).await.map_err(of_sandbox)?;
    let Some(seen) = seen else { return Ok(Step::Over) };
    match seen.life {
        life if life.is_over() => Ok(Step::Over),
        // Nothing can join it, and nothing has: it does nothing that anybody would miss.
        Life::Running { .. } if seen.is_hearsay && !cell.read(Record::has_run_anything) => Ok(Step::Over),
        Life::Running { .. } => {
            let place = Place::of(shared, cell, &seen).await.map_err(|error| ("FailedCreatePodSandBox", error))?;
            cell.note(|record| {
                record.waiting = None;
                place.note(record);
            })
            .await;
            Ok(Step::Runs(Box::new(seen)))
        }
        // A sandbox that was never started has run nothing: it is tried for as long as it takes.
        Life::Created | Life::Ended { .. } | Life::Leaving => begin(shared, cell, uid).await,
    }
}

/// Starts the sandbox, on nothing but the volumes that the pod was asked for with.
async fn begin(shared: &Shared, cell: &Cell, uid: &PodUid) -> Result<Step, Trouble> {
    const MOUNT: &str = "FailedMount";
    let request = cell.read(|record| record.request.clone());
    // The engine makes a volume in silence when one vanished before the sandbox was made; it has none of a claim's labels.
    // From its start on the sandbox keeps the volume (S7).
    let volumes = match volumes_of(shared, &request).await {
        Ok(volumes) => volumes,
        Err(error) => {
            if error.is_conflict() || error.is_not_found() {
                // It never starts. Whoever asked for it looks again, and says what is to be done.
                cell.change("end a pod", |record| record.termination = Some(0))
                    .await
                    .map_err(|error| (MOUNT, error))?;
            }
            return Err((MOUNT, error));
        }
    };
    let claims =
        request.claims.iter().filter_map(|(template, claim)| Some((claim.clone(), volumes.get(template)?.clone())));
    shared.volumes.refuse_rivals(&request.set, &claims.collect(), &cell.key).await.map_err(|error| (MOUNT, error))?;
    let files = Files {
        client: &shared.client,
        request: &request,
        uid,
        node_name: &shared.node_name,
        address: None,
        host_ip: None,
    };
    files.fill().await.map_err(|error| (MOUNT, error))?;
    match inspect::start(&shared.client, uid.as_str()).await {
        Ok(()) => Ok(Step::Again),
        // Its network was removed, and another one of that name is another one: it can never start.
        Err(failure) if failure.is_not_found() && failure.to_string().contains("network") => Ok(Step::Over),
        // An engine that died in the middle of a start holds on to the half of it, and starts this one never again.
        Err(failure) if failure.is_half_started() => Ok(Step::Over),
        // It does nothing that anybody would miss.
        Err(failure) if failure.is_running_unseen() => {
            let ended = end_unseen(cell, uid.as_str(), Duration::ZERO).await;
            ended.map(|()| Step::Over).map_err(|error| ("FailedCreatePodSandBox", error))
        }
        Err(failure) => Err(of_sandbox(failure)),
    }
}

/// Waits until the sandbox has ended, which it had not after the first of `events`. As long as it runs outside of its
/// network, the pod says so.
async fn until_over(shared: &Shared, cell: &Cell, uid: &PodUid, mut events: watch::Receiver<u64>) {
    loop {
        poked(&mut events, RESYNC).await;
        let Some(sandbox) = running(shared, uid.as_str()).await else { return };
        note_network(shared, cell, &sandbox).await;
    }
}

/// Writes down where the pod is found now.
async fn note_network(shared: &Shared, cell: &Cell, sandbox: &Seen) {
    match Place::of(shared, cell, sandbox).await {
        Ok(place) => cell.note(|record| place.note(record)).await,
        Err(error) => tracing::warn!(pod = cell.name(), error = %error.chain(), "where a pod is found is not known"),
    }
}

/// The sandbox has ended by itself, and with it the pod: what still runs of it is ended too, and then it has failed.
async fn over(shared: &Shared, cell: &Cell) {
    tracing::warn!(pod = cell.name(), "the sandbox of a pod has ended, and so has the pod");
    cell.note(Record::end).await;
    let grace = cell.read(Record::grace);
    loop {
        let ended = async {
            let seen = inspect::look(&shared.client, labels::part_of(Role::Container, &cell.key)).await?;
            stop_all(shared, cell, &seen, grace).await;
            survey(shared, cell).await
        };
        match ended.await {
            Ok(()) => break cell.note(Record::end).await,
            Err(error) => tracing::warn!(pod = cell.name(), error = %error.chain(), "cannot look at an ended pod"),
        }
        sleep(PAUSE).await;
    }
    std::future::pending::<()>().await;
}
