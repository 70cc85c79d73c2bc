//! One run: a scenario over a world, with controllers that live and die.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use petset_core::backend::PodRef;
use petset_core::spec::Service;
use petset_core::store::StoredSet;
use petset_core::{Backends, Clock, Controller, Ordinal, SetKey, Sets};
use tokio::time::Instant;

use super::agenda::Job;
use super::checker::{Actor, Broken};
#[cfg(feature = "flaws")]
use super::flaw::Flaw;
use super::reach::Effort;
use super::runtime;
use super::scenario::{Scenario, Step};
use super::sim::{Settings, Sim, Streams};
use crate::world::{Caller, Shared, State};
use crate::{Check, FakeWorld, VirtualClock};

/// So long people wait for a goal before they go on.
const PATIENCE: Duration = Duration::from_secs(600);

/// One run.
pub(super) struct Driver<'a> {
    pub(super) scenario: &'a Scenario,
    pub(super) shared: Shared,
    pub(super) sim: Arc<Sim>,
    pub(super) clock: VirtualClock,
    controllers: BTreeMap<Caller, Sets>,
    last: Caller,
    workers: usize,
    #[cfg(feature = "flaws")]
    pub(super) flaw: Option<Flaw>,
    impatience: Option<fastrand::Rng>,
    streams: Option<(Streams, fastrand::Rng)>,
    pub(super) rest: Duration,
    /// Every set that was ever declared.
    pub(super) declared: BTreeSet<SetKey>,
    /// By namespace and name, like the sets that they govern.
    pub(super) services: BTreeMap<SetKey, Service>,
}

impl<'a> Driver<'a> {
    /// # Panics
    /// Outside of a tokio runtime.
    pub(super) fn new(scenario: &'a Scenario, settings: Settings) -> Self {
        let impatience = settings.impatient.then(|| fastrand::Rng::with_seed(settings.seed ^ 0x1234));
        let (workers, rest) = (settings.workers, settings.rest);
        let world = FakeWorld::manual();
        let streams = settings.streams.map(|streams| (streams, fastrand::Rng::with_seed(settings.seed ^ 0x4321)));
        if let Some((streams, _)) = &streams {
            world.set_watch_start(streams.start);
            world.set_watch_buffer(streams.buffer);
        }
        // The checker of the simulation knows more; it tells of all of these.
        for check in [Check::AtMostOne, Check::NoForce, Check::ClaimsAreKept, Check::ClaimsOutliveTheirPod] {
            world.permit(check);
        }
        let sim = Arc::new(Sim::new(settings));
        let shared = world.shared.clone();
        shared.interpose(Arc::clone(&sim) as Arc<dyn crate::world::Between>);
        Self {
            scenario,
            shared,
            sim,
            clock: VirtualClock::new(),
            controllers: BTreeMap::new(),
            last: 0,
            workers,
            #[cfg(feature = "flaws")]
            flaw: None,
            impatience,
            streams,
            rest,
            declared: BTreeSet::new(),
            services: BTreeMap::new(),
        }
    }

    pub(super) fn sim(&self) -> &Arc<Sim> {
        &self.sim
    }

    /// Every step, then the goal, then nothing for an hour.
    pub(super) async fn run(&mut self, controllers: u8) -> Result<Effort, Broken> {
        for _ in 0..controllers {
            self.spawn();
        }
        let steps = &self.scenario.steps;
        for step in steps.iter() {
            self.sim.tell(format_args!("-- {step}"));
            self.step(step).await?;
        }
        if !self.sim.lock().is_drawn() {
            // Faults that are tried one by one are tried on the way of the last step too.
            self.wait_for_goal().await?;
        }
        self.reach(controllers).await
    }

    /// Ends everything that would keep the world alive.
    pub(super) fn end(&mut self) {
        for sets in std::mem::take(&mut self.controllers).into_values() {
            sets.abort();
        }
        self.sim.lock().agenda.clear();
    }

    pub(super) fn backends(&self, by: Caller) -> Backends {
        let world = FakeWorld { shared: self.shared.of(by) };
        let sound = Backends {
            pods: Arc::new(world.pods()),
            volumes: Arc::new(world.volumes()),
            names: Arc::new(world.names()),
            store: Arc::new(world.store()),
        };
        #[cfg(feature = "flaws")]
        if let Some(flaw) = self.flaw {
            return flaw.break_backends(sound, &self.shared);
        }
        sound
    }

    fn spawn(&mut self) {
        self.last = self.last.checked_add(1).expect("a run has fewer than 256 controllers");
        let controller = Controller::new(self.backends(self.last)).workers(self.workers).clock(Arc::new(self.clock));
        self.controllers.insert(self.last, controller.spawn());
    }

    /// Lets virtual time pass until `done` holds, or to the deadline; false then. `done` is asked after every change.
    pub(super) async fn pass(&mut self, deadline: Instant, done: impl Fn(&Self) -> bool) -> Result<bool, Broken> {
        let mut looked_at = None;
        loop {
            let now = Instant::now();
            while let Some(job) = { self.sim.lock().agenda.take_due(now) } {
                self.work(job);
            }
            self.bury();
            if let Some(broken) = self.broken() {
                return Err(broken);
            }
            let effects = self.sim.lock().effects;
            if looked_at != Some(effects) {
                looked_at = Some(effects);
                self.strain();
                if done(self) {
                    return Ok(true);
                }
            }
            if now >= deadline {
                return Ok(false);
            }
            let next = { self.sim.lock().agenda.next() }.map_or(deadline, |next| next.min(deadline));
            let sim = Arc::clone(&self.sim);
            tokio::select! {
                biased;
                () = sim.changed.notified() => {}
                () = tokio::time::sleep_until(next) => {}
            }
        }
    }

    fn broken(&self) -> Option<Broken> {
        super::panics::taken().map(|what| Broken { promise: "S20", what }).or_else(|| self.sim.broken())
    }

    /// Clears away controllers that died.
    /// The streams of hints are compacted, or break, now and then.
    fn strain(&mut self) {
        let Some((streams, rng)) = &mut self.streams else { return };
        if self.sim.is_healed() || rng.u32(0..streams.one_in) > 0 {
            return;
        }
        let world = FakeWorld { shared: self.shared.clone() };
        if rng.bool() {
            self.sim.tell(format_args!("-- the hints so far are forgotten --"));
            world.compact_watches();
        } else {
            self.sim.tell(format_args!("-- the streams of hints end --"));
            world.interrupt_watches();
        }
    }

    fn bury(&mut self) {
        let died = std::mem::take(&mut self.sim.lock().died);
        for caller in died {
            if let Some(sets) = self.controllers.remove(&caller) {
                self.sim.tell(format_args!("-- controller {caller} is dead"));
                sets.abort();
            }
        }
    }

    fn work(&mut self, job: Job) {
        match job {
            Job::Late(land) => land(),
            Job::Ready(set, ordinal, uid) => {
                self.runtime("becomes ready", &PodRef { set, ordinal, uid }, runtime::ready);
            }
            Job::Initialized(set, ordinal, uid) => {
                self.runtime("is initialized", &PodRef { set, ordinal, uid }, runtime::initialized);
            }
            Job::Fail(set, ordinal, uid) => {
                self.runtime("ends by itself", &PodRef { set, ordinal, uid }, runtime::fail);
            }
            Job::End(set, ordinal, uid) => {
                self.runtime("has come to its end", &PodRef { set, ordinal, uid }, runtime::end);
            }
            Job::Restart(caller) => {
                self.spawn();
                self.sim.tell(format_args!("-- controller {} takes the place of {caller}", self.last));
            }
        }
    }

    fn runtime(&self, what: &str, pod: &PodRef, act: fn(&mut State, &PodRef) -> bool) {
        let mut state = self.shared.lock();
        state.clock.set(self.clock.now());
        if act(&mut state, pod) {
            self.sim.tell(format_args!("the runtime: pod {} ({}) {what}", pod.name(), pod.uid));
            self.sim.look(&mut state, Actor::Another);
            self.sim.pod_moved(&state, &pod.set);
        }
    }

    async fn step(&mut self, step: &Step) -> Result<(), Broken> {
        match step {
            Step::Declare(set) => self.declare(set),
            Step::Change(key, _, change) => {
                if let Some(stored) = self.stored(key).filter(|stored| stored.deletion.is_none()) {
                    let mut set = stored.set.clone();
                    change(&mut set);
                    self.declare(&set);
                }
            }
            Step::Service(service) => self.serve(service),
            Step::Delete(key, cascade) => self.delete(key, *cascade),
            Step::Goal => self.wait_for_goal().await?,
            Step::Gone(key) => {
                let gone = self.pass(Instant::now() + PATIENCE, |run| run.stored(key).is_none()).await?;
                self.expect_in_peace(gone, || format!("{key} is not gone"))?;
            }
            Step::Wait(time) => {
                self.pass(Instant::now() + *time, |_| false).await?;
            }
            Step::Hand(hand, set, ordinal) => self.hand(*hand, set, *ordinal),
            Step::Claim(deed, set, ordinal) => self.claim(*deed, set, Ordinal(*ordinal)),
            Step::Crash => {
                let all: Vec<Caller> = self.controllers.keys().copied().collect();
                let mut inner = self.sim.lock();
                inner.dead.extend(&all);
                inner.died.extend(&all);
                drop(inner);
                self.bury();
                for _ in all {
                    self.spawn();
                }
            }
        }
        Ok(())
    }

    /// Without faults no wait may be in vain.
    fn expect_in_peace(&self, reached: bool, otherwise: impl FnOnce() -> String) -> Result<(), Broken> {
        if reached || self.impatience.is_some() || !self.sim.lock().is_peaceful() {
            return Ok(());
        }
        Err(Broken { promise: "L1", what: format!("{}, after {} s without faults", otherwise(), PATIENCE.as_secs()) })
    }

    async fn wait_for_goal(&mut self) -> Result<(), Broken> {
        let hurry = self.impatience.as_mut().and_then(|rng| rng.bool().then(|| rng.u64(0..60_000)));
        let patience = hurry.map_or(PATIENCE, Duration::from_millis);
        let reached = self.pass(Instant::now() + patience, |run| run.unmet().is_none()).await?;
        self.expect_in_peace(reached, || self.unmet().unwrap_or_default())
    }

    pub(super) fn stored(&self, key: &SetKey) -> Option<Arc<StoredSet>> {
        self.sim.lock().checker.set(key)
    }
}
