//! Volumes of the engine: asked, made, removed.

use std::collections::{BTreeMap, HashMap};

use bollard::models::{ContainerSummary, Volume, VolumeCreateRequest};
use bollard::query_parameters::{ListContainersOptions, ListVolumesOptions, RemoveVolumeOptions};
use petset_core::{Error, ErrorKind, Result};

use super::record::Looks;
use crate::client::Client;

/// Volumes by name, and what kept the list from being complete.
#[derive(Debug, Clone, Default)]
pub(super) struct Listed {
    found: BTreeMap<String, Volume>,
    warnings: Vec<String>,
}

impl Listed {
    /// The volume, or that it is surely not there.
    ///
    /// # Errors
    /// `Unavailable` when it is not listed and a driver did not answer: it may be there all the same.
    pub(super) fn get(&self, name: &str) -> Result<Option<&Volume>> {
        match self.found.get(name) {
            None if !self.warnings.is_empty() => Err(Error::new(ErrorKind::Unavailable, "list volumes")
                .with_context("volume", name)
                .with_message(self.warnings.join("; "))),
            found => Ok(found),
        }
    }

    /// One that was just made, or found while it was to be made.
    pub(super) fn one(volume: Volume) -> Self {
        Self { found: [(volume.name.clone(), volume)].into(), warnings: Vec::new() }
    }

    /// Whether the volume was found.
    pub(super) fn has(&self, name: &str) -> bool {
        self.found.contains_key(name)
    }

    /// The volumes that were found.
    pub(super) fn found(&self) -> impl Iterator<Item = &Volume> {
        self.found.values()
    }

    /// The same with those of another list.
    pub(super) fn and(mut self, other: Self) -> Self {
        self.found.extend(other.found);
        self.warnings.extend(other.warnings);
        self
    }
}

/// The volumes that the filters let through.
pub(super) async fn list(client: &Client, filters: HashMap<String, Vec<String>>) -> Result<Listed> {
    let options = ListVolumesOptions { filters: Some(filters) };
    let answer = client.ask("list volumes", |docker| async move { docker.list_volumes(Some(options)).await }).await?;
    let found: BTreeMap<String, Volume> =
        answer.volumes.unwrap_or_default().into_iter().map(|volume| (volume.name.clone(), volume)).collect();
    if found.is_empty() {
        // Of another engine that would say nothing.
        Box::pin(client.has_node()).await?;
    }
    Ok(Listed { found, warnings: answer.warnings.unwrap_or_default() })
}

/// The volumes of exactly these names.
pub(super) async fn named(client: &Client, names: &[&str]) -> Result<Listed> {
    if names.is_empty() {
        return Ok(Listed::default());
    }
    // The engine takes a name for a pattern that may fit anywhere.
    let patterns = names.iter().map(|name| format!("^{}$", name.replace('.', "\\."))).collect();
    let mut listed = list(client, HashMap::from([("name".to_owned(), patterns)])).await?;
    listed.found.retain(|name, _| names.contains(&name.as_str()));
    Ok(listed)
}

/// What is to be made.
#[derive(Debug)]
pub(super) struct Wanted {
    pub(super) name: String,
    pub(super) driver: String,
    pub(super) options: BTreeMap<String, String>,
    pub(super) labels: BTreeMap<String, String>,
}

/// Makes a volume, or gives the one that has the name already: its labels say which.
pub(super) async fn make(client: &Client, wanted: Wanted) -> Result<Volume> {
    let Wanted { name, driver, options, labels } = wanted;
    let request = VolumeCreateRequest {
        name: Some(name.clone()),
        driver: Some(driver.clone()),
        driver_opts: Some(options.into_iter().collect()),
        labels: Some(labels.into_iter().collect()),
        ..VolumeCreateRequest::default()
    };
    let made = client.ask("make a volume", |docker| async move { docker.create_volume(request).await }).await;
    made.map_err(|failure| Error::from(failure).with_context("volume", name).with_context("driver", driver))
}

/// What came of asking for a volume's end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Removed {
    Gone,
    /// A container has it.
    InUse,
}

/// Removes a volume that nobody uses. Never by force.
pub(super) async fn remove(client: &Client, name: &str) -> Result<Removed> {
    let volume = name.to_owned();
    let options = RemoveVolumeOptions { force: false };
    let answer =
        client.ask("remove a volume", |docker| async move { docker.remove_volume(&volume, Some(options)).await }).await;
    match answer {
        Ok(()) => Ok(Removed::Gone),
        Err(failure) if failure.is_not_found() => Ok(Removed::Gone),
        Err(failure) if failure.is_conflict() => Ok(Removed::InUse),
        Err(failure) => Err(Error::from(failure).with_context("volume", name)),
    }
}

/// The names of the containers that have the volume, whether they run or not.
pub(super) async fn users(client: &Client, name: &str) -> Result<Vec<String>> {
    let filters = HashMap::from([("volume".to_owned(), vec![name.to_owned()])]);
    let options = ListContainersOptions { all: true, filters: Some(filters), ..ListContainersOptions::default() };
    let found = client
        .ask("list a volume's users", |docker| async move { docker.list_containers(Some(options)).await })
        .await?;
    let name = |container: ContainerSummary| container.names?.first().map(|name| name.trim_matches('/').to_owned());
    let mut names: Vec<String> =
        found.into_iter().map(|user| name(user).unwrap_or_else(|| "unnamed".to_owned())).collect();
    names.sort();
    Ok(names)
}

/// What tells this volume from another one of its name.
pub(super) fn looks(volume: &Volume) -> Looks {
    let sorted = |map: &HashMap<String, String>| map.iter().map(|(key, value)| (key.clone(), value.clone())).collect();
    Looks { driver: volume.driver.clone(), labels: sorted(&volume.labels), options: sorted(&volume.options) }
}
