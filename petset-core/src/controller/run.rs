//! The running controller: watchers fill the queue, workers empty it.

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::{FutureExt, StreamExt};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::ControllerOptions;
use super::queue::Queue;
use crate::backend::{WatchEvent, WatchStream};
use crate::engine::{Engine, Pass};
use crate::error::{Error, Retry};
use crate::names::SetKey;

/// A pass that lost a race is repeated at once this often before it pauses like any other failure.
const RACES_AT_ONCE: u32 = 3;

/// What the tasks of one controller share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) engine: Engine,
    pub(super) queue: Queue,
    options: ControllerOptions,
    failures: Mutex<BTreeMap<SetKey, u32>>,
}

impl Shared {
    pub(super) fn new(engine: Engine, queue: Queue, options: ControllerOptions) -> Self {
        Self { engine, queue, options, failures: Mutex::default() }
    }

    /// How many workers there are; they are the first of the tasks.
    pub(super) fn workers(&self) -> usize {
        self.options.workers.max(1)
    }

    /// Puts every set into the queue, and every one that is no more and may have left something behind.
    async fn add_all(&self) {
        let store = &self.engine.backends().store;
        match self.engine.answered("list the sets", store.list()).await {
            Ok(keys) => keys.into_iter().for_each(|key| self.queue.hint(key)),
            Err(error) => tracing::warn!(error = %error.chain(), "the sets could not be listed"),
        }
        match self.engine.answered("list the sets that are no more", store.gone()).await {
            Ok(gone) => gone.into_iter().for_each(|gone| self.queue.hint(gone.set)),
            Err(error) => tracing::warn!(error = %error.chain(), "the sets that are no more could not be listed"),
        }
    }

    fn pause_after_failure(&self, key: &SetKey, retry: Retry) -> Duration {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        let count = failures.entry(key.clone()).or_insert(0);
        *count = count.saturating_add(1);
        let ControllerOptions { backoff_initial, backoff_max, .. } = &self.options;
        match retry {
            Retry::Now if *count <= RACES_AT_ONCE => Duration::ZERO,
            Retry::Now | Retry::Backoff => {
                backoff_initial.saturating_mul(2_u32.saturating_pow((*count - 1).min(16))).min(*backoff_max)
            }
            Retry::Persistent => *backoff_max,
        }
    }

    fn forget_failures(&self, key: &SetKey) {
        self.failures.lock().unwrap_or_else(PoisonError::into_inner).remove(key);
    }
}

/// Starts watchers, the resync and the workers.
pub(super) fn start(shared: &Arc<Shared>) -> Vec<JoinHandle<()>> {
    let workers = (0..shared.workers()).map(|_| tokio::spawn(work(Arc::clone(shared))));
    let mut tasks: Vec<_> = workers.collect();
    tasks.push(tokio::spawn(lasting(Arc::clone(shared), resync)));
    let sources: [fn(&Shared) -> WatchStream; 3] = [
        |shared| shared.engine.backends().pods.watch(),
        |shared| shared.engine.backends().volumes.watch(),
        |shared| shared.engine.backends().store.watch(),
    ];
    for source in sources {
        // Subscribed before the first look at everything, so that nothing falls between the two.
        let first = Mutex::new(Some(source(shared)));
        tasks.push(tokio::spawn(lasting(Arc::clone(shared), move |shared| {
            let first = first.lock().unwrap_or_else(PoisonError::into_inner).take();
            watch(shared, source, first)
        })));
    }
    tasks
}

/// Runs a task to its end, and again when it panicked: a backend that panics costs hints, and never all later ones.
async fn lasting<F: Future<Output = ()> + Send>(shared: Arc<Shared>, task: impl Fn(Arc<Shared>) -> F + Send) {
    while AssertUnwindSafe(task(Arc::clone(&shared))).catch_unwind().await.is_err() {
        tracing::error!("a watcher panicked");
        tokio::time::sleep(shared.options.backoff_max).await;
    }
}

/// Hints into the queue, for as long as the queue is open. Without a first stream hints may have been lost.
async fn watch(shared: Arc<Shared>, source: fn(&Shared) -> WatchStream, first: Option<WatchStream>) {
    let hints_were_lost = first.is_none();
    let mut stream = first.unwrap_or_else(|| source(&shared));
    if hints_were_lost {
        shared.add_all().await;
    }
    let mut pause = shared.options.backoff_initial;
    while !shared.queue.is_closed() {
        match stream.next().await {
            Some(WatchEvent::Changed(key)) => {
                pause = shared.options.backoff_initial;
                shared.queue.hint(key);
            }
            Some(WatchEvent::Gap) => shared.add_all().await,
            None => {
                tokio::time::sleep(pause).await;
                pause = pause.saturating_mul(2).min(shared.options.backoff_max);
                stream = source(&shared);
                shared.add_all().await;
            }
        }
    }
}

/// Everything into the queue, now and then.
async fn resync(shared: Arc<Shared>) {
    while !shared.queue.is_closed() {
        shared.add_all().await;
        tokio::time::sleep(shared.options.resync.max(Duration::from_millis(1))).await;
    }
}

async fn work(shared: Arc<Shared>) {
    while let Some(key) = shared.queue.next().await {
        let started = Instant::now();
        // A panic in a backend or a callback is that set's failure and nobody else's (S20).
        let result = AssertUnwindSafe(shared.engine.pass(&key)).catch_unwind().await;
        match result {
            Ok(Ok(pass)) => after_pass(&shared, &key, &pass, started.elapsed()),
            Ok(Err(error)) => after_error(&shared, &key, &error, started.elapsed()),
            Err(_panic) => {
                let pause = shared.pause_after_failure(&key, Retry::Backoff);
                tracing::error!(set = %key, "a pass panicked");
                shared.queue.hold(&key, Instant::now() + pause);
            }
        }
        shared.queue.done(&key);
    }
}

/// A set rests for as long as its pass took before hints bring it back: a flood of them takes half of a worker at most.
fn after_pass(shared: &Shared, key: &SetKey, pass: &Pass, took: Duration) {
    let lost_a_race = pass.again && pass.plan.is_none();
    if lost_a_race {
        let pause = shared.pause_after_failure(key, Retry::Now);
        shared.queue.hold(key, Instant::now() + pause);
        return;
    }
    shared.forget_failures(key);
    if pass.gone {
        shared.queue.free(key);
        return;
    }
    shared.queue.rest(key, Instant::now() + took);
    if pass.again {
        shared.queue.add(key.clone());
    } else if let Some(at) = pass.wake_at {
        shared.queue.add_at(key, Instant::now() + at.since(shared.engine.now()));
    }
}

/// A set that kept a worker for long before it failed leaves the workers to others for as long (L4).
fn after_error(shared: &Shared, key: &SetKey, error: &Error, took: Duration) {
    let pause = shared.pause_after_failure(key, error.retry()).max(took);
    tracing::warn!(set = %key, error = %error.chain(), pause_ms = pause.as_millis(), "a pass failed");
    shared.queue.hold(key, Instant::now() + pause);
}
