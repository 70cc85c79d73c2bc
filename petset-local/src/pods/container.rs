//! The life of one container: find or start it, watch it, and start it again when it ends.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use petset_core::backend::ContainerState;
use petset_core::{ErrorKind, Timestamp};
use tokio::sync::mpsc;

use super::cell::{Cell, Weight};
use super::clock;
use super::exec::Runner;
use super::fault::blocking;
use super::launch::{Refusal, launch, note_running};
use super::logs::tail;
use super::members;
use super::plan::{Purpose, plan};
use super::process::{Process, ProcessId};
use super::shared::Shared;
use super::stop::{PAUSE, end_leftovers, stop};
use super::view::{Report, read_report};
use crate::probe::{Event, Probes, Target, handle, watch};

/// How often a start is looked at until its program runs.
const LOOK: Duration = Duration::from_millis(1);
/// The pause after a start that was refused because something else has not ended yet.
const OCCUPIED: Duration = Duration::from_millis(200);

/// One container of a pod that this process looks after.
#[derive(Debug, Clone)]
pub(super) struct Keeper {
    pub(super) node: Arc<Shared>,
    pub(super) cell: Arc<Cell>,
    pub(super) index: usize,
}

/// What a start came to.
enum Started {
    /// It runs; `true` when it was running before.
    Running(Process, bool),
    /// It ended before its program ran, or was not started at all.
    No,
}

impl Keeper {
    /// Runs an init container until it has succeeded once.
    pub(super) async fn finish(&self) {
        while !self.cell.container(self.index).finished {
            let Started::Running(process, _) = self.start().await else { continue };
            let code = process.ended().await;
            if code == Some(0) {
                self.succeeded().await;
            } else {
                self.ended(code, None).await;
            }
        }
    }

    /// Keeps a container running, for ever.
    pub(super) async fn keep(&self) {
        loop {
            let Started::Running(process, adopted) = self.start().await else { continue };
            let (code, why) = Box::pin(self.accompany(&process, adopted)).await;
            self.ended(code, why).await;
        }
    }

    /// Finds the running process or starts one, when it is time.
    async fn start(&self) -> Started {
        if let Some(process) = self.find().await {
            let report = self.underway(&process).await;
            if report == Report::Ok {
                return Started::Running(process, true);
            }
            self.not_started(&process, report).await;
            return Started::No;
        }
        let not_before = self.cell.container(self.index).not_before;
        clock::sleep_until(not_before).await;
        end_leftovers(&self.cell, self.index).await;
        match self.launch().await {
            Ok(process) => {
                let report = self.underway(&process).await;
                if report == Report::Ok {
                    note_running(&self.cell, self.index, false);
                    return Started::Running(process, false);
                }
                self.not_started(&process, report).await;
                Started::No
            }
            // The end was asked for: whoever drives this is about to drop it.
            Err(Refusal::Terminating) => std::future::pending().await,
            Err(Refusal::Occupied) => {
                let message = "processes of an earlier run have not ended yet".to_owned();
                self.wait_for("ContainerCreating", message, 0, Some(OCCUPIED));
                Started::No
            }
            Err(Refusal::Failed(error)) => {
                let is_config = matches!(error.kind(), ErrorKind::NotFound | ErrorKind::Invalid);
                let reason = if is_config { "CreateContainerConfigError" } else { "CreateContainerError" };
                self.wait_for(reason, error.chain().to_string(), 1, None);
                Started::No
            }
        }
    }

    /// The process of an earlier start, also of one by another controller, also of one whose pid was never recorded.
    async fn find(&self) -> Option<Process> {
        let known = self.cell.container(self.index).process;
        let found = loop {
            match self.look(known).await {
                Ok(found) => break found,
                // Not known is not gone.
                Err(error) => tracing::warn!(%error, "cannot look for the process of a container, trying again"),
            }
            tokio::time::sleep(PAUSE).await;
        };
        if known.is_some() {
            if found.is_none() {
                self.ended(None, Some("it ended while nobody watched".to_owned())).await;
            }
            return found;
        }
        let process = found?;
        let adopted = process.id();
        self.cell.note(|record| record.containers[self.index].process = Some(adopted));
        Some(process)
    }

    async fn look(&self, known: Option<ProcessId>) -> io::Result<Option<Process>> {
        let Self { cell, index, .. } = self.clone();
        blocking(move || {
            if let Some(id) = known {
                return Process::find(id);
            }
            let container = cell.container(index);
            members::leader_of(&cell, &container.name, container.restarts)
        })
        .await
    }

    async fn launch(&self) -> Result<Process, Refusal> {
        let Self { node, cell, index } = self.clone();
        blocking(move || {
            let plan = plan(&node, &cell, index, Purpose::Start)?;
            launch(&cell, &node.isolation, index, &plan)
        })
        .await
    }

    /// Waits until a started process has become its program, or has failed to.
    async fn underway(&self, process: &Process) -> Report {
        let path = self.cell.paths.failure(&self.cell.container(self.index).name);
        loop {
            let running = process.is_running();
            let report = read_report(&path);
            if report != Report::Underway || !running {
                return report;
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Watches a running container until it has ended; says how, and why it was ended.
    async fn accompany(&self, process: &Process, adopted: bool) -> (Option<i32>, Option<String>) {
        let (declared, saved) = {
            let record = self.cell.record();
            (record.declared(self.index).clone(), record.containers[self.index].clone())
        };
        let probes = Probes::of(&declared);
        let runner = Runner::new(Arc::clone(&self.node), Arc::clone(&self.cell), self.index);
        let ContainerState::Running { started_at } = saved.state else {
            // It was adopted before its start was noted.
            note_running(&self.cell, self.index, false);
            return Box::pin(self.accompany(process, adopted)).await;
        };
        let Some(address) = self.cell.record().address else { return (process.ended().await, None) };
        // Also of a process that was adopted: nobody may have seen its start, or the handler's end. At least once.
        if saved.post_started != Some(process.id())
            && let Some(handler) = declared.lifecycle.as_ref().and_then(|lifecycle| lifecycle.post_start.as_ref())
        {
            let target = Target { address, ports: &declared.ports, runner: &runner };
            let problem = tokio::select! {
                answer = handle(handler, target) => answer.problem(),
                code = process.ended() => return (code, None),
            };
            if let Some(problem) = problem {
                let why = format!("postStart failed: {problem}");
                stop(&self.node, &self.cell, self.index, process, None).await;
                return (process.ended().await, Some(why));
            }
            self.cell.note(|record| record.containers[self.index].post_started = Some(process.id()));
        }
        if probes.ready_at_start() {
            self.cell.note(|record| record.containers[self.index].ready = true);
        }
        let target = Target { address, ports: &declared.ports, runner: &runner };
        let (sender, mut events) = mpsc::unbounded_channel();
        let running_for = Timestamp::now().since(started_at);
        let known = (adopted && saved.ready).then_some(true);
        let asking = watch(&probes, target, running_for, known, sender);
        tokio::pin!(asking);
        let mut asked_all = false;
        loop {
            tokio::select! {
                code = process.ended() => return (code, None),
                () = &mut asking, if !asked_all => asked_all = true,
                Some(event) = events.recv() => match event {
                    Event::Started => {}
                    Event::Ready(ready, problem) => self.cell.note(|record| {
                        let container = &mut record.containers[self.index];
                        container.ready = ready;
                        container.problem = problem;
                    }),
                    Event::Restart(why) => {
                        self.cell.note(|record| {
                            let container = &mut record.containers[self.index];
                            container.ready = false;
                            container.problem = Some(why.clone());
                        });
                        stop(&self.node, &self.cell, self.index, process, None).await;
                        return (process.ended().await, Some(why));
                    }
                },
            }
        }
    }

    async fn succeeded(&self) {
        loop {
            let done = self.cell.change(Weight::Durable, |record| {
                let container = &mut record.containers[self.index];
                container.finished = true;
                container.process = None;
                container.state = ContainerState::Terminated { exit_code: Some(0), finished_at: Timestamp::now() };
            });
            match done {
                Ok(()) => break,
                Err(error) => {
                    tracing::warn!(error = %error.chain(), "cannot record that an init container has succeeded");
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }
            }
        }
        end_leftovers(&self.cell, self.index).await;
    }

    /// Notes an end, and when the next start is.
    async fn ended(&self, code: Option<i32>, why: Option<String>) {
        let container = self.cell.container(self.index);
        let path = self.cell.paths.stderr(&container.name);
        let last_words = blocking(move || tail(&path, 200)).await.unwrap_or_default();
        let how = match code {
            Some(code) => format!("it ended with exit code {code}"),
            None => "it ended, nobody saw how".to_owned(),
        };
        let words = match last_words.trim() {
            "" => String::new(),
            words => format!(", its last words: {words}"),
        };
        let sentence = why.map(|why| format!("{why}; ")).unwrap_or_default() + &how + &words;
        let backoff = self.node.options.backoff;
        let now = Timestamp::now();
        self.cell.note(|record| {
            let container = &mut record.containers[self.index];
            if let ContainerState::Running { started_at } = container.state
                && now.since(started_at) >= backoff.reset_after
            {
                container.failures = 0;
            }
            container.failures = container.failures.saturating_add(1);
            container.restarts = container.restarts.saturating_add(1);
            container.process = None;
            container.ready = false;
            let pause = backoff.pause(container.failures);
            container.not_before = clock::deadline(pause);
            container.problem = Some(sentence.clone());
            container.state = if pause.is_zero() {
                ContainerState::Terminated { exit_code: code, finished_at: now }
            } else {
                let message = format!("back-off {} restarting failed container: {sentence}", spoken(pause));
                ContainerState::Waiting { reason: "CrashLoopBackOff".to_owned(), message }
            };
        });
    }

    /// Notes a start whose program never ran.
    async fn not_started(&self, process: &Process, report: Report) {
        let code = process.ended().await;
        let (reason, message) = match report {
            Report::Failed { reason, message } => (reason, message),
            Report::Ok | Report::Underway => {
                let path = self.cell.paths.stderr(&self.cell.container(self.index).name);
                let words = blocking(move || tail(&path, 200)).await.unwrap_or_default();
                let code = code.map(|code| format!(" (exit code {code})")).unwrap_or_default();
                ("CreateContainerError".to_owned(), format!("the pod's view was not made{code}: {}", words.trim()))
            }
        };
        self.cell.note(|record| record.containers[self.index].process = None);
        self.wait_for(&reason, message, 1, None);
    }

    /// Notes why the container waits and when it is tried again.
    fn wait_for(&self, reason: &str, message: String, failures: u32, pause: Option<Duration>) {
        let backoff = self.node.options.backoff;
        self.cell.note(|record| {
            let container = &mut record.containers[self.index];
            container.failures = container.failures.saturating_add(failures);
            let pause = pause.unwrap_or_else(|| backoff.pause(container.failures.max(2)));
            container.not_before = clock::deadline(pause);
            container.ready = false;
            container.state = ContainerState::Waiting { reason: reason.to_owned(), message };
        });
    }
}

fn spoken(pause: Duration) -> String {
    if pause.as_secs() == 0 { format!("{}ms", pause.as_millis()) } else { format!("{}s", pause.as_secs()) }
}
