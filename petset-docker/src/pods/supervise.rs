//! The task that looks after one pod, from its creation or adoption to its end.

use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use petset_core::{Error, PodUid, Result};
use tokio::time::{Instant, sleep};

use super::cell::{Cell, RESYNC, poked};
use super::files::Files;
use super::inspect::{self, Life, Seen};
use super::keeper::Keeper;
use super::shared::Shared;
use super::stop::{PAUSE, running};
use super::survey::survey;
use super::terminate::{end_containers, stop_all, terminate};
use crate::labels::{self, Role};

/// Looks after one pod until it is off the record.
pub(super) async fn supervise(shared: Arc<Shared>, cell: Arc<Cell>) {
    let Some(uid) = settle(&shared, &cell).await else { return };
    tokio::select! {
        biased;
        () = cell.until_terminating() => {}
        () = live(&shared, &cell, &uid) => {}
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
    let grace = cell.read(|record| record.request.template.spec.grace_seconds());
    end_containers(shared, cell, Instant::now() + Duration::from_secs(grace.into())).await?;
    cell.bury().await?;
    shared.cells().remove(&cell.key);
    Ok(None)
}

/// The sandbox, then init containers one after the other, then all containers, for ever.
async fn live(shared: &Arc<Shared>, cell: &Arc<Cell>, uid: &PodUid) {
    if up(shared, cell, uid).await {
        let keeper = |index| Keeper::new(Arc::clone(shared), Arc::clone(cell), uid.clone(), index);
        let (inits, apps): (Vec<usize>, Vec<usize>) =
            cell.read(|record| (0..record.containers.len()).partition(|&index| record.containers[index].init));
        let work = async {
            for index in inits {
                keeper(index).finish().await;
            }
            let mut keepers: Vec<_> = apps.into_iter().map(keeper).collect();
            join_all(keepers.iter_mut().map(Keeper::keep)).await;
        };
        tokio::select! {
            () = until_over(shared, cell, uid) => {}
            () = work => {}
        }
    }
    over(shared, cell).await;
}

/// Sees to it that the sandbox runs; `false` when it has ended, or is gone.
async fn up(shared: &Shared, cell: &Cell, uid: &PodUid) -> bool {
    let mut tries = 1;
    loop {
        match rise(shared, cell, uid).await {
            Ok(Some(runs)) => return runs,
            Ok(None) => {}
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

/// One step up: `Some(true)` when it runs, `Some(false)` when it never will again.
async fn rise(shared: &Shared, cell: &Cell, uid: &PodUid) -> Result<Option<bool>, (&'static str, Error)> {
    let sandbox = |error: Error| ("FailedCreatePodSandBox", error);
    let seen = inspect::inspect(&shared.client, uid.as_str()).await.map_err(|failure| sandbox(failure.into()))?;
    let Some(seen) = seen else { return Ok(Some(false)) };
    match seen.life {
        Life::Ended { .. } if seen.error.is_empty() => Ok(Some(false)),
        Life::Leaving => Ok(Some(false)),
        Life::Running { .. } => {
            let host_ip = shared.options.host_ip.or(seen.gateway);
            let address = seen.address().or(host_ip);
            cell.note(|record| {
                record.waiting = None;
                record.address = address;
                record.host_ip = host_ip;
            })
            .await;
            Ok(Some(true))
        }
        // A sandbox that was never started has run nothing: it is tried for as long as it takes.
        Life::Created | Life::Ended { .. } => {
            let request = cell.read(|record| record.request.clone());
            let files = Files {
                client: &shared.client,
                request: &request,
                uid,
                node_name: &shared.node_name,
                address: None,
                host_ip: None,
            };
            files.fill().await.map_err(|error| ("FailedMount", error))?;
            match inspect::start(&shared.client, uid.as_str()).await {
                Ok(()) => Ok(None),
                // Its network was removed, and another one of that name is another one: it can never start.
                Err(failure) if failure.is_not_found() && failure.to_string().contains("network") => Ok(Some(false)),
                // An engine that died in the middle of a start holds on to the half of it, and starts this one never again.
                Err(failure) if failure.is_half_started() => Ok(Some(false)),
                Err(failure) => Err(sandbox(failure.into())),
            }
        }
    }
}

/// Waits until the sandbox has ended. As long as it runs outside of its network, the pod says so.
async fn until_over(shared: &Shared, cell: &Cell, uid: &PodUid) {
    let mut events = cell.watch();
    while let Some(sandbox) = running(shared, uid.as_str()).await {
        note_network(cell, &sandbox).await;
        poked(&mut events, RESYNC).await;
    }
}

/// A running sandbox cannot join another network under the same names and address: what to do is for people to say.
async fn note_network(cell: &Cell, sandbox: &Seen) {
    const LOST: &str = "NetworkLost";
    let has_none = sandbox.address().is_none();
    cell.note(|record| {
        if has_none && record.address.is_some_and(|address| Some(address) != record.host_ip) {
            let message = "the container that is the pod is in no network any more, and nobody reaches it: delete the \
                           pod, and the next one joins the network of its namespace";
            record.waiting = Some((LOST.to_owned(), message.to_owned()));
        } else if record.waiting.as_ref().is_some_and(|(reason, _)| reason == LOST) {
            record.waiting = None;
        }
    })
    .await;
}

/// The sandbox has ended by itself, and with it the pod: what still runs of it is ended too, and then it has failed.
async fn over(shared: &Shared, cell: &Cell) {
    tracing::warn!(pod = cell.name(), "the sandbox of a pod has ended, and so has the pod");
    let reason = ("SandboxEnded".to_owned(), "the container that is the pod ended or was removed".to_owned());
    cell.note(|record| {
        record.over = true;
        record.waiting = Some(reason.clone());
        for container in &mut record.containers {
            container.ready = None;
        }
    })
    .await;
    let grace = cell.read(|record| record.request.template.spec.grace_seconds());
    let deadline = Instant::now() + Duration::from_secs(grace.into());
    loop {
        let ended = async {
            let seen = inspect::look(&shared.client, labels::part_of(Role::Container, &cell.key)).await?;
            stop_all(shared, cell, &seen, deadline).await;
            survey(shared, cell).await
        };
        match ended.await {
            Ok(()) => break,
            Err(error) => tracing::warn!(pod = cell.name(), error = %error.chain(), "cannot look at an ended pod"),
        }
        sleep(PAUSE).await;
    }
    std::future::pending::<()>().await;
}
