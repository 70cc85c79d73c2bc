//! Asking a database, from inside its own pod.

use std::collections::BTreeSet;
use std::sync::Arc;

use petset::docker::pods::DockerPods;
use petset::{Ordinal, Sets};

use crate::story::{Error, SET};

/// The databases of the set, each asked in its own pod.
#[derive(Debug, Clone)]
pub(crate) struct Databases {
    pub(crate) sets: Sets,
    pub(crate) pods: Arc<DockerPods>,
}

impl Databases {
    /// What a command prints in the database container of a pet.
    pub(crate) async fn run(&self, ordinal: u32, command: &[&str]) -> Result<String, Error> {
        let pod = self.sets.pod(SET, Ordinal(ordinal)).await?;
        let words: Vec<String> = command.iter().map(|word| (*word).to_owned()).collect();
        let (code, output) = self.pods.exec(&pod.reference(), "mysql", &words).await?;
        let text = String::from_utf8_lossy(&output).trim().to_owned();
        if code == Some(0) { Ok(text) } else { Err(format!("{} in mysql-{ordinal}: {text}", command.join(" ")).into()) }
    }

    /// What a statement answers, without headings; `host` is who is asked, as pet `ordinal` finds it.
    pub(crate) async fn ask(&self, ordinal: u32, host: &str, statement: &str) -> Result<String, Error> {
        let options = ["--connect-timeout=2", "--skip-column-names", "--batch"];
        self.run(ordinal, &[&["mysql", "-h", host], &options[..], &["-e", statement]].concat()).await
    }

    /// What a statement answers in the pet's own database.
    pub(crate) async fn ask_itself(&self, ordinal: u32, statement: &str) -> Result<String, Error> {
        self.ask(ordinal, "127.0.0.1", statement).await
    }

    /// The numbers that a pet's own database has.
    pub(crate) async fn numbers(&self, ordinal: u32) -> Result<BTreeSet<u64>, Error> {
        let text = self.ask_itself(ordinal, "SELECT number FROM shop.orders").await?;
        Ok(text.lines().map(str::parse).collect::<Result<_, _>>()?)
    }
}
