//! Asking a database, from inside a pet.

use std::collections::BTreeSet;
use std::sync::Arc;

use petset::docker::pods::DockerPods;
use petset::{Ordinal, Sets};

use crate::stage::{Error, Stage};

/// A container of a pet that has the database's own client.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    pub(crate) set: &'static str,
    pub(crate) ordinal: u32,
    pub(crate) container: &'static str,
}

/// Where a database listens.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Host {
    pub(crate) name: &'static str,
    pub(crate) port: u16,
}

/// Runs commands inside pets.
#[derive(Debug, Clone)]
pub(crate) struct Shell {
    sets: Sets,
    pods: Arc<DockerPods>,
}

impl Shell {
    pub(crate) fn of(stage: &Stage) -> Self {
        Self { sets: stage.sets.clone(), pods: stage.node.pods() }
    }

    /// What a command prints.
    pub(crate) async fn run(&self, place: Place, command: &[&str]) -> Result<String, Error> {
        let Place { set, ordinal, container } = place;
        let pod = self.sets.pod(set, Ordinal(ordinal)).await?;
        let words: Vec<String> = command.iter().map(|word| (*word).to_owned()).collect();
        let (code, output) = self.pods.exec(&pod.reference(), container, &words).await?;
        let text = String::from_utf8_lossy(&output).trim().to_owned();
        if code == Some(0) { Ok(text) } else { Err(format!("{} in {}: {text}", command.join(" "), pod.name()).into()) }
    }

    /// What a statement answers, without headings, that is sent from `place` to `host` as it is found there.
    pub(crate) async fn ask(&self, place: Place, host: Host, statement: &str) -> Result<String, Error> {
        let port = host.port.to_string();
        let options = ["--connect-timeout=2", "--skip-column-names", "--batch"];
        self.run(place, &[&["mysql", "-h", host.name, "-P", &port], &options[..], &["-e", statement]].concat()).await
    }

    /// The numbers of the orders that the database at `host` has.
    pub(crate) async fn numbers(&self, place: Place, host: Host) -> Result<BTreeSet<u64>, Error> {
        let text = self.ask(place, host, "SELECT number FROM shop.orders").await?;
        Ok(text.lines().map(str::parse).collect::<Result<_, _>>()?)
    }
}
