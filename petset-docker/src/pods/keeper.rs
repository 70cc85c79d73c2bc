//! The life of one container: find or start it, watch it, and start it again when it ends.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use bollard::models::MountPoint;
use petset_core::backend::ContainerState;
use petset_core::spec::Container;
use petset_core::{Error, ErrorKind, PodUid, Result, Timestamp};
use petset_local::probe::{Event, Probes, Target, handle, watch};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, sleep_until};

use super::cell::{Cell, RESYNC};
use super::container::Plan;
use super::exec::Runner;
use super::files::Files;
use super::image::{self, NoImage, Policy};
use super::inspect::{self, Life, Seen};
use super::mounts::claim_place;
use super::shared::Shared;
use super::stop::{PAUSE, stop, until_ended};
use crate::labels::{self, Role};

/// How much of what an ended container printed is told.
const LAST_LINES: u32 = 3;
const LAST_CHARS: usize = 200;

/// One container of a pod that this process looks after.
#[derive(Debug)]
pub(super) struct Keeper {
    shared: Arc<Shared>,
    cell: Arc<Cell>,
    uid: PodUid,
    index: usize,
    declared: Container,
    /// The next start is not before this.
    not_before: Instant,
    /// Why it was ended, when it was.
    why: Option<String>,
}

/// A container that runs.
#[derive(Debug)]
struct Running {
    id: String,
    started_at: Timestamp,
    /// It ran before this process looked.
    adopted: bool,
}

/// Why a container does not start: one word and its sentence.
type Trouble = (&'static str, String);

impl Keeper {
    pub(super) fn new(shared: Arc<Shared>, cell: Arc<Cell>, uid: PodUid, index: usize) -> Self {
        let (declared, known) = cell.read(|record| (record.declared(index).clone(), record.containers[index].clone()));
        let pause = known.ended.map_or(Duration::ZERO, |_| shared.options.backoff.pause(known.failures));
        Self { shared, cell, uid, index, declared, not_before: Instant::now() + pause, why: None }
    }

    /// Runs an init container until it has succeeded once.
    pub(super) async fn finish(mut self) {
        while !self.cell.container(self.index).finished {
            if let Some(running) = self.start().await {
                until_ended(&self.shared, &self.cell, &running.id, RESYNC).await;
            }
        }
    }

    /// Keeps a container running, for ever.
    pub(super) async fn keep(&mut self) {
        loop {
            if let Some(running) = self.start().await {
                self.why = Box::pin(self.accompany(&running)).await;
            }
        }
    }

    /// One step towards a running container; `None` when another step is needed.
    async fn start(&mut self) -> Option<Running> {
        let found = match self.find().await {
            Ok(found) => found,
            Err(error) => {
                // Not known is not gone.
                tracing::warn!(pod = self.cell.name(), error = %error.chain(), "a container is looked for again");
                sleep(PAUSE).await;
                return None;
            }
        };
        match found {
            None => {}
            Some(Seen { id, life: Life::Running { started_at }, .. }) => {
                self.cell
                    .note_container(self.index, |container| {
                        container.state = ContainerState::Running { started_at };
                        container.ready = container.ready.take().filter(|ready| *ready == id);
                    })
                    .await;
                return Some(Running { id, started_at, adopted: true });
            }
            Some(Seen { id, life: Life::Ended { code, started_at, finished_at }, .. })
                if started_at != Timestamp::default() =>
            {
                if self.cell.container(self.index).ended.as_ref() != Some(&id) {
                    self.ended(&id, code, finished_at.since(started_at), finished_at).await;
                }
                if self.cell.container(self.index).finished {
                    return None;
                }
                sleep_until(self.not_before).await;
                self.clear(&id).await;
            }
            Some(Seen { id, .. }) => self.clear(&id).await,
        }
        sleep_until(self.not_before).await;
        match self.launch().await {
            Ok(running) => Some(running),
            Err(trouble) => {
                self.wait_for(trouble).await;
                None
            }
        }
    }

    /// The container as it is, by a fresh read.
    async fn find(&self) -> Result<Option<Seen>> {
        let mut filter = labels::part_of(Role::Container, &self.cell.key);
        let own = format!("{}={}", labels::CONTAINER, self.declared.name);
        filter.entry("label".to_owned()).or_default().push(own);
        Ok(inspect::look(&self.shared.client, filter).await?.pop())
    }

    /// Removes an ended container, so that the next one has its name.
    async fn clear(&self, id: &str) {
        if let Err(failure) = inspect::remove(&self.shared.client, id).await {
            tracing::warn!(container = id, %failure, "an ended container cannot be removed, trying again");
            sleep(PAUSE).await;
        }
    }

    /// Makes and starts a new container.
    async fn launch(&self) -> Result<Running, Trouble> {
        let Self { shared, cell, declared, .. } = self;
        let name = declared.image.as_deref().unwrap_or_default();
        let told = |message: String| async move {
            let pulling = || ContainerState::Waiting { reason: "Pulling".to_owned(), message: message.clone() };
            cell.note_container(self.index, |container| container.state = pulling()).await;
        };
        image::ensure(&shared.client, name, Policy::of(declared), told).await.map_err(
            |NoImage { reason, message }| {
                let again = cell.container(self.index).failures > 0 && reason == "ErrImagePull";
                (if again { "ImagePullBackOff" } else { reason }, message)
            },
        )?;
        let config = |error: Error| {
            let is_config = matches!(error.kind(), ErrorKind::NotFound | ErrorKind::Invalid | ErrorKind::Forbidden);
            let reason = if is_config { "CreateContainerConfigError" } else { "CreateContainerError" };
            (reason, error.chain().to_string())
        };
        let id = self.make().await.map_err(config)?;
        let started = inspect::start(&shared.client, &id).await;
        started.map_err(|failure| ("RunContainerError", Error::from(failure).chain().to_string()))?;
        // A short program has ended already, which is found and counted by the next step. The engine's clock counts.
        let seen = inspect::inspect(&shared.client, &id).await.ok().flatten();
        let started_at = match seen.map(|seen| seen.life) {
            Some(Life::Running { started_at } | Life::Ended { started_at, .. }) => started_at,
            Some(Life::Created | Life::Leaving) | None => Timestamp::now(),
        };
        cell.note_container(self.index, |container| container.state = ContainerState::Running { started_at }).await;
        Ok(Running { id, started_at, adopted: false })
    }

    async fn make(&self) -> Result<String> {
        let Self { shared, cell, declared, .. } = self;
        let (request, address, host_ip) = cell.read(|record| (record.request.clone(), record.address, record.host_ip));
        let claims = self.claims(request.claims.keys()).await?;
        let files = Files {
            client: &shared.client,
            request: &request,
            uid: &self.uid,
            node_name: &shared.node_name,
            address,
            host_ip,
        };
        let (record, node) = (&cell.key, &shared.node);
        let body = Plan { client: &shared.client, files, record, node, claims: &claims, declared }.body().await?;
        let name = labels::container(&declared.name, &cell.set, cell.ordinal);
        match inspect::create(&shared.client, &name, body).await {
            Err(failure) if failure.is_conflict() => {
                self.free(&name).await?;
                Err(Error::from(failure))
            }
            made => Ok(made?),
        }
    }

    /// The volumes of the claims, as the sandbox has them: what it was made with holds for the pod's life (S5).
    async fn claims(&self, templates: impl Iterator<Item = &String>) -> Result<HashMap<String, String>> {
        let places: HashMap<String, &String> = templates.map(|template| (claim_place(template), template)).collect();
        if places.is_empty() {
            return Ok(HashMap::new());
        }
        let id = self.uid.as_str().to_owned();
        let inspected = self.shared.client.ask("inspect a container", |docker| async move {
            docker.inspect_container(&id, None::<bollard::query_parameters::InspectContainerOptions>).await
        });
        // What it has, not what it was asked for: of that Podman tells in other words.
        let mounts = inspected.await?.mounts.unwrap_or_default();
        let claim = |mount: MountPoint| Some(((*places.get(&mount.destination?)?).clone(), mount.name?));
        Ok(mounts.into_iter().filter_map(claim).collect())
    }

    /// Frees a container's name from what an earlier incarnation left. What runs is never removed: it is in the way
    /// until it has ended, and so is what is not ours.
    async fn free(&self, name: &str) -> Result<()> {
        let Some(seen) = inspect::inspect(&self.shared.client, name).await? else { return Ok(()) };
        let record = seen.labels.get(labels::RECORD);
        let is_left = record.is_some_and(|record| !self.shared.cells().contains_key(record));
        if is_left && !seen.life.is_running() && seen.labels.get(labels::NODE) == Some(&self.shared.node) {
            inspect::remove(&self.shared.client, &seen.id).await?;
        }
        Ok(())
    }

    /// Watches a running container until it has ended; says why it was ended, if it was.
    async fn accompany(&self, running: &Running) -> Option<String> {
        let Self { shared, cell, declared, .. } = self;
        let Running { id, started_at, adopted } = running;
        let ended = || until_ended(shared, cell, id, RESYNC);
        let probes = Probes::of(declared);
        let runner = Runner { client: shared.client.clone(), container: id.clone() };
        let Some(address) = cell.read(|record| record.address) else {
            ended().await;
            return None;
        };
        let target = Target { address, ports: &declared.ports, runner: &runner };
        let handler = declared.lifecycle.as_ref().and_then(|lifecycle| lifecycle.post_start.as_ref());
        if let Some(handler) = handler.filter(|_| !adopted) {
            let problem = tokio::select! {
                done = handle(handler, target) => done.err(),
                () = ended() => return None,
            };
            if let Some(problem) = problem {
                return Some(self.stop(id, format!("postStart failed: {problem}")).await);
            }
        }
        if probes.ready_at_start() {
            self.ready(id, true, None).await;
        }
        let (sender, mut events) = mpsc::unbounded_channel();
        let known = adopted.then(|| cell.container(self.index).ready.is_some()).filter(|ready| *ready);
        let asking = watch(&probes, target, Timestamp::now().since(*started_at), known, sender);
        let until_end = ended();
        tokio::pin!(asking, until_end);
        let mut asked_all = false;
        loop {
            tokio::select! {
                () = &mut until_end => return None,
                () = &mut asking, if !asked_all => asked_all = true,
                Some(event) = events.recv() => match event {
                    Event::Started => {}
                    Event::Ready(ready, problem) => self.ready(id, ready, problem).await,
                    Event::Restart(why) => return Some(self.stop(id, why).await),
                },
            }
        }
    }

    async fn ready(&self, id: &str, ready: bool, problem: Option<String>) {
        self.cell
            .note_container(self.index, |container| {
                container.ready = ready.then(|| id.to_owned());
                container.problem.clone_from(&problem);
            })
            .await;
    }

    /// Ends the container for a reason, within the pod's grace period.
    async fn stop(&self, id: &str, why: String) -> String {
        self.ready(id, false, Some(why.clone())).await;
        let grace = self.cell.read(|record| record.request.template.spec.grace_seconds());
        let deadline = Instant::now() + Duration::from_secs(grace.into());
        stop(&self.shared, &self.cell, Some(&self.declared), id, deadline).await;
        why
    }

    /// Counts an end, and notes when the next start is.
    async fn ended(&mut self, id: &str, code: Option<i32>, ran: Duration, finished_at: Timestamp) {
        let init = self.cell.container(self.index).init;
        let backoff = self.shared.options.backoff;
        let failures = if ran >= backoff.reset_after { 0 } else { self.cell.container(self.index).failures } + 1;
        let finished = init && code == Some(0);
        let pause = if finished { Duration::ZERO } else { backoff.pause(failures) };
        self.not_before = Instant::now() + pause;
        let why = self.why.take().map(|why| format!("{why}; ")).unwrap_or_default();
        let code_words = code.map_or_else(|| "it ended".to_owned(), |code| format!("it ended with exit code {code}"));
        let words = inspect::last_words(&self.shared.client, id, LAST_LINES).await;
        let words: String = words.chars().take(LAST_CHARS).collect();
        let words = if words.is_empty() { words } else { format!(", its last words: {words}") };
        let sentence = format!("{why}{code_words}{words}");
        self.cell
            .note_container(self.index, |container| {
                container.ended = Some(id.to_owned());
                container.ready = None;
                container.finished = finished;
                container.failures = if finished { 0 } else { failures };
                container.restarts += u32::from(!finished);
                container.problem = Some(sentence.clone());
                container.state = if pause.is_zero() {
                    ContainerState::Terminated { exit_code: code, finished_at }
                } else {
                    let message = format!("back-off {pause:?} restarting failed container: {sentence}");
                    ContainerState::Waiting { reason: "CrashLoopBackOff".to_owned(), message }
                };
            })
            .await;
    }

    /// Notes why the container waits, and when it is tried again.
    async fn wait_for(&mut self, (reason, message): Trouble) {
        let failures = self.cell.container(self.index).failures.saturating_add(1);
        self.not_before = Instant::now() + self.shared.options.backoff.pause(failures.max(2));
        self.cell
            .note_container(self.index, |container| {
                container.failures = failures;
                container.ready = None;
                container.state = ContainerState::Waiting { reason: reason.to_owned(), message: message.clone() };
            })
            .await;
    }
}
