//! From the arguments to the end: wait for the lease, work, wait again.

use std::time::Duration;

use petset_core::SetUid;
use petset_kube::lease::{Lease, Term};
use tokio::time::{sleep, timeout};

use crate::Error;
use crate::arguments::Arguments;
use crate::client;
use crate::health::{Health, State};
use crate::server::Server;
use crate::stop::Stop;
use crate::work::Work;

/// A server that has not answered for so long does not answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// It is asked again after so long.
const RETRY: Duration = Duration::from_secs(2);

/// Runs until somebody asks for the end.
pub(crate) async fn run(arguments: &Arguments) -> Result<(), Error> {
    let stop = Stop::listen()?;
    let health = Health::default();
    let server = Server::start(arguments.listen, health.clone()).await?;
    let client::Connection { client, home } = client::connect(arguments).await?;
    let lease = arguments.leader_elect.then(|| {
        let namespace = arguments.lease_namespace.as_ref().or(arguments.namespace.as_ref()).unwrap_or(&home);
        Lease::new(client.clone(), namespace, &arguments.lease, identity())
    });
    loop {
        let mut term = tokio::select! {
            term = lead(lease.as_ref(), &client, &health) => term,
            () = stop.asked() => break,
        };
        let work = Work::start(&client, arguments);
        health.sees(work.sight());
        health.set(State::Working);
        tracing::info!(namespace = arguments.namespace.as_deref().unwrap_or("(all)"), "works");
        let is_over = tokio::select! {
            () = keep(term.as_mut()) => false,
            () = stop.asked() => true,
        };
        health.set(if is_over { State::Stopping } else { State::Waiting });
        tracing::info!(is_over, "stops working; pods keep running");
        health.sees(Vec::new());
        work.stop(&stop).await;
        if is_over {
            if let Some(term) = term {
                term.release().await;
            }
            break;
        }
    }
    health.set(State::Stopping);
    server.stop().await;
    tracing::info!("ends");
    Ok(())
}

/// Who this is, to others who want the lease.
fn identity() -> String {
    let name = ["POD_NAME", "HOSTNAME"].into_iter().find_map(|variable| std::env::var(variable).ok());
    format!("{}_{}", name.as_deref().unwrap_or("petset-controller"), SetUid::random())
}

/// Waits for the lease; without one only until the server answers.
async fn lead(lease: Option<&Lease>, client: &kube::Client, health: &Health) -> Option<Term> {
    if let Some(lease) = lease {
        return Some(lease.acquire(|| health.set(State::Waiting)).await);
    }
    loop {
        match timeout(PATIENCE, client.apiserver_version()).await {
            Ok(Ok(_)) => return None,
            Ok(Err(error)) => tracing::warn!(%error, "the API server does not answer"),
            Err(_elapsed) => tracing::warn!("the API server says nothing"),
        }
        sleep(RETRY).await;
    }
}

/// Renews the lease until somebody else has it.
async fn keep(term: Option<&mut Term>) {
    match term {
        Some(term) => term.lost().await,
        None => std::future::pending().await,
    }
}
