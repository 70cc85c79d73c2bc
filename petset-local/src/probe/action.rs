//! Asking once.

use std::fmt::Debug;
use std::net::IpAddr;
use std::time::Duration;

use async_trait::async_trait;
use petset_core::spec::{ContainerPort, HttpGetAction, IntOrString, Probe, TcpSocketAction};

use super::{http, tcp};

/// What a container said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// All is well.
    Success,
    /// Something is not, in a few words.
    Failure(String),
    /// Nobody knows, because the container could not be asked; why, in a few words. It counts neither way.
    Unknown(String),
}

impl Answer {
    /// Whether all is well.
    pub fn is_success(&self) -> bool {
        matches!(self, Self::Success)
    }

    /// What is not well, or why that is not known.
    pub fn problem(self) -> Option<String> {
        match self {
            Self::Success => None,
            Self::Failure(problem) | Self::Unknown(problem) => Some(problem),
        }
    }
}

/// Runs a command inside a container: the part that each backend does in its own way.
#[async_trait]
pub trait CommandRunner: Debug + Send + Sync {
    /// Runs `command`; exit code 0 within `timeout` is success. When time is up the command is ended. What kept the
    /// command from being run, and is no fault of the container, is [`Answer::Unknown`].
    async fn run(&self, command: &[String], timeout: Duration) -> Answer;
}

/// Whom to ask.
#[derive(Debug, Clone, Copy)]
pub struct Target<'a> {
    /// The pod's address.
    pub address: IpAddr,
    /// The container's ports, for those that are asked by name.
    pub ports: &'a [ContainerPort],
    /// How to run a command in the container.
    pub runner: &'a dyn CommandRunner,
}

impl Target<'_> {
    /// Asks once, as `probe` says.
    pub async fn ask(&self, probe: &Probe, timeout: Duration) -> Answer {
        if let Some(action) = &probe.exec {
            self.runner.run(&action.command, timeout).await
        } else if let Some(action) = &probe.http_get {
            ask_http(action, self.address, self.ports, timeout).await
        } else if let Some(action) = &probe.tcp_socket {
            ask_tcp(action, self.address, self.ports, timeout).await
        } else {
            Answer::Failure("the probe has no action that is known here".to_owned())
        }
    }
}

/// Sends a GET request; a status from 200 to 399 is success. Redirections are not followed.
pub async fn ask_http(action: &HttpGetAction, address: IpAddr, ports: &[ContainerPort], timeout: Duration) -> Answer {
    let Some(port) = resolve_port(&action.port, ports) else { return unknown_port(&action.port) };
    within(timeout, http::get(action, address, port)).await
}

/// Opens a connection, and closes it.
pub async fn ask_tcp(action: &TcpSocketAction, address: IpAddr, ports: &[ContainerPort], timeout: Duration) -> Answer {
    let Some(port) = resolve_port(&action.port, ports) else { return unknown_port(&action.port) };
    within(timeout, tcp::open(action.host.as_deref(), address, port)).await
}

/// The number of a port that is given as a number or by the name of one of `ports`.
pub fn resolve_port(port: &IntOrString, ports: &[ContainerPort]) -> Option<u16> {
    let number = match port {
        IntOrString::Int(number) => *number,
        IntOrString::String(name) => ports
            .iter()
            .find(|port| port.name.as_ref() == Some(name))
            .map(|port| port.container_port)
            .or_else(|| name.parse().ok())?,
    };
    u16::try_from(number).ok().filter(|&port| port != 0)
}

fn unknown_port(port: &IntOrString) -> Answer {
    Answer::Failure(format!("`{port}` is no port of the container"))
}

async fn within(timeout: Duration, question: impl Future<Output = Result<(), String>>) -> Answer {
    match tokio::time::timeout(timeout, question).await {
        Ok(Ok(())) => Answer::Success,
        Ok(Err(problem)) => Answer::Failure(problem),
        Err(_) => Answer::Failure(format!("no answer within {} s", timeout.as_secs_f32())),
    }
}
