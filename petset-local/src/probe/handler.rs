//! Lifecycle handlers: what runs right after a container's start and right before its end.

use std::time::Duration;

use petset_core::spec::Handler;

use super::{Answer, Target, ask_http, ask_tcp};

/// How long a handler over the network may take. A command may take as long as the grace period.
const TIMEOUT: Duration = Duration::from_secs(30);
const FOR_EVER: Duration = Duration::from_secs(365 * 24 * 3600);

/// Runs `handler` to its end; says how it ended.
pub async fn handle(handler: &Handler, target: Target<'_>) -> Answer {
    let Handler { exec, http_get, tcp_socket, sleep, other: _ } = handler;
    if let Some(action) = exec {
        target.runner.run(&action.command, FOR_EVER).await
    } else if let Some(action) = http_get {
        ask_http(action, target.address, target.ports, TIMEOUT).await
    } else if let Some(action) = tcp_socket {
        ask_tcp(action, target.address, target.ports, TIMEOUT).await
    } else if let Some(action) = sleep {
        tokio::time::sleep(Duration::from_secs(u64::try_from(action.seconds).unwrap_or(0))).await;
        Answer::Success
    } else {
        Answer::Success
    }
}
