//! Asking a running container for as long as it runs.

use std::time::Duration;

use petset_core::spec::{Container, Probe};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until};

use super::{Answer, ProbeState, Target, Timing};

/// What the probes of a container found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The startup probe succeeded: from now on the other two are asked.
    Started,
    /// The container became ready or unready; with the problem in the latter case.
    Ready(bool, Option<String>),
    /// The container must be restarted, and why.
    Restart(String),
}

/// The probes of one container.
#[derive(Debug, Clone, Default)]
pub struct Probes {
    /// Holds the other two back until it succeeds.
    pub startup: Option<Probe>,
    /// Says whether the container may be talked to.
    pub readiness: Option<Probe>,
    /// Restarts the container when it fails.
    pub liveness: Option<Probe>,
}

impl Probes {
    /// The probes of `container`.
    pub fn of(container: &Container) -> Self {
        Self {
            startup: container.startup_probe.clone(),
            readiness: container.readiness_probe.clone(),
            liveness: container.liveness_probe.clone(),
        }
    }

    /// Whether the container is ready as soon as it runs.
    pub fn ready_at_start(&self) -> bool {
        self.startup.is_none() && self.readiness.is_none()
    }
}

/// Asks `target` until dropped, and sends what was found.
///
/// `running_for` is how long the container has been running. `ready` is what is known about its readiness from
/// earlier, when it was watched before (for example by another process) and had passed its startup probe.
///
/// A container without a readiness probe becomes ready when it has started; nothing is sent when it has no startup
/// probe either (see [`Probes::ready_at_start`]).
pub async fn watch(
    probes: &Probes,
    target: Target<'_>,
    running_for: Duration,
    ready: Option<bool>,
    events: mpsc::UnboundedSender<Event>,
) {
    let now = Instant::now();
    let start = now.checked_sub(running_for).unwrap_or(now);
    let (started_now, started) = watch::channel(ready == Some(true) || probes.startup.is_none());

    let startup = async {
        if *started.borrow() {
            return;
        }
        let Some(probe) = &probes.startup else { return };
        let mut asker = Asker::new(probe, start, None);
        while let (verdict, answer) = asker.next(target).await
            && verdict != Some(true)
        {
            if verdict == Some(false) {
                send(&events, Event::Restart(sentence("startup", answer)));
                return;
            }
        }
        started_now.send_replace(true);
        send(&events, Event::Started);
        if probes.readiness.is_none() {
            send(&events, Event::Ready(true, None));
        }
    };
    let readiness = async {
        let Some(probe) = &probes.readiness else { return };
        until_true(started.clone()).await;
        let mut asker = Asker::new(probe, start, ready);
        loop {
            if let (Some(verdict), answer) = asker.next(target).await {
                let problem = (!verdict).then(|| sentence("readiness", answer));
                send(&events, Event::Ready(verdict, problem));
            }
        }
    };
    let liveness = async {
        let Some(probe) = &probes.liveness else { return };
        until_true(started.clone()).await;
        let mut asker = Asker::new(probe, start, Some(true));
        loop {
            if let (Some(false), answer) = asker.next(target).await {
                send(&events, Event::Restart(sentence("liveness", answer)));
                return;
            }
        }
    };
    futures::join!(startup, readiness, liveness);
}

struct Asker<'a> {
    probe: &'a Probe,
    timing: Timing,
    state: ProbeState,
    start: Instant,
}

impl<'a> Asker<'a> {
    fn new(probe: &'a Probe, start: Instant, settled: Option<bool>) -> Self {
        let timing = Timing::of(probe);
        Self { probe, timing, state: ProbeState::new(timing, settled), start }
    }

    async fn next(&mut self, target: Target<'_>) -> (Option<bool>, Answer) {
        sleep_until(self.start + self.state.next()).await;
        let answer = target.ask(self.probe, self.timing.timeout).await;
        let now = self.start.elapsed();
        if let Answer::Unknown(why) = &answer {
            tracing::warn!(why, "a container could not be asked how it is");
            self.state.skip(now);
            return (None, answer);
        }
        (self.state.answer(now, answer.is_success()), answer)
    }
}

async fn until_true(mut flag: watch::Receiver<bool>) {
    if flag.wait_for(|&started| started).await.is_err() {
        std::future::pending::<()>().await;
    }
}

fn sentence(probe: &str, answer: Answer) -> String {
    match answer {
        Answer::Success => format!("the {probe} probe succeeds"),
        Answer::Failure(problem) => format!("the {probe} probe fails: {problem}"),
        Answer::Unknown(why) => format!("the {probe} probe could not ask: {why}"),
    }
}

fn send(events: &mpsc::UnboundedSender<Event>, event: Event) {
    // Nobody listens any more when the container is being stopped; then nothing is lost.
    drop(events.send(event));
}
