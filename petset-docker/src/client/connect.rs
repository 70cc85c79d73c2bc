//! Finding the engine, agreeing on a version, and asking it with a deadline.

use std::env;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bollard::{ClientVersion, Docker};
use petset_core::{Error, ErrorKind, Result};
use tokio::time::timeout;

use super::belongs::Owner;
use super::error::Failure;

/// The oldest API that has all that is asked for: Docker Engine 20.10.
const OLDEST: ClientVersion = ClientVersion { major_version: 1, minor_version: 41 };
/// Where the engine is when nobody says where.
const DEFAULT_HOST: &str = "unix:///var/run/docker.sock";
/// A request without an answer by then has an unknown outcome. Pulls, waits and events have no such end.
const DEADLINE: Duration = Duration::from_secs(60);

/// A connection to the engine. Clones share it.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    docker: Docker,
    engine: Engine,
    /// The node whose objects the engine is to have.
    pub(super) owner: Option<Arc<Owner>>,
}

/// Which engine answers.
#[derive(Debug, Clone)]
pub(crate) struct Engine {
    pub(crate) host: String,
    pub(crate) version: String,
    /// Whether it is Podman behind Docker's API.
    pub(crate) is_podman: bool,
    pub(crate) api: ClientVersion,
}

impl fmt::Display for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, version, is_podman: _, api } = self;
        write!(f, "{version} (API {api}) at {host}")
    }
}

impl Client {
    /// Connects to `host`, or to what `DOCKER_HOST` says, or to the engine of this machine; agrees on the newest API
    /// version that both sides know.
    ///
    /// # Errors
    /// `Unavailable` when nobody answers, `Unsupported` when the engine is too old, or is to be reached by TLS.
    pub(crate) async fn connect(host: Option<&str>) -> Result<Self> {
        let said = env::var("DOCKER_HOST").ok().filter(|host| !host.is_empty());
        let host = host.map(str::to_owned).or(said).unwrap_or_else(|| DEFAULT_HOST.to_owned());
        let verify = env::var("DOCKER_TLS_VERIFY").ok();
        refuse_tls(&host, verify.as_deref())?;
        let failed = |failure: Failure| Error::from(failure).with_context("host", &host);
        let docker =
            Docker::connect_with_host(&host).map_err(|error| failed(Failure::new("connect to Docker", error)))?;
        let version = ask("connect to Docker", docker.version()).await.map_err(failed)?;
        let api = version.api_version.as_deref().and_then(parse);
        let components = version.components.unwrap_or_default();
        let is_podman = components.iter().any(|component| component.name.contains("Podman"));
        let name = version.version.unwrap_or_default();
        let Some(api) = api.filter(|api| *api >= OLDEST) else {
            let has = version.api_version.unwrap_or_else(|| "none".to_owned());
            return Err(Error::new(ErrorKind::Unsupported, "connect to Docker")
                .with_context("host", &host)
                .with_message(format!(
                    "the engine {name} has API version {has}, and {OLDEST} or later is needed (Docker Engine 20.10, \
                     Podman 4): update it"
                )));
        };
        let negotiate = || async { docker.negotiate_version().await };
        let docker = ask("connect to Docker", negotiate()).await.map_err(failed)?;
        Ok(Self { docker, engine: Engine { host, version: name, is_podman, api }, owner: None })
    }

    /// Which engine answers.
    pub(crate) fn engine(&self) -> &Engine {
        &self.engine
    }

    /// For requests that have their own end: streams, pulls, waits.
    pub(crate) fn docker(&self) -> &Docker {
        &self.docker
    }

    /// One request with a deadline. `operation` reads after "failed to ".
    pub(crate) async fn ask<T, F>(
        &self,
        operation: &'static str,
        request: impl FnOnce(Docker) -> F,
    ) -> Result<T, Failure>
    where
        F: Future<Output = Result<T, bollard::errors::Error>>,
    {
        ask(operation, request(self.docker.clone())).await
    }
}

async fn ask<T>(
    operation: &'static str,
    request: impl Future<Output = Result<T, bollard::errors::Error>>,
) -> Result<T, Failure> {
    // In a box: these futures are large, and many of them are nested in others.
    match timeout(DEADLINE, Box::pin(request)).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(error)) => Err(Failure::new(operation, error)),
        Err(_) => Err(Failure::NoAnswer { operation, seconds: DEADLINE.as_secs() }),
    }
}

/// Refuses a connection that was to be by TLS: it would go out in plaintext, and whoever reads it owns the engine.
fn refuse_tls(host: &str, verify: Option<&str>) -> Result<()> {
    let is_plain = host.starts_with("tcp://") || host.starts_with("http://");
    let is_asked = verify.is_some_and(|verify| !verify.is_empty());
    let why = if host.starts_with("https://") {
        "the address asks for TLS"
    } else if is_plain && is_asked {
        "DOCKER_TLS_VERIFY asks for TLS"
    } else {
        return Ok(());
    };
    Err(Error::new(ErrorKind::Unsupported, "connect to Docker").with_context("host", host).with_message(format!(
        "{why}, which is not spoken here: bring the engine's socket to this machine, for example by \
         `ssh -L /run/engine.sock:/var/run/docker.sock <host>`, and name it as unix:///run/engine.sock"
    )))
}

fn parse(version: &str) -> Option<ClientVersion> {
    let (major, minor) = version.split_once('.')?;
    Some(ClientVersion { major_version: major.parse().ok()?, minor_version: minor.parse().ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s22_what_was_to_be_secret_never_goes_out_in_plaintext() {
        for (host, verify) in [
            ("tcp://10.0.0.5:2376", Some("1")),
            ("tcp://10.0.0.5:2376", Some("0")),
            ("http://10.0.0.5:2376", Some("yes")),
            ("https://10.0.0.5:2376", None),
        ] {
            let error = refuse_tls(host, verify).expect_err(host);
            assert_eq!(error.kind(), ErrorKind::Unsupported);
            assert!(error.to_string().contains(host) && error.to_string().contains("ssh"), "{error}");
        }
        for (host, verify) in [
            ("tcp://10.0.0.5:2375", None),
            ("tcp://10.0.0.5:2375", Some("")),
            ("unix:///var/run/docker.sock", Some("1")),
        ] {
            refuse_tls(host, verify).expect(host);
        }
    }
}
