//! [`Process`]: the one process that all wrappers of a [`Faults`](super::Faults) belong to.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::future::BoxFuture;
use tokio::sync::watch;

use super::fault::{Fault, Moment};
use super::log::Injected;
use super::plan::FaultPlan;

/// A request that was given up and is still to take effect.
pub(super) type LateRequest = BoxFuture<'static, ()>;

#[derive(Debug)]
pub(super) struct Process {
    pub(super) seed: u64,
    pub(super) plan: FaultPlan,
    dead: watch::Sender<bool>,
    state: Mutex<State>,
}

#[derive(Default)]
pub(super) struct State {
    pub(super) healed: bool,
    /// Requests of every kind so far.
    pub(super) requests: u64,
    /// Writes of every kind so far.
    pub(super) writes: u64,
    pub(super) crash_at: Option<(u64, Moment)>,
    /// How often each place was come by.
    pub(super) visits: BTreeMap<String, u64>,
    /// How many more requests of a kind find that somebody was faster.
    pub(super) storms: BTreeMap<String, u64>,
    pub(super) log: Vec<Injected>,
    /// With the number of the request before which it lands.
    late: Vec<(u64, LateRequest)>,
}

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { healed, requests, writes, crash_at, visits: _, storms: _, log, late } = self;
        f.debug_struct("State")
            .field("healed", healed)
            .field("requests", requests)
            .field("writes", writes)
            .field("crash_at", crash_at)
            .field("log", log)
            .field("late", &late.len())
            .finish()
    }
}

impl Process {
    pub(super) fn new(seed: u64, plan: FaultPlan) -> Arc<Self> {
        Arc::new(Self { seed, plan, dead: watch::Sender::new(false), state: Mutex::default() })
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn die(&self) {
        self.dead.send_replace(true);
    }

    pub(super) async fn death(&self) {
        // The sender lives as long as this does.
        let _ = self.dead.subscribe().wait_for(|dead| *dead).await;
    }

    /// Goes on while the process lives; what a dead one does next never happens.
    pub(super) async fn alive(&self) {
        if *self.dead.borrow() {
            std::future::pending::<()>().await;
        }
    }

    pub(super) fn note(&self, fault: Fault, place: &str, nth: u64, about: &str) {
        let injected = Injected { fault, place: place.to_owned(), nth, about: about.to_owned() };
        self.lock().log.push(injected);
    }

    /// `request` takes effect before the request that comes `after` so many others.
    pub(super) fn postpone(&self, after: u64, request: LateRequest) {
        let mut state = self.lock();
        let due = state.requests.saturating_add(after);
        state.late.push((due, request));
    }

    /// Lets every late request take effect whose time has come.
    pub(super) async fn land(&self, all: bool) {
        while let Some(request) = self.next_late(all) {
            request.await;
        }
    }

    /// Everything that is late, for somebody else to let land.
    pub(super) fn take_late(&self) -> Vec<LateRequest> {
        std::mem::take(&mut self.lock().late).into_iter().map(|(_, request)| request).collect()
    }

    fn next_late(&self, all: bool) -> Option<LateRequest> {
        let mut state = self.lock();
        let now = state.requests;
        let due = state.late.iter().position(|(due, _)| all || *due <= now)?;
        Some(state.late.remove(due).1)
    }
}
