//! [`DockerPods`]: opening the pods of a node.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use petset_core::backend::{Hints, PodRef};
use petset_core::{Error, ErrorKind, PodUid, Result};
use tokio::sync::Notify;

use super::address::Place;
use super::cell::{Cell, gone};
use super::events::{follow, sweep_for_ever};
use super::exec::{Output, Runner};
use super::inspect::{self, Life};
use super::options::PodOptions;
use super::record::{PODS, Record};
use super::shared::Shared;
use super::supervise::{Origin, supervise};
use super::survey::survey;
use super::sweep::clean;
use super::tasks::Tasks;
use super::unreadable::Unreadable;
use crate::client::Client;
use crate::labels::{self, Role};
use crate::names::DockerNames;
use crate::records::Records;
use crate::volumes::DockerVolumes;

/// How many bytes of what a command prints are kept.
const MOST_OUTPUT: usize = 16 << 20;

/// Pods that are containers of an engine.
///
/// Dropping it, or [`DockerPods::shutdown`], ends the supervision and never a pod: whoever opens the node next adopts the
/// pods as they are.
#[derive(Debug)]
pub struct DockerPods {
    pub(super) shared: Arc<Shared>,
    pub(super) tasks: Arc<Tasks>,
}

impl DockerPods {
    /// Opens the pods that are on record, adopts what runs, and looks after them.
    pub(crate) async fn open(
        node: String,
        client: Client,
        names: Arc<DockerNames>,
        volumes: Arc<DockerVolumes>,
        records: Records,
        options: PodOptions,
    ) -> Result<Self> {
        let node_name = match &options.node_name {
            Some(name) => name.clone(),
            None => client
                .ask("ask for the engine's name", |docker| async move { docker.info().await })
                .await?
                .name
                .unwrap_or_else(|| "localhost".to_owned()),
        };
        let (mut pods, mut unreadable) = (Vec::new(), Unreadable::default());
        for (key, record) in records.each::<Record>(PODS).await? {
            match record {
                Ok(record) => pods.push((key, record)),
                Err(error) => unreadable.note(&client, key, &error).await?,
            }
        }
        let shared = Arc::new(Shared {
            client,
            names,
            volumes,
            records,
            options,
            hints: Hints::new(),
            node,
            node_name,
            session: PodUid::random().as_str().to_owned(),
            leftovers: Notify::new(),
            cells: Mutex::default(),
            unreadable,
        });
        for (key, record) in pods {
            shared.know(&key, record);
        }
        adopt(&shared).await?;
        clean(&shared).await;
        let tasks = Arc::new(Tasks::default());
        let cells: Vec<_> = shared.cells().values().cloned().collect();
        for cell in cells {
            tasks.spawn(supervise(Arc::clone(&shared), cell, Origin::Found));
        }
        tasks.spawn(follow(Arc::clone(&shared)));
        tasks.spawn(sweep_for_ever(Arc::clone(&shared)));
        Ok(Self { shared, tasks })
    }

    /// Runs a command where a container runs; answers its exit code and what it printed, on both streams, up to 16 MiB. The
    /// rest is read and dropped.
    ///
    /// # Errors
    /// `NotFound` when the pod, or a running container of that name, is not there.
    pub async fn exec(&self, pod: &PodRef, container: &str, argv: &[String]) -> Result<(Option<i64>, Vec<u8>)> {
        let container = self.container(pod, container, "run a command in a pod").await?;
        let Output { code, text } =
            Runner { client: self.shared.client.clone(), container }.output(argv, MOST_OUTPUT).await?;
        Ok((code, text))
    }

    /// The last lines that a container printed, on both streams. Empty when its log driver cannot be read.
    pub async fn log_tail(&self, pod: &PodRef, container: &str, lines: u32) -> Result<String> {
        let container = self.container(pod, container, "read a log").await?;
        Ok(inspect::last_words(&self.shared.client, &container, lines).await)
    }

    /// Ends the supervision and waits until it has ended. Pods keep running.
    pub async fn shutdown(&self) {
        self.tasks.end().await;
    }

    /// The engine's id of a container.
    async fn container(&self, pod: &PodRef, name: &str, operation: &'static str) -> Result<String> {
        let cell = self.cell(pod).ok_or_else(|| gone(operation, &pod.name()))?;
        let seen = inspect::look(&self.shared.client, labels::part_of(Role::Container, &cell.key)).await?;
        let own = |seen: &&inspect::Seen| {
            seen.labels.get(labels::CONTAINER).is_some_and(|own| own == name) && seen.life != Life::Leaving
        };
        seen.iter().find(own).map(|seen| seen.id.clone()).ok_or_else(|| {
            Error::new(ErrorKind::NotFound, operation).with_context("pod", pod.name()).with_context("container", name)
        })
    }
}

/// Finds the sandboxes of the records, and how their containers are. A pod whose sandbox is gone is there until all of it
/// has ended. One that cannot be looked at now is not ready before it can.
async fn adopt(shared: &Shared) -> Result<()> {
    let mut filter = labels::filter(Role::Sandbox, None);
    filter.entry("label".to_owned()).or_default().push(format!("{}={}", labels::NODE, shared.node));
    let mut found = BTreeSet::new();
    for sandbox in inspect::list(&shared.client, filter).await? {
        let record = sandbox.labels.as_ref().and_then(|labels| labels.get(labels::RECORD));
        let cell = record.and_then(|record| shared.cells().get(record).cloned());
        if let (Some(cell), Some(id)) = (cell, sandbox.id) {
            cell.found(PodUid::new(id.as_str()));
            found.insert(cell.key.clone());
            if let Err(error) = adopt_one(shared, &cell, &id).await {
                unseen(&cell, &error).await;
            }
        }
    }
    let known: Vec<_> = shared.cells().values().filter(|cell| cell.uid().is_some()).cloned().collect();
    for cell in known.into_iter().filter(|cell| !found.contains(&cell.key)) {
        if let Err(error) = survey(shared, &cell).await {
            unseen(&cell, &error).await;
        }
        cell.note(Record::end).await;
    }
    Ok(())
}

async fn adopt_one(shared: &Shared, cell: &Cell, sandbox: &str) -> Result<()> {
    let seen = inspect::inspect(&shared.client, sandbox).await?;
    if let Some(seen) = seen.filter(|seen| seen.life.is_running()) {
        let place = Place::of(shared, cell, &seen).await?;
        cell.note(|record| place.note(record)).await;
    }
    survey(shared, cell).await
}

async fn unseen(cell: &Cell, error: &Error) {
    tracing::warn!(pod = cell.name(), error = %error.chain(), "a pod that is on record cannot be looked at");
    cell.note(|record| record.containers.iter_mut().for_each(|container| container.ready = None)).await;
}
