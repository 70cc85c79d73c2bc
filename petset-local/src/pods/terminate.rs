//! From the request to end a pod to the kernel's word that nothing of it lives.

use std::collections::BTreeSet;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use petset_core::Result;

use super::cell::Cell;
use super::clock;
use super::fault::{blocking, disk};
use super::lock::{Free, Gate};
use super::members;
use super::process::Process;
use super::shared::Shared;
use super::stop::{PAUSE, press, stop, wait_or_kill};
use super::sweep::sweep;

/// Pauses between looks at what still lives.
const LOOK: Duration = Duration::from_millis(25);
const LONG_LOOK: Duration = Duration::from_millis(500);

/// Ends a pod whose end is on record. Returns when it is off the record.
pub(super) async fn terminate(node: &Arc<Shared>, cell: &Arc<Cell>) {
    let Some(termination) = cell.record().termination.clone() else { return };
    let deadline = termination.deadline;
    let running = loop {
        match recorded(cell) {
            Ok(running) => break running,
            Err(error) => {
                let problem = format!("cannot look for processes: {error}");
                cell.note(|record| record.waiting = Some(("Terminating".to_owned(), problem)));
                tokio::time::sleep(PAUSE).await;
            }
        }
    };
    let stops = running.iter().map(|(index, process)| {
        let signalled = termination.signalled.contains(&cell.container(*index).name);
        async move {
            if signalled {
                wait_or_kill(process, deadline).await;
            } else {
                stop(node, cell, *index, process, Some(deadline)).await;
            }
            // Nobody wants to know, but the kernel keeps an ended child until somebody asks.
            process.exit_code();
        }
    });
    futures::future::join_all(stops).await;

    let mut asked = BTreeSet::new();
    let mut looks = 0_u32;
    loop {
        let found = blocking({
            let cell = Arc::clone(cell);
            move || members::of_pod(&cell)
        });
        let problem = match found.await {
            Ok(found) if found.is_empty() => {
                let buried = blocking({
                    let (node, cell) = (Arc::clone(node), Arc::clone(cell));
                    move || bury(&node, &cell)
                });
                match buried.await {
                    Ok(true) => return,
                    Ok(false) => "a process that cannot be seen still holds the pod's lock".to_owned(),
                    Err(error) => error.chain().to_string(),
                }
            }
            Ok(found) => {
                press(&found, &mut asked, deadline);
                format!("{} processes have not ended yet", found.len())
            }
            Err(error) => format!("cannot look for processes: {error}"),
        };
        looks += 1;
        if looks > 8 {
            cell.note(|record| record.waiting = Some(("Terminating".to_owned(), problem)));
        }
        tokio::time::sleep(if clock::until(deadline).is_zero() && looks > 80 { LONG_LOOK } else { LOOK }).await;
    }
}

/// The containers' processes that are on record and still there.
fn recorded(cell: &Cell) -> io::Result<Vec<(usize, Process)>> {
    let ids: Vec<_> = cell.record().containers.iter().map(|container| container.process).collect();
    let mut found = Vec::new();
    for (index, id) in ids.into_iter().enumerate() {
        let process = id.map(Process::find).transpose()?.flatten();
        found.extend(process.map(|process| (index, process)));
    }
    Ok(found)
}

/// Takes the pod off the record, if no process of it lives. Blocks.
fn bury(node: &Shared, cell: &Cell) -> Result<bool> {
    let paths = &cell.paths;
    let gate = Gate::take(&paths.gate()).map_err(|error| disk("lock a pod's gate", &paths.gate(), error))?;
    let proof = Free::prove(&paths.lock()).map_err(|error| disk("lock a pod", &paths.lock(), error))?;
    let Some(proof) = proof else { return Ok(false) };
    // Looked at again under the gate, where nobody can start anything.
    let left = members::of_pod(cell).map_err(|error| disk("look for processes", Path::new("/proc"), error))?;
    if !left.is_empty() {
        return Ok(false);
    }
    let record = paths.record();
    cell.bury().map_err(|error| disk("remove the record of a pod", &record, error))?;
    let (set, pod, claims) = {
        let record = cell.record();
        let set = record.request.set().clone();
        let pod = set.pod_name(record.request.ordinal());
        (set, pod, record.request.claims().clone())
    };
    sweep(paths.pet());
    for claim in claims.values() {
        node.claims.release(&set, claim, &cell.uid);
    }
    node.known().cells.remove(&(Arc::clone(&set.namespace), pod));
    drop((proof, gate));
    cell.hint();
    Ok(true)
}
