//! What is run: every single fault, every pair, and many seeds.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::chance;
#[cfg(feature = "flaws")]
use super::checker::Broken;
use super::checker::Gap;
use super::fault::{Fault, Place, Site};
#[cfg(feature = "flaws")]
use super::flaw::Flaw;
use super::plan::Plan;
use super::reach::Effort;
use super::run::{Outcome, Run};
use super::scenario::Scenario;
use super::sim::Met;

/// What came of many runs.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Tally {
    /// How many.
    pub runs: u64,
    /// How many requests controllers made in them.
    pub requests: u64,
    /// How many faults happened.
    pub faults: u64,
    /// The most that it took to reach the goal once nothing went wrong any more.
    pub most: Effort,
    /// How often each fault happened at each place.
    pub hits: BTreeMap<Site, u64>,
    /// In how many runs something happened that is known not to hold.
    pub gaps: BTreeMap<Gap, u64>,
    /// Runs that broke a promise; the first few of them.
    pub failures: Vec<Run>,
    /// How many runs broke a promise.
    pub failed: u64,
}

/// So many failed runs are kept to be told.
const KEPT: usize = 5;

impl Tally {
    fn add(&mut self, run: &Run, outcome: &Outcome) {
        self.runs += 1;
        self.requests += outcome.requests() as u64;
        self.faults += outcome.injected.len() as u64;
        self.most.passes = self.most.passes.max(outcome.effort.passes);
        self.most.time = self.most.time.max(outcome.effort.time);
        for (site, hits) in &outcome.hits {
            *self.hits.entry(*site).or_default() += hits;
        }
        for gap in outcome.gaps.keys() {
            *self.gaps.entry(*gap).or_default() += 1;
        }
        if outcome.broken.is_some() {
            self.failed += 1;
            if self.failures.len() < KEPT {
                self.failures.push(run.clone());
            }
        }
    }

    /// Both together.
    pub fn join(&mut self, other: Self) {
        let Self { runs, requests, faults, most, hits, gaps, failures, failed } = other;
        self.runs += runs;
        self.requests += requests;
        self.faults += faults;
        self.most.passes = self.most.passes.max(most.passes);
        self.most.time = self.most.time.max(most.time);
        for (site, count) in hits {
            *self.hits.entry(site).or_default() += count;
        }
        for (gap, count) in gaps {
            *self.gaps.entry(gap).or_default() += count;
        }
        let room = KEPT.saturating_sub(self.failures.len());
        self.failures.extend(failures.into_iter().take(room));
        self.failed += failed;
    }
}

/// Runs every one of them on so many threads. What is counted does not depend on how many there are.
///
/// # Panics
/// When a run panics outside of its controllers.
pub fn all(runs: &[Run], threads: usize) -> Tally {
    const CHUNK: usize = 16;
    let next = AtomicUsize::new(0);
    let tallies = Mutex::new(BTreeMap::new());
    std::thread::scope(|scope| {
        for _ in 0..threads.max(1) {
            scope.spawn(|| {
                loop {
                    let from = next.fetch_add(CHUNK, Ordering::Relaxed);
                    let Some(chunk) = runs.get(from..(from + CHUNK).min(runs.len())).filter(|chunk| !chunk.is_empty())
                    else {
                        break;
                    };
                    let mut tally = Tally::default();
                    for run in chunk {
                        tally.add(run, &run.judge());
                    }
                    tallies.lock().expect("no thread panics").insert(from, tally);
                }
            });
        }
    });
    let mut whole = Tally::default();
    tallies.into_inner().expect("no thread panics").into_values().for_each(|tally| whole.join(tally));
    whole
}

/// Every single fault at every request and at every hint of the run without faults.
pub fn singles(scenario: &Scenario) -> Vec<Run> {
    let quiet = Run::new(scenario.clone(), Plan::Quiet).judge();
    let requests = places(quiet.exposed(), |_, _| true);
    let of_hints = Fault::ALL.iter().copied().filter(|fault| fault.is_of_hints());
    let hints = of_hints.flat_map(|fault| (0..quiet.exposed.hints).map(move |number| (number, fault)));
    requests.into_iter().chain(hints).map(|fault| Run::new(scenario.clone(), Plan::At(vec![fault]))).collect()
}

/// The kinds that come in pairs in the large scenarios, where all of them are too many for every change: an effect without
/// an answer, an effect that comes late, a write that somebody overtakes, and an effect that nobody remembers. The
/// [shapes](super::scenarios::shapes) have pairs of every kind.
pub const PAIRED: &[Fault] = &[Fault::AnswerLost, Fault::Late, Fault::Overtaken, Fault::CrashAfter];

/// Every pair of faults of these kinds at two writes of one run, names included: the first at every write of the run without
/// faults, and with it the second at every later write of the run that the first alone makes, each as far as it is legal
/// there. A second fault at a write that only a pair brings about is left to the seeds.
///
/// # Panics
/// When a run panics outside of its controllers.
pub fn pairs(scenario: &Scenario, kinds: &[Fault], threads: usize) -> Vec<Run> {
    let paired = |met: Met, fault: Fault| met.op.is_write() && kinds.contains(&fault);
    let quiet = Run::new(scenario.clone(), Plan::Quiet).judge();
    let firsts = places(quiet.exposed(), paired);
    let next = AtomicUsize::new(0);
    let found = Mutex::new(BTreeMap::new());
    std::thread::scope(|scope| {
        for _ in 0..threads.max(1) {
            scope.spawn(|| {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some(first) = firsts.get(at).copied() else { break };
                    let one = Run::new(scenario.clone(), Plan::At(vec![first])).judge();
                    let seconds = places(one.exposed(), paired).into_iter().filter(|second| second.0 > first.0);
                    let runs: Vec<Run> =
                        seconds.map(|second| Run::new(scenario.clone(), Plan::At(vec![first, second]))).collect();
                    found.lock().expect("no thread panics").insert(at, runs);
                }
            });
        }
    });
    found.into_inner().expect("no thread panics").into_values().flatten().collect()
}

fn places(met: &[Met], wanted: impl Fn(Met, Fault) -> bool) -> Vec<(u64, Fault)> {
    let mut places = Vec::new();
    for (number, met) in (0..).zip(met) {
        for fault in Fault::ALL.iter().copied() {
            let there = fault.is_legal(Place::Request(met.op)) && (fault != Fault::Overtaken || met.is_versioned);
            if there && wanted(*met, fault) {
                places.push((number, fault));
            }
        }
    }
    places
}

/// One run for each seed: a scenario, or declarations by chance, with faults by chance.
pub fn seeds(range: std::ops::Range<u64>) -> Vec<Run> {
    range.map(seed).collect()
}

/// The run of one seed.
pub fn seed(seed: u64) -> Run {
    let (scenario, plan) = chance::draw(seed);
    Run { seed, is_drawn: true, ..Run::new(scenario, plan) }
}

/// Legal sites that were not hit.
pub fn missed(hits: &BTreeMap<Site, u64>) -> BTreeSet<Site> {
    super::fault::sites().filter(|site| !hits.contains_key(site)).collect()
}

/// The first seed below `most` with which this mistake breaks the promise that it [breaks](Flaw::breaks), and how. A seed
/// counts only when the shipped code breaks nothing with it.
#[cfg(feature = "flaws")]
pub fn find(flaw: Flaw, most: u64) -> Option<(u64, Broken)> {
    (0..most).find_map(|number| {
        let run = Run { flaw: Some(flaw), ..seed(number) };
        let broken = run.judge().broken.filter(|broken| broken.promise == flaw.breaks())?;
        let blameless = seed(number).judge().broken.is_none();
        blameless.then_some((number, broken))
    })
}
