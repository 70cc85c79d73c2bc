//! Ending a container: politely first, hard when the grace period is over.

use std::future::pending;
use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use petset_core::spec::Container;
use petset_local::probe::{Target, handle};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until};

use super::cell::{Cell, poked};
use super::exec::Runner;
use super::inspect::{self, Life, Seen};
use super::shared::Shared;

/// How often a container is looked at that is to end, when nobody tells of its end.
const LOOK: Duration = Duration::from_secs(2);
/// A program that has not been asked politely when the grace period is over, because `preStop` took all of it, is asked
/// then and has so long, as in Kubernetes.
const LEAST: Duration = Duration::from_secs(2);
/// The pause after a request that failed.
pub(super) const PAUSE: Duration = Duration::from_secs(1);

/// Ends a container: `preStop`, its polite signal, and the hard one at `deadline`. Returns when it does not run.
pub(super) async fn stop(shared: &Shared, cell: &Cell, declared: Option<&Container>, id: &str, deadline: Instant) {
    let has_grace = Instant::now() < deadline;
    let asked = AtomicBool::new(false);
    let polite = async {
        if let Some(declared) = declared {
            pre_stop(shared, cell, declared, id).await;
        }
        asked.store(true, Ordering::Relaxed);
        send(shared, id, None).await;
    };
    tokio::select! {
        () = until_ended(shared, cell, id, LOOK) => return,
        () = async { tokio::join!(polite, sleep_until(deadline)); } => {}
        // Handlers count as grace: what is not done by then is not waited for.
        () = sleep_until(deadline) => {}
    }
    if has_grace && !asked.load(Ordering::Relaxed) && Box::pin(ends_late(shared, cell, id)).await {
        return;
    }
    tracing::info!(pod = cell.name(), container = id, "the grace period is over");
    tokio::select! {
        () = until_ended(shared, cell, id, LOOK) => {}
        () = async {
            send(shared, id, Some("SIGKILL")).await;
            pending::<()>().await;
        } => {}
    }
}

/// Sends the polite signal that no time was left for; says whether the container has ended soon after.
async fn ends_late(shared: &Shared, cell: &Cell, id: &str) -> bool {
    tokio::select! {
        () = until_ended(shared, cell, id, LOOK) => true,
        () = async { tokio::join!(send(shared, id, None), pending::<()>()); } => false,
        () = sleep(LEAST) => false,
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

/// Sends a signal, the container's own polite one when `None`, until it was taken.
async fn send(shared: &Shared, id: &str, signal: Option<&str>) {
    loop {
        let sent = async {
            let Some(seen) = inspect::inspect(&shared.client, id).await? else { return Ok(()) };
            inspect::signal(&shared.client, id, signal.unwrap_or(&seen.stop_signal)).await
        };
        match sent.await {
            Ok(()) => return,
            Err(failure) => tracing::warn!(container = id, %failure, "cannot signal a container, trying again"),
        }
        sleep(PAUSE).await;
    }
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
