//! The life of one container: find or start it, watch it, and start it again when it ends.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use petset_core::backend::ContainerState;
use petset_core::spec::{Container, Handler};
use petset_core::{PodUid, Result, Timestamp};
use petset_local::probe::{self, Answer, Event, Probes, Target, handle};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::cell::{Cell, RESYNC};
use super::doubt::is_known;
use super::exec::Runner;
use super::inspect::{self, Life, Seen};
use super::record::Record;
use super::shared::Shared;
use super::stop::{PAUSE, stop, until_ended, until_ended_since};
use super::supervise::Origin;
use crate::labels::{self, Role};

/// How much of what an ended container printed is told.
const LAST_LINES: u32 = 3;
const LAST_CHARS: usize = 200;
/// A log that takes longer has no last words.
const LAST_PATIENCE: Duration = Duration::from_secs(5);

/// One container of a pod that this process looks after.
#[derive(Debug)]
pub(super) struct Keeper {
    pub(super) shared: Arc<Shared>,
    pub(super) cell: Arc<Cell>,
    pub(super) uid: PodUid,
    /// The volumes of the sandbox, by where it has them: what it was made with holds for the pod's life (S5).
    pub(super) volumes: Arc<HashMap<String, String>>,
    pub(super) index: usize,
    pub(super) declared: Container,
    /// There surely is no container.
    none: bool,
    /// The next start is not before this.
    pub(super) not_before: Instant,
    /// Why it was ended, when it was.
    why: Option<String>,
}

/// A container that runs.
#[derive(Debug)]
pub(super) struct Running {
    pub(super) id: String,
    pub(super) started_at: Timestamp,
    /// It ran before this process looked.
    pub(super) adopted: bool,
    /// What was told of the pod since before the look that showed it; `None` without such a look.
    pub(super) events: Option<watch::Receiver<u64>>,
}

/// Why a container does not start: one word and its sentence.
pub(super) type Trouble = (&'static str, String);

impl Keeper {
    pub(super) fn new(
        shared: Arc<Shared>,
        cell: Arc<Cell>,
        uid: PodUid,
        volumes: Arc<HashMap<String, String>>,
        index: usize,
        origin: Origin,
    ) -> Self {
        let (declared, known) = cell.read(|record| (record.declared(index).clone(), record.containers[index].clone()));
        let pause = known.ended.map_or(Duration::ZERO, |_| shared.options.backoff.pause(known.failures));
        let (none, not_before) = (origin == Origin::Made, Instant::now() + pause);
        Self { shared, cell, uid, volumes, index, declared, none, not_before, why: None }
    }

    /// Runs an init container until it has succeeded once.
    pub(super) async fn finish(mut self) {
        while !self.cell.container(self.index).finished {
            if let Some(running) = self.start().await {
                self.until_ended(&running).await;
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

    async fn until_ended(&self, Running { id, events, .. }: &Running) {
        let Self { shared, cell, .. } = self;
        match events.clone() {
            Some(events) => until_ended_since(shared, events, id, RESYNC).await,
            None => until_ended(shared, cell, id, RESYNC).await,
        }
    }

    /// One step towards a running container; `None` when another step is needed.
    async fn start(&mut self) -> Option<Running> {
        let events = self.cell.watch();
        let found = if std::mem::take(&mut self.none) { Ok(None) } else { self.find().await };
        let found = match found {
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
                return Some(Running { id, started_at, adopted: true, events: Some(events) });
            }
            Some(Seen { id, life: Life::Created, .. }) if !is_known(&self.shared.client, &id).await => {
                return self.start_again(&id).await;
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
    pub(super) async fn clear(&self, id: &str) {
        if let Err(failure) = inspect::remove(&self.shared.client, id).await {
            tracing::warn!(container = id, %failure, "an ended container cannot be removed, trying again");
            sleep(PAUSE).await;
        }
    }

    /// Watches a running container until it has ended; says why it was ended, if it was.
    async fn accompany(&self, running: &Running) -> Option<String> {
        let Self { cell, declared, .. } = self;
        let Running { id, started_at, adopted, .. } = running;
        let ended = || self.until_ended(running);
        let probes = Probes::of(declared);
        let runner = Runner { client: self.shared.client.clone(), container: id.clone() };
        let address = tokio::select! {
            address = cell.until_found() => address,
            () = ended() => return None,
        };
        let target = Target { address, ports: &declared.ports, runner: &runner };
        let handler = declared.lifecycle.as_ref().and_then(|lifecycle| lifecycle.post_start.as_ref());
        // Also of a container that was adopted: nobody may have seen its start, or the handler's end. At least once.
        let is_due = cell.container(self.index).post_started.as_ref() != Some(id);
        if let Some(handler) = handler.filter(|_| is_due) {
            let problem = tokio::select! {
                problem = self.post_start(handler, target) => problem,
                () = ended() => return None,
            };
            if let Some(problem) = problem {
                return Some(self.stop(id, format!("postStart failed: {problem}")).await);
            }
            cell.note_container(self.index, |container| container.post_started = Some(id.clone())).await;
        }
        if probes.ready_at_start() {
            self.ready(id, true, None).await;
        }
        let (sender, mut events) = mpsc::unbounded_channel();
        let known = adopted.then(|| cell.container(self.index).ready.is_some()).filter(|ready| *ready);
        let asking = probe::watch(&probes, target, Timestamp::now().since(*started_at), known, sender);
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

    /// Runs `postStart` until it is known how it ended; says why it failed, if it did.
    async fn post_start(&self, handler: &Handler, target: Target<'_>) -> Option<String> {
        loop {
            let why = match handle(handler, target).await {
                Answer::Unknown(why) => why,
                answer @ (Answer::Success | Answer::Failure(_)) => return answer.problem(),
            };
            tracing::warn!(pod = self.cell.name(), why, "nobody knows how postStart ended, it is run again");
            sleep(PAUSE).await;
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
        stop(&self.shared, &self.cell, Some(&self.declared), id, self.cell.read(Record::grace)).await;
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
        // Before its log is read, which may take its time: it serves nobody any more.
        self.cell
            .note_container(self.index, |container| {
                container.ready = None;
                container.state = ContainerState::Terminated { exit_code: code, finished_at };
            })
            .await;
        let words = timeout(LAST_PATIENCE, inspect::last_words(&self.shared.client, id, LAST_LINES)).await;
        let words = words.unwrap_or_default();
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
    pub(super) async fn wait_for(&mut self, (reason, message): Trouble) {
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
