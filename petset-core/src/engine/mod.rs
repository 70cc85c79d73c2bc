//! One pass over one set: read, decide, write the status, act.
//!
//! The order is what makes it safe with a second controller alive (safety rule 2): the set and its version are read
//! first, pods and claims after it, the plan is made of both, tickets are taken by compare-and-swap on that version, and
//! only then anything is done. A pass that loses the swap does nothing. Names alone are published before: they say what
//! was seen, and are replaced as a whole by whoever sees more.
//!
//! A control plane with a loop of its own calls [`Engine::pass`]; everyone else runs a [`crate::Controller`].

mod desire;
mod event;
mod execute;
mod explain;
mod gone;
mod history;
mod look;
mod memory;
mod meter;
mod records;
mod request;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tracing::Instrument;

pub use event::{Event, EventReason, EventStream};
pub use execute::{Outcome, OutcomeKind};
pub use explain::{Explanation, Preview, PreviewStep};

use crate::backend::{NameResolver, PodBackend, VolumeProvisioner};
use crate::error::{Error, ErrorKind, Result};
use crate::names::{SetKey, Version};
use crate::plan::{Plan, check};
use crate::status::{PetSetStatus, halted, status};
use crate::store::{SetStore, StoredSet};
use crate::time::{Clock, SystemClock, Timestamp};
use event::EventLog;
use look::Look;
use memory::Memories;

/// The parts that a controller works with.
#[derive(Debug, Clone)]
pub struct Backends {
    /// Where pods run.
    pub pods: Arc<dyn PodBackend>,
    /// Where data lives.
    pub volumes: Arc<dyn VolumeProvisioner>,
    /// How pets are found.
    pub names: Arc<dyn NameResolver>,
    /// What must not be forgotten.
    pub store: Arc<dyn SetStore>,
}

/// How the engine paces itself. All of it is about effort, none of it about safety.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct EngineOptions {
    /// A status that says nothing that safety needs is written at most this often per set. Default 100 ms; what only says
    /// the same in other words comes later each time, up to [`retry_max`](Self::retry_max).
    pub status_interval: Duration,
    /// The pause after a pet's first failure; it doubles with every further one. Default 500 ms.
    pub retry_initial: Duration,
    /// The longest pause after failures of a pet, the pause after persistent ones, and how often a set in trouble is
    /// looked at although nothing hints at a change. Default 30 s, so that a mended surrounding heals within half a
    /// minute and a denied write is repeated at most twice a minute and pet.
    pub retry_max: Duration,
    /// A pet that was ready for this long without another failure has left its failures behind. Default 60 s.
    pub retry_reset_after: Duration,
    /// An outdated pod that was ready is given so long to be ready again before it is replaced out of its turn: while a
    /// machine is busy with a rollout, probes fail that mean nothing. Default 60 s. Pods that this engine never saw ready
    /// are not waited for.
    pub lapse: Duration,
    /// A request that has no answer after this long counts as one with an unknown outcome, and is given up. Default 60 s,
    /// so that a backend that hangs delays other sets by a worker's minute and no longer (L4).
    pub request_timeout: Duration,
    /// Names are published again, and those of a removed set withdrawn again, by the first pass that comes so long after the
    /// last time: a request that was given up may have landed on them, also one of a controller that is no more. Default 4
    /// minutes, so that every resync of a controller does it.
    pub names_interval: Duration,
    /// At most so many requests of one set are under way at once; creations start with one and double. Default 32.
    pub max_concurrent_actions: usize,
}

impl Default for EngineOptions {
    fn default() -> Self {
        Self {
            status_interval: Duration::from_millis(100),
            retry_initial: Duration::from_millis(500),
            retry_max: Duration::from_secs(30),
            retry_reset_after: Duration::from_secs(60),
            lapse: Duration::from_secs(60),
            request_timeout: Duration::from_secs(60),
            names_interval: Duration::from_secs(240),
            max_concurrent_actions: 32,
        }
    }
}

/// One pass over one set.
///
/// Passes over different sets may run at the same time. Passes over the same set may too, in one process or in several:
/// that is safe, and wasteful. What the engine keeps in memory (pauses after failures, what was published) is about
/// effort only; losing it loses nothing (S19).
#[derive(Debug)]
pub struct Engine {
    backends: Backends,
    options: EngineOptions,
    clock: Arc<dyn Clock>,
    memories: Memories,
    events: EventLog,
    stopping: AtomicBool,
}

/// What one pass found and did.
#[derive(Debug)]
#[must_use]
pub struct Pass {
    /// What was decided; `None` when there is no such set, or a newer version of it was found.
    pub plan: Option<Plan>,
    /// What became of each action that was tried.
    pub outcomes: Vec<Outcome>,
    /// Whether another pass should follow at once.
    pub again: bool,
    /// When another pass should follow at the latest, if nothing hints at a change before.
    pub wake_at: Option<Timestamp>,
    /// Whether the status was written.
    pub status_written: bool,
    /// Whether the set is no more.
    pub gone: bool,
}

impl Pass {
    fn new() -> Self {
        Self { plan: None, outcomes: Vec::new(), again: false, wake_at: None, status_written: false, gone: false }
    }
}

impl Engine {
    /// An engine over these parts, on the machine's clock.
    pub fn new(backends: Backends, options: EngineOptions) -> Self {
        Self::with_clock(backends, options, Arc::new(SystemClock))
    }

    /// An engine on a clock of the caller's.
    pub fn with_clock(backends: Backends, options: EngineOptions, clock: Arc<dyn Clock>) -> Self {
        Self {
            backends,
            options,
            clock,
            memories: Memories::default(),
            events: EventLog::default(),
            stopping: AtomicBool::new(false),
        }
    }

    /// The parts.
    pub fn backends(&self) -> &Backends {
        &self.backends
    }

    /// What time the engine's clock says.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// What happened lately, and from now on.
    pub fn events(&self) -> EventStream {
        self.events.subscribe()
    }

    /// From now on every pass ends after the action that it is in.
    pub fn stop(&self) {
        self.stopping.store(true, Ordering::Release);
    }

    /// Looks at one set, decides, and does what is to be done now.
    ///
    /// # Errors
    /// When something could not be read, nothing was done (S15) but a condition that says so. An action that failed is
    /// not an error of the pass: it stands in [`Pass::outcomes`], and its pet is left alone for a while.
    ///
    /// # Cancellation
    /// Dropping the future may leave the action that was under way done, not done, or to be done late. Any later pass,
    /// here or elsewhere, goes on from what it then sees.
    pub async fn pass(&self, key: &SetKey) -> Result<Pass> {
        let span = tracing::debug_span!("pass", set = %key);
        let started = self.clock.now();
        let result = self.pass_inner(key).instrument(span).await;
        meter::pass(result.is_ok(), self.clock.now().since(started));
        result
    }

    async fn pass_inner(&self, key: &SetKey) -> Result<Pass> {
        let mut pass = Pass::new();
        let read = self.answered("read a set", self.backends.store.get(key)).await;
        let read = read.inspect_err(|error| self.tell_unreadable(key, error))?;
        let Some(stored) = read else {
            pass.gone = true;
            self.memories.forget(key);
            self.clear_up(key).await?;
            return Ok(pass);
        };
        let look = match self.answered("look at a set", Look::take(self, &stored)).await {
            Ok(look) => look,
            Err(error) => {
                let message = error.chain().to_string();
                self.report_halt(&stored, "Unobservable", EventReason::FailedObserve, &message).await;
                return Err(error);
            }
        };
        if let Some(revision) = look.revisions.put.clone()
            && !self.put_revision(&stored, &look, revision).await?
        {
            pass.again = true;
            return Ok(pass);
        }
        let mut memory = self.memories.of(key, &stored.uid);
        memory.saw(&look, &self.options);
        memory.settle(&look, &self.options);
        memory
            .found(|ordinal| request::pod(self, &stored, &look, ordinal, look.desired().revision_of(ordinal)).is_ok());
        for (ordinal, trouble) in memory.fresh_troubles(&look) {
            let reason = EventReason::PodTrouble;
            self.events.warn(key, Some(&stored.uid), Some(ordinal), reason, trouble.to_string(), look.now);
        }
        let (plan, next) = {
            let (desired, observed) = (look.desired(), look.observed(&stored, &memory));
            let plan = crate::plan::plan(&desired, &observed);
            let broken = check::broken(&desired, &observed, &plan);
            debug_assert!(broken.is_empty(), "the plan breaks its invariants: {broken:?}");
            let next = status(&desired, &observed, &plan, &stored.status, stored.generation);
            (plan, PetSetStatus { collision_count: look.revisions.collision_count, ..next })
        };
        for hold in memory.fresh_holds(&plan) {
            self.events.warn(key, Some(&stored.uid), hold.ordinal, EventReason::PetHeld, hold.to_string(), look.now);
        }
        pass.wake_at = earliest(plan.wake_at, memory.reset_at(&look, &self.options));
        if plan.holds.iter().any(|hold| hold.reason.is_trouble()) {
            // Whatever mends it, a volume that is mounted again for one, may give no hint.
            pass.wake_at = earliest(pass.wake_at, Some(look.now.after(self.options.retry_max)));
        }
        // Whoever reads in the status that a pet is ready finds it by its name.
        if self.publish(&stored, &look, &plan, &mut memory).await.is_err() {
            // Nothing hints at names that are not there.
            pass.wake_at = earliest(pass.wake_at, Some(look.now.after(self.options.retry_max)));
        }
        let version = match self.write_status(&stored, next, &look, &plan, &mut memory, &mut pass).await {
            Ok(version) => version,
            Err(error) => {
                // Somebody was faster, or nobody knows. Nothing was done on the old view.
                self.memories.put(key, memory);
                pass.again = error.kind() == ErrorKind::Conflict;
                if !pass.again {
                    let (reason, message) = (EventReason::FailedUpdate, error.chain().to_string());
                    self.events.warn(key, Some(&stored.uid), None, reason, message, self.clock.now());
                }
                return if pass.again { Ok(pass) } else { Err(error) };
            }
        };
        for hold in &plan.holds {
            tracing::trace!(set = %key, ordinal = hold.ordinal.map(|ordinal| ordinal.0), reason = hold.reason.name(), "hold");
        }
        let executed = self.execute(&stored, &version, &look, &plan, &mut memory).await;
        pass.again = executed.progress;
        pass.gone = executed.removed;
        pass.outcomes = executed.outcomes;
        pass.wake_at = earliest(pass.wake_at, memory.next_retry(self.clock.now()));
        if pass.outcomes.iter().any(|outcome| outcome.result.as_ref().is_err_and(Error::is_conflict)) {
            // What changed meanwhile hints at itself, unless the hint is lost, or it is nothing that was decided on.
            pass.wake_at = earliest(pass.wake_at, Some(look.now.after(self.options.retry_initial)));
        }
        if plan.is_at_goal() && !self.truncate_history(&stored, &look).await {
            // Nothing hints at revisions that are too many.
            pass.wake_at = earliest(pass.wake_at, Some(look.now.after(self.options.retry_max)));
        }
        pass.plan = Some(plan);
        if executed.removed {
            self.memories.forget(key);
        } else {
            self.memories.put(key, memory);
        }
        Ok(pass)
    }

    /// The answer, or an error that says that there was none in time.
    pub(crate) async fn answered<T>(
        &self,
        operation: &'static str,
        answer: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        let within = self.options.request_timeout;
        tokio::time::timeout(within, answer).await.unwrap_or_else(|_elapsed| {
            let message = format!("no answer within {} s; it may have been done or be done late", within.as_secs_f64());
            Err(Error::new(ErrorKind::Timeout, operation).with_message(message))
        })
    }

    /// Writes the status if it says anything new, and says it now: what safety needs at once, the rest no more often
    /// than the interval allows, and what is only said in other words less and less often. A plan that needs the newest
    /// declaration always passes the compare-and-swap, also where there is nothing to write.
    async fn write_status(
        &self,
        stored: &StoredSet,
        next: PetSetStatus,
        look: &Look,
        plan: &Plan,
        memory: &mut memory::Memory,
        pass: &mut Pass,
    ) -> Result<Version> {
        if next == stored.status {
            // Nothing to write, but nothing may be done on a declaration that has changed meanwhile either.
            return if plan.needs_newest() { self.still_newest(stored).await } else { Ok(stored.version.clone()) };
        }
        let now = self.clock.now();
        let needed = plan.needs_swap(&look.desired(), &stored.status);
        let tells_news = PetSetStatus { conditions: Vec::new(), ..next.clone() }
            != PetSetStatus { conditions: Vec::new(), ..stored.status.clone() };
        if plan.begins(&stored.status) {
            // Its first pod is about to be remembered: that tells of both.
            memory.status_paced_from.get_or_insert(now);
        }
        let due = memory.status_due(tells_news, &self.options);
        if let (false, Some(due)) = (needed || tells_news && plan.is_at_goal(), due.filter(|due| *due > now)) {
            pass.wake_at = earliest(pass.wake_at, Some(due));
            return Ok(stored.version.clone());
        }
        let key = stored.key();
        let written = self.backends.store.update_status(&key, &stored.version, next);
        let version = self.answered("write the status of a set", written).await?;
        memory.status_paced_from = Some(now);
        memory.reworded = if tells_news { 0 } else { memory.reworded.saturating_add(1) };
        pass.status_written = true;
        Ok(version)
    }

    /// The version that was decided on, if it still is the newest; else a conflict. A store may read from a view, and none
    /// writes on one: a write of what is there changes nothing, and says whether it could have.
    async fn still_newest(&self, stored: &StoredSet) -> Result<Version> {
        let key = stored.key();
        let written = self.backends.store.update_status(&key, &stored.version, stored.status.clone());
        self.answered("act on a set", written).await
    }

    /// Says that not even the declaration of the set could be read. Its status is then for the store to write.
    fn tell_unreadable(&self, key: &SetKey, error: &Error) {
        self.events.warn(key, None, None, EventReason::FailedObserve, error.chain().to_string(), self.clock.now());
    }

    /// Says in the status, and in an event, that nothing can be done for the set. Best effort: whoever cannot be read may
    /// not be writable either.
    async fn report_halt(&self, stored: &StoredSet, condition: &str, event: EventReason, message: &str) {
        self.events.warn(&stored.key(), Some(&stored.uid), None, event, message.to_owned(), self.clock.now());
        let next = halted(&stored.status, condition, message, stored.generation, self.clock.now());
        let key = stored.key();
        if next != stored.status
            && let Err(error) = self
                .answered("write the status of a set", self.backends.store.update_status(&key, &stored.version, next))
                .await
        {
            tracing::debug!(set = %stored.key(), error = %error.chain(), "the status could not be written");
        }
    }
}

fn earliest(left: Option<Timestamp>, right: Option<Timestamp>) -> Option<Timestamp> {
    match (left, right) {
        (Some(left), Some(right)) => Some(left.min(right)),
        (left, right) => left.or(right),
    }
}
