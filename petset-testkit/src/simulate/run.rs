//! A run from outside: a scenario, a plan of faults and a seed in, an outcome out.

use std::collections::BTreeMap;
use std::time::Duration;

use petset_core::backend::Hints;

use super::checker::{Broken, Gap};
use super::driver::Driver;
use super::fault::Site;
#[cfg(feature = "flaws")]
use super::flaw::Flaw;
use super::panics;
use super::plan::Plan;
use super::reach::Effort;
use super::runtime::Pace;
use super::scenario::Scenario;
use super::sim::{Exposed, Met, Settings, Streams};
use super::trace::Keep;
use crate::WatchStart;

/// What came of a run.
#[derive(Debug)]
#[non_exhaustive]
pub struct Outcome {
    /// The promise that was broken.
    pub broken: Option<Broken>,
    /// The number that every run of the same scenario, plan and seed has.
    pub hash: u64,
    /// What it took to reach the goal once nothing went wrong any more.
    pub effort: Effort,
    /// The faults that happened, each with the request or hint that it befell.
    pub injected: Vec<String>,
    /// How often each fault happened at each place.
    pub hits: BTreeMap<Site, u64>,
    /// How often something happened that is known not to hold.
    pub gaps: BTreeMap<Gap, u64>,
    /// How many hints reached controllers.
    pub hints: u64,
    /// The trace, where it was asked for.
    pub trace: Vec<String>,
    pub(super) met: Vec<Met>,
    pub(super) exposed: Exposed,
}

impl Outcome {
    /// The requests with which something can go wrong: those before the run healed.
    pub(super) fn exposed(&self) -> &[Met] {
        &self.met[..self.exposed.requests.min(self.met.len())]
    }

    /// How many requests controllers made.
    pub fn requests(&self) -> usize {
        self.met.len()
    }
}

/// So long nothing may be written at the goal.
const HOUR: Duration = Duration::from_secs(3600);
/// So long where faults are tried one by one, or in pairs: nothing in a controller waits for longer than a resync.
const TWO_RESYNCS: Duration = Duration::from_secs(610);

/// Everything that makes a run what it is.
#[derive(Debug, Clone)]
pub struct Run {
    /// What happens.
    pub scenario: Scenario,
    /// What goes wrong.
    pub plan: Plan,
    /// What is drawn by chance is drawn from this.
    pub seed: u64,
    /// Whether latencies, paces and patience are drawn as well.
    pub is_drawn: bool,
    /// Whether a thousand further passes are made at the goal.
    pub is_idled: bool,
    /// A seeded mistake.
    #[cfg(feature = "flaws")]
    pub flaw: Option<Flaw>,
}

impl Run {
    /// A run without mistakes, of even pace.
    pub fn new(scenario: Scenario, plan: Plan) -> Self {
        Self {
            scenario,
            plan,
            seed: 1,
            is_drawn: false,
            is_idled: false,
            #[cfg(feature = "flaws")]
            flaw: None,
        }
    }

    /// The one line that repeats it.
    pub fn command(&self) -> String {
        if self.is_drawn {
            format!("PETSET_SEED={} scripts/simulate", self.seed)
        } else {
            format!("scripts/simulate scenario {} {}", self.scenario.name, self.plan)
        }
    }

    fn settings(&self, keep: Keep) -> (Settings, u8) {
        let mut rng = fastrand::Rng::with_seed(self.seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let pace = Pace { ready: Duration::from_secs(2), end: Duration::from_secs(1) };
        let several = self.scenario.controllers > 1;
        let mut settings = Settings {
            plan: self.plan.clone(),
            seed: self.seed,
            latency_ms: if several { 20 } else { 0 },
            pace,
            workers: 2,
            impatient: false,
            streams: None,
            rest: if matches!(self.plan, Plan::At(_)) { TWO_RESYNCS } else { HOUR },
            keep,
        };
        let mut controllers = self.scenario.controllers;
        if self.is_drawn {
            controllers = if several || rng.u32(0..3) == 0 { 2 } else { 1 };
            settings.latency_ms = if controllers > 1 { [20, 200, 1500] } else { [0, 20, 1500] }[rng.usize(0..3)];
            settings.pace =
                Pace { ready: Duration::from_millis(rng.u64(0..8000)), end: Duration::from_millis(rng.u64(0..5000)) };
            settings.workers = rng.usize(1..=3);
            settings.impatient = rng.bool();
            settings.streams = self.streams();
        }
        (settings, controllers)
    }

    /// In every fourth run by chance hints come as from a real API: from where a list was, or with a short memory.
    fn streams(&self) -> Option<Streams> {
        let mut rng = fastrand::Rng::with_seed(self.seed ^ 0x7a7c_4e5f);
        (rng.u32(0..4) == 0).then(|| Streams {
            start: if rng.bool() { WatchStart::List } else { WatchStart::Now },
            buffer: [1, 3, Hints::CAPACITY][rng.usize(0..3)],
            one_in: [5, 50][rng.usize(0..2)],
        })
    }

    /// Runs it; its trace can be read where it is to be `told`.
    ///
    /// # Panics
    /// When the runtime cannot be built.
    pub fn go(&self, told: bool) -> Outcome {
        self.keeping(if told { Keep::Lines } else { Keep::Hash })
    }

    /// Runs it without a trace: the outcome's has no lines, and the number of none.
    pub(super) fn judge(&self) -> Outcome {
        self.keeping(Keep::Nothing)
    }

    fn keeping(&self, keep: Keep) -> Outcome {
        let _watch = panics::Watch::begin();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .expect("a runtime without input and output needs nothing");
        runtime.block_on(async {
            let (settings, controllers) = self.settings(keep);
            let mut driver = Driver::new(&self.scenario, settings);
            #[cfg(feature = "flaws")]
            {
                driver.flaw = self.flaw;
            }
            let mut result = driver.run(controllers).await;
            if self.is_idled && result.is_ok() {
                let writes = driver.idle_passes().await.unwrap_or(u64::MAX);
                if writes > 0 {
                    let what = format!("{writes} writes in a thousand passes at the goal");
                    result = Err(Broken { promise: "S17", what });
                }
            }
            let (effort, broken) = match result {
                Ok(effort) => (effort, None),
                Err(broken) => (Effort::default(), Some(broken)),
            };
            driver.end();
            let mut inner = driver.sim().lock();
            Outcome {
                broken,
                hash: inner.trace.hash(),
                effort,
                injected: std::mem::take(&mut inner.injected),
                hits: std::mem::take(&mut inner.hits),
                gaps: inner.checker.gaps().clone(),
                hints: inner.hints,
                trace: inner.trace.take_lines(),
                met: std::mem::take(&mut inner.met),
                exposed: inner.exposed,
            }
        })
    }
}

/// Runs a scenario once.
pub fn simulate(scenario: &Scenario, plan: Plan, seed: u64) -> Outcome {
    Run { seed, ..Run::new(scenario.clone(), plan) }.go(false)
}
