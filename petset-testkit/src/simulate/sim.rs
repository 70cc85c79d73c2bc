//! What stands between the controllers and the world: it counts requests, decides which of them go wrong, keeps the
//! trace and shows everything to the checker.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::FutureExt;
use petset_core::store::SetStore;
use petset_core::{Error, ErrorKind, SetKey};
use tokio::sync::Notify;
use tokio::time::Instant;

use super::agenda::{Agenda, Job};
use super::checker::{Actor, Broken, Checker};
use super::fault::{Fault, Place, Site};
use super::plan::Plan;
use super::runtime::{Pace, Runtime};
use super::trace::{Keep, Trace};
use crate::world::{Answer, Caller, Lands, Shared, State, Verdict};
use crate::{Effect, Op, Source, WatchStart};

/// The engine gives a request up after a minute; a silent one takes effect after that.
pub(super) const AFTER_GIVEN_UP: Duration = Duration::from_secs(70);

/// A run in which controllers ask for more than this goes round in circles.
pub(super) const TOO_MANY: usize = 100_000;

/// What the streams of hints are like, where they are not as simple as the traits allow.
#[derive(Debug, Clone, Copy)]
pub(super) struct Streams {
    /// Where they begin.
    pub(super) start: WatchStart,
    /// How far a reader may fall behind.
    pub(super) buffer: usize,
    /// After one of so many changes they are compacted, or break.
    pub(super) one_in: u32,
}

/// What a run is made of, besides its scenario.
#[derive(Debug)]
pub(super) struct Settings {
    pub(super) plan: Plan,
    pub(super) seed: u64,
    /// Requests are under way for up to so many milliseconds, there and back; in runs of one controller none.
    pub(super) latency_ms: u64,
    pub(super) pace: Pace,
    pub(super) workers: usize,
    /// Whether people go on before a goal is reached.
    pub(super) impatient: bool,
    pub(super) streams: Option<Streams>,
    /// So long nothing may be written at the goal.
    pub(super) rest: Duration,
    /// How much of the trace is kept.
    pub(super) keep: Keep,
}

/// A request as it was met, so that others can be made to go wrong in its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Met {
    pub(super) op: Op,
    /// Whether it names the version that it was decided on.
    pub(super) is_versioned: bool,
}

/// What came before the run healed: nothing later can go wrong.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Exposed {
    pub(super) requests: usize,
    pub(super) hints: u64,
}

/// What stands between the controllers and the world.
#[derive(Debug)]
pub(super) struct Sim {
    pub(super) begin: Instant,
    /// Something happened, or is to happen earlier than was known.
    pub(super) changed: Notify,
    inner: Mutex<Inner>,
}

pub(super) struct Inner {
    rng: fastrand::Rng,
    settings: Settings,
    healed: bool,
    pub(super) exposed: Exposed,
    /// Requests of controllers, in their order.
    pub(super) met: Vec<Met>,
    pub(super) hints: u64,
    storm_until: u64,
    /// When the last fault so far is over.
    pub(super) faulty_until: Instant,
    pub(super) hits: BTreeMap<Site, u64>,
    /// Faults that happened, as text.
    pub(super) injected: Vec<String>,
    pub(super) overtaken: BTreeSet<u64>,
    /// Requests that a fault, or the way, holds up.
    pub(super) delayed: BTreeSet<u64>,
    pub(super) trace: Trace,
    pub(super) checker: Checker,
    pub(super) dead: BTreeSet<Caller>,
    /// Controllers that died and were not cleared away yet.
    pub(super) died: Vec<Caller>,
    pub(super) agenda: Agenda,
    runtime: Runtime,
    /// Counts effects, so that a waiter knows whether to look again.
    pub(super) effects: u64,
    /// Effects of the journal that were looked at.
    seen: usize,
    /// Reads of pods: one for each pass that looks.
    pub(super) looks: u64,
    /// Requests of controllers that ask for a change. Names that are published, or withdrawn, as they are do not count:
    /// controllers do so now and then.
    pub(super) writes: u64,
}

impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inner").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl Sim {
    /// # Panics
    /// Outside of a tokio runtime.
    pub(super) fn new(settings: Settings) -> Self {
        let inner = Inner {
            rng: fastrand::Rng::with_seed(settings.seed),
            healed: false,
            exposed: Exposed::default(),
            met: Vec::new(),
            hints: 0,
            storm_until: 0,
            faulty_until: Instant::now(),
            hits: BTreeMap::new(),
            injected: Vec::new(),
            overtaken: BTreeSet::new(),
            delayed: BTreeSet::new(),
            trace: Trace::new(settings.keep),
            checker: Checker::default(),
            dead: BTreeSet::new(),
            died: Vec::new(),
            agenda: Agenda::default(),
            runtime: Runtime::new(settings.pace),
            effects: 0,
            seen: 0,
            looks: 0,
            writes: 0,
            settings,
        };
        Self { begin: Instant::now(), changed: Notify::new(), inner: Mutex::new(inner) }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The virtual time since the run began.
    pub(super) fn elapsed(&self) -> Duration {
        self.begin.elapsed()
    }

    /// A line of the trace about what somebody else than a controller does.
    pub(super) fn tell(&self, what: fmt::Arguments<'_>) {
        let at = self.elapsed();
        self.lock().trace.add(at, what);
    }

    /// Whether nothing goes wrong any more.
    pub(super) fn is_healed(&self) -> bool {
        self.lock().healed
    }

    /// From now on nothing goes wrong any more.
    pub(super) fn heal(&self) {
        let mut inner = self.lock();
        inner.healed = true;
        inner.exposed = Exposed { requests: inner.met.len(), hints: inner.hints };
        drop(inner);
        self.tell(format_args!("-- from here on nothing goes wrong --"));
    }

    /// The first promise that was broken.
    pub(super) fn broken(&self) -> Option<Broken> {
        self.lock().checker.broken().cloned()
    }

    /// Shows what happened in the world since the last time to the checker and to the runtime.
    pub(super) fn look(&self, state: &mut State, actor: Actor) {
        let at = self.elapsed();
        let mut inner = self.lock();
        let Inner { seen, trace, checker, runtime, agenda, effects, writes, .. } = &mut *inner;
        for effect in &state.journal[*seen..] {
            trace.add(at, format_args!("    => {effect}"));
            checker.happened(state, actor, effect);
            runtime.note(state, effect, agenda);
            *effects += 1;
            *writes += u64::from(matches!(effect, Effect::NamesPublished { .. } | Effect::NamesWithdrawn { .. }));
        }
        *seen = state.journal.len();
        drop(inner);
        self.changed.notify_one();
    }

    /// A pod changed by the hand of its runtime.
    pub(super) fn pod_moved(&self, state: &State, set: &SetKey) {
        let mut inner = self.lock();
        inner.checker.settle(state, set);
        inner.effects += 1;
        drop(inner);
        self.changed.notify_one();
    }

    /// The set is stored in another way now.
    pub(super) fn stored(&self, world: &Shared, state: &State, set: &SetKey) {
        let stored = world.sets().get(set).now_or_never().and_then(Result::ok).flatten();
        let mut inner = self.lock();
        inner.checker.stored(set, stored);
        inner.checker.settle(state, set);
        inner.effects += 1;
        drop(inner);
        self.changed.notify_one();
    }
}

impl Inner {
    /// Whether faults are drawn by chance.
    pub(super) fn is_drawn(&self) -> bool {
        matches!(self.settings.plan, Plan::Drawn(_))
    }

    /// Whether nothing goes wrong in this run.
    pub(super) fn is_peaceful(&self) -> bool {
        matches!(self.settings.plan, Plan::Quiet)
    }

    pub(super) fn draw(&mut self, place: Place, number: u64, met: Option<Met>) -> Option<Fault> {
        if self.healed {
            return None;
        }
        let overtakable = met.is_some_and(|met| Fault::Overtaken.is_legal(Place::Request(met.op)) && met.is_versioned);
        let fault = match &self.settings.plan {
            Plan::Quiet => None,
            Plan::At(faults) => faults
                .iter()
                .find(|(at, fault)| *at == number && fault.is_of_hints() == met.is_none())
                .map(|(_, fault)| *fault),
            Plan::Drawn(swizzle) => {
                if met.is_some() && self.rng.u32(0..1000) < swizzle.storms_per_mille {
                    self.storm_until = number + self.rng.u64(10..60);
                }
                if overtakable && number < self.storm_until {
                    Some(Fault::Overtaken)
                } else {
                    swizzle.at(place, &mut self.rng)
                }
            }
        };
        fault.filter(|fault| *fault != Fault::Overtaken || overtakable)
    }

    pub(super) fn hit(&mut self, fault: Fault, place: Place, what: String) {
        *self.hits.entry((fault, place)).or_default() += 1;
        self.injected.push(what);
    }

    pub(super) fn faulty_for(&mut self, time: Duration) {
        self.faulty_until = self.faulty_until.max(Instant::now() + time);
    }

    fn seconds(&mut self, from: u64, to: u64) -> Duration {
        match self.settings.plan {
            // Faults that are tried one by one differ in nothing but their place.
            Plan::Quiet | Plan::At(_) => Duration::from_secs(u64::midpoint(from, to)),
            Plan::Drawn(_) => Duration::from_millis(self.rng.u64(from * 1000..=to * 1000)),
        }
    }

    fn latency(&mut self) -> Duration {
        match self.settings.latency_ms {
            0 => Duration::ZERO,
            most => Duration::from_millis(self.rng.u64(0..=most)),
        }
    }

    pub(super) fn verdict(&mut self, by: Caller, fault: Option<Fault>, op: Op) -> Verdict {
        let (before, after) = (self.latency(), self.latency());
        let usual = Verdict { before, lands: Lands::Now, after, answer: Answer::Truth };
        let Some(fault) = fault else { return usual };
        let lost = || Answer::Error(Error::new(ErrorKind::Timeout, "hear an answer").with_message("injected"));
        match fault {
            Fault::Refused => {
                let error = Error::new(ErrorKind::Unavailable, "reach the backend").with_message("injected");
                Verdict { lands: Lands::Never, answer: Answer::Error(error), ..usual }
            }
            Fault::AnswerLost => Verdict { answer: lost(), ..usual },
            Fault::Late => Verdict { lands: Lands::Later(self.seconds(1, 99)), answer: lost(), ..usual },
            Fault::Silent => {
                let lands = if Fault::Late.is_legal(Place::Request(op)) {
                    Lands::Later(AFTER_GIVEN_UP + self.seconds(0, 60))
                } else {
                    Lands::Now
                };
                Verdict { lands, answer: Answer::Silence, ..usual }
            }
            Fault::Slow => Verdict { before: self.seconds(1, 39), ..usual },
            Fault::OldAnswer => Verdict { after: self.seconds(1, 39), ..usual },
            Fault::CrashBefore | Fault::CrashAfter | Fault::CrashLate => {
                self.dead.insert(by);
                self.died.push(by);
                let pause = self.seconds(0, 10);
                self.faulty_for(pause);
                self.agenda.add(Instant::now() + pause, Job::Restart(by));
                let lands = if fault == Fault::CrashBefore {
                    Lands::Never
                } else if fault == Fault::CrashAfter {
                    Lands::Now
                } else {
                    Lands::Later(self.seconds(1, 99))
                };
                Verdict { lands, answer: Answer::Silence, ..usual }
            }
            Fault::Overtaken
            | Fault::HintLost
            | Fault::HintDoubled
            | Fault::HintLate
            | Fault::HintGap
            | Fault::HintsEnd => usual,
        }
    }

    /// What becomes of the next hint.
    pub(super) fn hint(&mut self, by: Caller, source: Source, at: Duration) -> Option<(Fault, Duration)> {
        let number = self.hints;
        self.hints += 1;
        let place = Place::Hints(source);
        let fault = self.draw(place, number, None)?;
        let what = format!("hint {number}, to controller {by}, of {source:?}: {fault}");
        self.trace.add(at, format_args!("{what}"));
        self.hit(fault, place, what);
        let late = self.seconds(1, 99);
        if fault == Fault::HintLate {
            self.faulty_for(late);
        }
        Some((fault, late))
    }
}
