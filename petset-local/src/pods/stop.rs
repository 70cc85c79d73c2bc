//! Ending processes: politely first, hard when the grace period is over.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use rustix::process::Signal;

use super::cell::Cell;
use super::clock;
use super::exec::Runner;
use super::fault::blocking;
use super::members;
use super::process::Process;
use super::shared::Shared;
use crate::probe::{Target, handle};

/// How often processes are looked for that have not ended yet.
const LOOK: Duration = Duration::from_millis(25);
/// What a program has after its polite signal when `preStop` took all of the grace period.
const LEAST: Duration = Duration::from_secs(2);
/// The pause after a look that failed.
pub(super) const PAUSE: Duration = Duration::from_millis(500);

/// Ends one container's process: `preStop`, the polite signal, and the hard one at `deadline` (the pod's grace period
/// from now when `None`). Returns when it has ended.
pub(super) async fn stop(node: &Arc<Shared>, cell: &Arc<Cell>, index: usize, process: &Process, deadline: Option<u64>) {
    let (declared, address, grace) = {
        let record = cell.record();
        (record.declared(index).clone(), record.address, record.request.template().spec.grace_seconds())
    };
    let deadline = deadline.unwrap_or_else(|| clock::deadline(Duration::from_secs(grace.into())));
    let handler = declared.lifecycle.as_ref().and_then(|lifecycle| lifecycle.pre_stop.as_ref());
    let has_grace = !clock::until(deadline).is_zero();
    let mut deadline = deadline;
    if let (Some(handler), Some(address)) = (handler, address) {
        let runner = Runner::new(Arc::clone(node), Arc::clone(cell), index);
        let target = Target { address, ports: &declared.ports, runner: &runner };
        tokio::select! {
            answer = handle(handler, target) => {
                if let Some(problem) = answer.problem() {
                    tracing::warn!(container = declared.name, problem, "preStop failed, the container is ended anyway");
                }
            }
            _ = process.ended() => {}
            () = clock::sleep_until(deadline) => {
                // It took all of the grace: the program is asked now, and has a little, as in Kubernetes.
                if has_grace {
                    deadline = clock::deadline(LEAST);
                }
            }
        }
    }
    send(process, Signal::TERM);
    cell.note(|record| {
        if let Some(termination) = &mut record.termination
            && !termination.signalled.contains(&declared.name)
        {
            termination.signalled.push(declared.name.clone());
        }
    });
    wait_or_kill(process, deadline).await;
}

/// Waits for the end of a process that was asked to end; the hard signal comes at `deadline`, not before.
pub(super) async fn wait_or_kill(process: &Process, deadline: u64) {
    tokio::select! {
        () = process.gone() => return,
        () = clock::sleep_until(deadline) => send(process, Signal::KILL),
    }
    process.gone().await;
}

/// Ends what a container's ended process left behind, and the commands that are still run in it, so that its next start
/// finds nothing of it. All of them have the pod's grace period from now.
pub(super) async fn end_leftovers(cell: &Arc<Cell>, index: usize) {
    let (name, grace) = {
        let record = cell.record();
        (record.containers[index].name.clone(), record.request.template().spec.grace_seconds())
    };
    let deadline = clock::deadline(Duration::from_secs(grace.into()));
    let mut asked = BTreeSet::new();
    loop {
        let found = blocking({
            let (cell, name) = (Arc::clone(cell), name.clone());
            move || members::of_container(&cell, &name)
        });
        let found = match found.await {
            Ok(found) => found,
            Err(error) => {
                // Not known is not gone.
                tracing::warn!(%error, "cannot look for what a container left behind, trying again");
                tokio::time::sleep(PAUSE).await;
                continue;
            }
        };
        if found.is_empty() {
            return;
        }
        press(&found, &mut asked, deadline);
        tokio::time::sleep(LOOK).await;
    }
}

/// Asks each process once to end; after `deadline` it has to.
pub(super) fn press(found: &[Process], asked: &mut BTreeSet<(u32, u64)>, deadline: u64) {
    for process in found {
        let id = process.id();
        if clock::until(deadline).is_zero() {
            send(process, Signal::KILL);
        } else if asked.insert((id.pid, id.start)) {
            send(process, Signal::TERM);
        }
    }
}

fn send(process: &Process, signal: Signal) {
    if let Err(error) = process.signal(signal) {
        tracing::warn!(pid = process.id().pid, ?signal, %error, "cannot signal a process of a pod");
    }
}
