//! From the arguments to the end: wait for the lease, work, wait again.

use petset_core::SetUid;

use crate::Error;
use crate::arguments::Arguments;
use crate::client;
use crate::health::{Health, State};
use crate::lease::{Election, Term, in_time};
use crate::server::Server;
use crate::stop::Stop;
use crate::work::Work;

/// Runs until somebody asks for the end.
pub(crate) async fn run(arguments: &Arguments) -> Result<(), Error> {
    let stop = Stop::listen()?;
    let health = Health::default();
    let server = Server::start(arguments.listen, health.clone()).await?;
    let client::Connection { client, home } = client::connect(arguments).await?;
    let election = arguments.leader_elect.then(|| {
        let namespace = arguments.lease_namespace.as_ref().or(arguments.namespace.as_ref()).unwrap_or(&home);
        Election::new(client.clone(), namespace, &arguments.lease, identity())
    });
    loop {
        let mut term = tokio::select! {
            term = lead(election.as_ref(), &client, &health) => term,
            () = stop.asked() => break,
        };
        let work = Work::start(&client, arguments);
        health.sees(work.sight());
        health.set(State::Working);
        tracing::info!(namespace = arguments.namespace.as_deref().unwrap_or("(all)"), "works");
        let is_over = tokio::select! {
            () = keep(election.as_ref(), term.as_mut()) => false,
            () = stop.asked() => true,
        };
        health.set(if is_over { State::Stopping } else { State::Waiting });
        tracing::info!(is_over, "stops working; pods keep running");
        health.sees(Vec::new());
        work.stop(&stop).await;
        if is_over {
            if let (Some(election), Some(term)) = (&election, term) {
                election.release(term).await;
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

/// Waits for the lease; without an election only until the server answers.
async fn lead(election: Option<&Election>, client: &kube::Client, health: &Health) -> Option<Term> {
    if let Some(election) = election {
        return Some(election.acquire(|| health.set(State::Waiting)).await);
    }
    while let Err(error) = in_time(client.apiserver_version()).await {
        tracing::warn!(%error, "the API server does not answer");
        tokio::time::sleep(crate::lease::RETRY).await;
    }
    None
}

/// Renews the lease until somebody else has it.
async fn keep(election: Option<&Election>, term: Option<&mut Term>) {
    match (election, term) {
        (Some(election), Some(term)) => election.keep(term).await,
        (None, _) | (_, None) => std::future::pending().await,
    }
}
