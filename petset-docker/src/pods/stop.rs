//! Ending a container: politely first, hard when the grace period is over.

use std::net::Ipv4Addr;
use std::time::Duration;

use petset_core::spec::Container;
use petset_local::probe::{Target, handle};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until, timeout, timeout_at};

use super::cell::{Cell, poked};
use super::exec::Runner;
use super::inspect::{self, Life, Seen};
use super::shared::Shared;
use super::tell::{MARGIN, Words, telling};
use crate::client::Failure;

/// How often a container is looked at that is to end, when nobody tells of its end.
const LOOK: Duration = Duration::from_secs(2);
/// A program that has not been asked politely when the grace period is over, because `preStop` took all of it, is asked
/// then and has so long, as in Kubernetes.
const LEAST: Duration = Duration::from_secs(2);
/// The pause after a request that failed.
pub(super) const PAUSE: Duration = Duration::from_secs(1);

/// A container that took its polite signal, or never will.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked {
    /// When its grace period began.
    since: Instant,
    /// It has until then in any case.
    least: Instant,
    /// Whether this machine showed its programs.
    pub(super) here: bool,
}

impl Asked {
    /// Just now, by this machine, which showed its programs.
    pub(super) fn here() -> Self {
        Self { since: Instant::now(), least: Instant::now(), here: true }
    }

    /// When the hard signal is due.
    pub(super) fn over(self, grace: Duration) -> Instant {
        self.least.max(self.since + grace)
    }
}

/// Ends a container: `preStop`, its polite signal, and the hard one when `grace` is over. Returns when it does not run.
///
/// Handlers count as grace. Time in which the engine could not be asked does not: the hard signal follows a polite one that
/// was taken, or that the engine has refused for all of the grace period (S3). One that does not end is told of.
pub(super) async fn stop(shared: &Shared, cell: &Cell, declared: Option<&Container>, id: &str, grace: Duration) {
    let words = Words::new("the engine does not answer");
    let kill = async {
        if !grace.is_zero() {
            let asked = ask(shared, cell, declared, id, grace, &words).await;
            sleep_until(asked.over(grace)).await;
        }
        tracing::info!(pod = cell.name(), container = id, "the grace period is over");
        kill(shared, id, &words).await;
    };
    let end = async {
        tokio::select! {
            () = until_ended(shared, cell, id, LOOK) => {}
            () = kill => {}
        }
    };
    let what = declared.map_or_else(|| format!("container {id}"), |declared| format!("container `{}`", declared.name));
    telling(cell, &what, grace + LEAST + MARGIN, &words, Box::pin(end)).await;
    cell.forget_asked(id);
}

/// Asks a container to end, if it was not asked before.
async fn ask(
    shared: &Shared,
    cell: &Cell,
    declared: Option<&Container>,
    id: &str,
    grace: Duration,
    words: &Words,
) -> Asked {
    if let Some(asked) = cell.asked(id) {
        return asked;
    }
    let begun = Instant::now();
    let handler = async {
        if let Some(declared) = declared {
            pre_stop(shared, cell, declared, id).await;
        }
    };
    // What is not done by then is not waited for.
    let in_time = timeout_at(begun + grace, handler).await.is_ok();
    let ready = Instant::now();
    let is_taken = is_taken(shared, id, begun + grace, words).await;
    let now = Instant::now();
    let lost = if is_taken { now - ready } else { Duration::ZERO };
    let asked = Asked { since: begun + lost, least: if in_time { now } else { now + LEAST }, here: false };
    cell.note_asked(id, asked);
    asked
}

/// Sends the polite signal until it was taken; `false` when the engine has refused it until `end`. An engine that says
/// nothing is asked until it does.
async fn is_taken(shared: &Shared, id: &str, end: Instant, words: &Words) -> bool {
    while let Err(failure) = send(shared, id, None).await {
        tracing::warn!(container = id, %failure, "cannot ask a container to end, trying again");
        words.set(format!("the polite signal: {failure}"));
        if failure.refusal().is_some() && Instant::now() >= end {
            return false;
        }
        sleep(PAUSE).await;
    }
    words.set("it took the polite signal");
    true
}

/// Sends the hard signal again and again, until this is dropped.
async fn kill(shared: &Shared, id: &str, words: &Words) {
    loop {
        words.set(match timeout(MARGIN, send(shared, id, Some("SIGKILL"))).await {
            Ok(Ok(())) => "the engine took SIGKILL, and says that it runs".to_owned(),
            Ok(Err(failure)) => {
                tracing::warn!(container = id, %failure, "cannot end a container, trying again");
                format!("SIGKILL: {failure}")
            }
            Err(_) => "SIGKILL: no answer".to_owned(),
        });
        sleep(PAUSE).await;
    }
}

async fn pre_stop(shared: &Shared, cell: &Cell, declared: &Container, id: &str) {
    let Some(handler) = declared.lifecycle.as_ref().and_then(|lifecycle| lifecycle.pre_stop.as_ref()) else { return };
    let found = cell.read(|record| record.address);
    if found.is_none() && (handler.http_get.is_some() || handler.tcp_socket.is_some()) {
        tracing::warn!(
            pod = cell.name(),
            container = declared.name,
            "preStop cannot reach the pod, it is ended anyway"
        );
        return;
    }
    // A command needs no address.
    let address = found.unwrap_or(Ipv4Addr::LOCALHOST.into());
    let runner = Runner { client: shared.client.clone(), container: id.to_owned() };
    let target = Target { address, ports: &declared.ports, runner: &runner };
    if let Some(problem) = handle(handler, target).await.problem() {
        tracing::warn!(pod = cell.name(), container = declared.name, problem, "preStop failed, it is ended anyway");
    }
}

/// Sends a signal, the container's own polite one when `None`.
async fn send(shared: &Shared, id: &str, signal: Option<&str>) -> Result<(), Failure> {
    let Some(seen) = inspect::inspect(&shared.client, id).await? else { return Ok(()) };
    inspect::signal(&shared.client, id, signal.unwrap_or(&seen.stop_signal)).await
}

/// Waits until a fresh read says that the container does not run; it is looked at least every `limit`.
pub(super) async fn until_ended(shared: &Shared, cell: &Cell, id: &str, limit: Duration) {
    let events = cell.watch();
    if running(shared, id).await.is_some() {
        until_ended_since(shared, events, id, limit).await;
    }
}

/// As [`until_ended`], after a look that showed that it runs and that followed the first of `events`.
pub(super) async fn until_ended_since(shared: &Shared, mut events: watch::Receiver<u64>, id: &str, limit: Duration) {
    loop {
        poked(&mut events, limit).await;
        if running(shared, id).await.is_none() {
            return;
        }
    }
}

/// The container by a fresh read, unless that says that it does not run. Not known is not ended: it is asked until there is
/// an answer.
pub(super) async fn running(shared: &Shared, id: &str) -> Option<Seen> {
    loop {
        match inspect::inspect(&shared.client, id).await {
            Ok(seen) => return seen.filter(|seen| !matches!(seen.life, Life::Ended { .. } | Life::Leaving)),
            Err(failure) => tracing::warn!(container = id, %failure, "cannot look at a container, trying again"),
        }
        sleep(PAUSE).await;
    }
}
