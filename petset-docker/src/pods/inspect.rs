//! Looking at containers, and the few requests that act on one. Everything goes by id.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::Duration;

use bollard::models::{ContainerCreateBody, ContainerInspectResponse, ContainerStateStatusEnum, ContainerSummary};
use bollard::query_parameters::{
    CreateContainerOptions, InspectContainerOptions, KillContainerOptionsBuilder, ListContainersOptionsBuilder,
    LogsOptionsBuilder, RemoveContainerOptions, StartContainerOptions,
};
use futures::StreamExt;
use petset_core::Timestamp;
use tokio::time::sleep;

use crate::client::{Client, Failure, moment};

/// How often, and after which pauses, a list with a word that no Docker says is asked for again.
const LIST_TRIES: u32 = 40;
const LIST_PAUSE: Duration = Duration::from_millis(50);

/// A container as the engine says it is now.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    pub(super) id: String,
    pub(super) life: Life,
    /// It runs, and the engine knows that from others: it died in the middle of the start, and nothing that it prepared for
    /// it, as its network, is known to it any more.
    pub(super) is_hearsay: bool,
    pub(super) labels: HashMap<String, String>,
    /// The polite signal.
    pub(super) stop_signal: String,
    /// Its address in a network, by the network's name.
    pub(super) addresses: HashMap<String, String>,
    /// The host's address in its network.
    pub(super) gateway: Option<IpAddr>,
    /// The volumes that it has, by where.
    pub(super) volumes: HashMap<String, String>,
}

impl Seen {
    /// Its address, the same each time where it has several.
    pub(super) fn address(&self) -> Option<IpAddr> {
        let mut networks: Vec<_> = self.addresses.iter().collect();
        networks.sort();
        networks.into_iter().find_map(|(_, address)| address.parse().ok())
    }
}

/// Where a container is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Life {
    /// Made, and never started as far as the engine knows: an engine that died in the middle of a start has forgotten it.
    Created,
    /// It runs, or the engine is not sure that it does not.
    Running { started_at: Timestamp },
    /// It does not run any more.
    Ended { code: Option<i32>, started_at: Timestamp, finished_at: Timestamp },
    /// The engine is removing it, or failed to.
    Leaving,
}

impl Life {
    pub(super) fn is_running(self) -> bool {
        matches!(self, Self::Running { .. })
    }

    /// Whether it ran, and never will again. One that the engine failed to start has only been tried.
    pub(super) fn is_over(self) -> bool {
        match self {
            Self::Created | Self::Running { .. } => false,
            Self::Ended { started_at, .. } => started_at != Timestamp::default(),
            Self::Leaving => true,
        }
    }
}

/// The container, by a fresh read; `None` only when the engine that has the node says that there is none.
pub(super) async fn inspect(client: &Client, id: &str) -> Result<Option<Seen>, Failure> {
    let asked = id.to_owned();
    let seen = client.ask("inspect a container", |docker| async move {
        docker.inspect_container(&asked, None::<InspectContainerOptions>).await
    });
    match seen.await {
        Ok(seen) => Ok(Some(Seen::from(seen))),
        Err(failure) if failure.is_not_found() => Box::pin(client.has_node()).await.map(|()| None),
        Err(failure) => Err(failure),
    }
}

/// All containers, running or not, that a filter is true of; none only when the engine that has the node says so.
pub(super) async fn list(
    client: &Client,
    filter: HashMap<String, Vec<String>>,
) -> Result<Vec<ContainerSummary>, Failure> {
    let options = ListContainersOptionsBuilder::default().all(true).filters(&filter).build();
    let mut tries = 0;
    loop {
        let options = Some(options.clone());
        match client.ask("list containers", |docker| async move { docker.list_containers(options).await }).await {
            // Between a container's end and its clean-up Podman has a word of its own for its state.
            Err(failure) if failure.is_of_unknown_word() && tries < LIST_TRIES => tries += 1,
            Ok(none) if none.is_empty() => return Box::pin(client.has_node()).await.map(|()| none),
            answer => return answer,
        }
        sleep(LIST_PAUSE).await;
    }
}

/// All of them as they are now, by a fresh look at each.
pub(super) async fn look(client: &Client, filter: HashMap<String, Vec<String>>) -> Result<Vec<Seen>, Failure> {
    let mut seen = Vec::new();
    for listed in list(client, filter).await? {
        seen.extend(inspect(client, &listed.id.unwrap_or_default()).await?);
    }
    Ok(seen)
}

/// Makes a container; answers its id.
pub(super) async fn create(client: &Client, name: &str, body: ContainerCreateBody) -> Result<String, Failure> {
    let options = CreateContainerOptions { name: Some(name.to_owned()), ..CreateContainerOptions::default() };
    let made =
        client.ask("create a container", |docker| async move { docker.create_container(Some(options), body).await });
    Ok(made.await?.id)
}

pub(super) async fn start(client: &Client, id: &str) -> Result<(), Failure> {
    let id = id.to_owned();
    client
        .ask(
            "start a container",
            |docker| async move { docker.start_container(&id, None::<StartContainerOptions>).await },
        )
        .await
}

/// Sends a signal; a container that does not run any more is fine.
pub(super) async fn signal(client: &Client, id: &str, signal: &str) -> Result<(), Failure> {
    let (id, options) = (id.to_owned(), KillContainerOptionsBuilder::default().signal(signal).build());
    let sent =
        client.ask("signal a container", |docker| async move { docker.kill_container(&id, Some(options)).await });
    match sent.await {
        Err(failure) if failure.is_not_found() || failure.is_conflict() => Ok(()),
        sent => sent,
    }
}

/// Removes a container that does not run, with the nameless volumes that its image asked for, and nothing else; one that is gone, or is going already, is fine.
pub(super) async fn remove(client: &Client, id: &str) -> Result<(), Failure> {
    let asked = id.to_owned();
    let options = RemoveContainerOptions { v: true, ..RemoveContainerOptions::default() };
    let removed =
        client.ask("remove a container", |docker| async move { docker.remove_container(&asked, Some(options)).await });
    match removed.await {
        Err(failure) if failure.is_not_found() => Ok(()),
        Err(failure) if failure.is_conflict() && failure.to_string().contains("already in progress") => Ok(()),
        removed => removed,
    }
}

/// The last lines that a container printed, as far as its log driver can be read.
pub(super) async fn last_words(client: &Client, id: &str, lines: u32) -> String {
    let options = LogsOptionsBuilder::default().stdout(true).stderr(true).tail(&lines.to_string()).build();
    let mut output = client.docker().logs(id, Some(options));
    let mut words = Vec::new();
    while let Some(Ok(line)) = output.next().await {
        words.extend_from_slice(&line.into_bytes());
    }
    String::from_utf8_lossy(&words).trim().to_owned()
}

impl From<ContainerInspectResponse> for Seen {
    fn from(seen: ContainerInspectResponse) -> Self {
        let state = seen.state.unwrap_or_default();
        let config = seen.config.unwrap_or_default();
        let networks = seen.network_settings.and_then(|settings| settings.networks).unwrap_or_default();
        let said = |text: Option<&str>| text.and_then(moment).unwrap_or_default();
        let (started_at, finished_at) = (said(state.started_at.as_deref()), said(state.finished_at.as_deref()));
        // Of a start that the engine learned of later it does not say when it was.
        let since = if started_at == Timestamp::default() { said(seen.created.as_deref()) } else { started_at };
        let running = state.running.unwrap_or(true) || state.paused == Some(true) || state.restarting == Some(true);
        let code = state.exit_code.and_then(|code| code.try_into().ok());
        let life = match state.status {
            _ if running => Life::Running { started_at: since },
            Some(ContainerStateStatusEnum::CREATED) if finished_at == Timestamp::default() => Life::Created,
            Some(ContainerStateStatusEnum::CREATED) => Life::Ended { code, started_at: since, finished_at },
            Some(ContainerStateStatusEnum::DEAD | ContainerStateStatusEnum::REMOVING) => Life::Leaving,
            Some(
                ContainerStateStatusEnum::EMPTY
                | ContainerStateStatusEnum::RUNNING
                | ContainerStateStatusEnum::PAUSED
                | ContainerStateStatusEnum::RESTARTING
                | ContainerStateStatusEnum::EXITED
                | ContainerStateStatusEnum::STOPPING,
            )
            | None => Life::Ended { code, started_at, finished_at },
        };
        let gateways = networks.values().filter_map(|endpoint| endpoint.gateway.as_ref()?.parse().ok());
        let gateway: Option<IpAddr> = gateways.min();
        let address = |(name, endpoint): (String, bollard::models::EndpointSettings)| {
            let addresses = [endpoint.ip_address, endpoint.global_ipv6_address];
            Some((name, addresses.into_iter().flatten().find(|address| !address.is_empty())?))
        };
        // What it has, not what it was asked for: of that Podman tells in other words.
        let mounts = seen.mounts.unwrap_or_default().into_iter();
        Self {
            id: seen.id.unwrap_or_default(),
            life,
            is_hearsay: running && started_at == Timestamp::default(),
            volumes: mounts.filter_map(|mount| Some((mount.destination?, mount.name?))).collect(),
            labels: config.labels.unwrap_or_default(),
            stop_signal: config.stop_signal.filter(|signal| !signal.is_empty()).unwrap_or_else(|| "SIGTERM".to_owned()),
            addresses: networks.into_iter().filter_map(address).collect(),
            gateway,
        }
    }
}

#[cfg(test)]
mod tests {
    use bollard::models::ContainerState;

    use super::*;

    fn life(state: ContainerState) -> Life {
        Seen::from(ContainerInspectResponse { state: Some(state), ..ContainerInspectResponse::default() }).life
    }

    #[test]
    fn s2_what_is_not_said_to_have_ended_runs() {
        assert!(life(ContainerState::default()).is_running());
        let paused = ContainerState { running: Some(false), paused: Some(true), ..ContainerState::default() };
        assert!(life(paused).is_running());
    }

    #[test]
    fn s1_a_start_that_the_engine_learned_of_later_is_a_start() {
        let seen = |running: bool, finished_at: &str| {
            let state = ContainerState {
                running: Some(running),
                status: Some(ContainerStateStatusEnum::CREATED),
                exit_code: Some(137),
                started_at: Some("0001-01-01T00:00:00Z".to_owned()),
                finished_at: Some(finished_at.to_owned()),
                ..ContainerState::default()
            };
            let created = Some("2026-01-02T03:04:05Z".to_owned());
            Seen::from(ContainerInspectResponse { created, state: Some(state), ..ContainerInspectResponse::default() })
        };
        let never = "0001-01-01T00:00:00Z";
        let heard = seen(true, never);
        assert!(matches!(heard.life, Life::Running { started_at } if started_at > Timestamp::default()));
        assert!(heard.is_hearsay);
        let ended = seen(false, "2026-01-02T03:04:06Z").life;
        assert!(matches!(ended, Life::Ended { code: Some(137), started_at, .. } if started_at > Timestamp::default()));
        assert_eq!(seen(false, never).life, Life::Created);
    }

    #[test]
    fn s1_what_ran_is_over_also_when_the_engine_calls_its_end_an_error() {
        let ended = |started_at: &str| {
            life(ContainerState {
                running: Some(false),
                status: Some(ContainerStateStatusEnum::EXITED),
                exit_code: Some(128),
                error: Some("driver failed programming external connectivity".to_owned()),
                started_at: Some(started_at.to_owned()),
                finished_at: Some("2026-01-02T03:04:06Z".to_owned()),
                ..ContainerState::default()
            })
        };
        assert!(ended("2026-01-02T03:04:05Z").is_over());
        assert!(!ended("0001-01-01T00:00:00Z").is_over(), "it was only tried");
        assert!(Life::Leaving.is_over() && !Life::Created.is_over());
    }

    #[test]
    fn an_end_has_its_code_and_moment() {
        let state = ContainerState {
            running: Some(false),
            status: Some(ContainerStateStatusEnum::EXITED),
            exit_code: Some(3),
            started_at: Some("2026-01-02T03:04:05.123456789Z".to_owned()),
            finished_at: Some("0001-01-01T00:00:00Z".to_owned()),
            ..ContainerState::default()
        };
        let Life::Ended { code, started_at, finished_at } = life(state) else { panic!("it ended") };
        assert_eq!((code, finished_at), (Some(3), Timestamp::default()));
        assert_eq!(started_at.to_string(), "2026-01-02T03:04:05.123456Z");
    }
}
