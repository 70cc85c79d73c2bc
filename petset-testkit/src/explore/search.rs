//! Breadth first, level by level, on every core. The set of states of a level does not depend on who found them, so
//! counts are the same in every run.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use super::config::Config;
use super::gap::Gap;
use super::model::State;
use super::plans::Plans;
use super::recover::Recovered;
use super::report::{Found, Report};
use super::safety::Broken;
use super::step::{Next, Step, successors};
use super::story;
use super::table::{Seen, fingerprint};

const CHUNK: usize = 512;

/// What one thread found in one level.
#[derive(Debug, Default)]
struct Share {
    next: Vec<State>,
    transitions: u64,
    found: Option<Violation>,
    gaps: BTreeMap<Gap, u64>,
}

/// A broken promise, ordered so that the same one is told in every run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Violation {
    pub(super) broken: Broken,
    pub(super) from: u64,
    /// The step that breaks it; `None` when the state itself is the trouble.
    pub(super) step: Option<Step>,
}

/// Searches everything that can happen, up to the first broken promise, on so many threads.
pub fn explore(config: &Config, threads: usize) -> Report {
    let begun = Instant::now();
    let seen = Seen::new();
    let start = config.start();
    seen.insert(fingerprint(&start), 0);
    let mut memories: Vec<(Plans<'_>, Recovered)> =
        (0..threads.max(1)).map(|_| (Plans::new(config), Recovered::new())).collect();
    let mut level = vec![start];
    let mut report = Report {
        name: config.name,
        states: 1,
        transitions: 0,
        depth: 0,
        seconds: 0.0,
        complete: true,
        found: None,
        gaps: BTreeMap::new(),
    };
    while !level.is_empty() && report.found.is_none() {
        let Share { next, transitions, found, gaps } = advance(&seen, &level, &mut memories);
        report.transitions += transitions;
        add(&mut report.gaps, gaps);
        report.found = found.map(|violation| {
            let story = story::tell(&mut memories[0].0, &seen, &violation);
            Found { promise: violation.broken.0, what: violation.broken.1, story }
        });
        report.states += next.len() as u64;
        report.depth += u32::from(!next.is_empty());
        level = next;
        if report.states > config.max_states && !level.is_empty() {
            report.complete = false;
            break;
        }
    }
    report.seconds = begun.elapsed().as_secs_f64();
    report
}

fn add(all: &mut BTreeMap<Gap, u64>, more: BTreeMap<Gap, u64>) {
    for (gap, states) in more {
        *all.entry(gap).or_default() += states;
    }
}

fn advance(seen: &Seen, level: &[State], memories: &mut [(Plans<'_>, Recovered)]) -> Share {
    let taken = AtomicUsize::new(0);
    let shares = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        let (taken, shares) = (&taken, &shares);
        for (plans, recovered) in memories {
            scope.spawn(move || {
                let share = work(seen, level, taken, plans, recovered);
                shares.lock().unwrap_or_else(PoisonError::into_inner).push(share);
            });
        }
    });
    let mut all = Share::default();
    for share in shares.into_inner().unwrap_or_else(PoisonError::into_inner) {
        all.transitions += share.transitions;
        all.found = [all.found, share.found].into_iter().flatten().min();
        add(&mut all.gaps, share.gaps);
        if all.next.is_empty() {
            all.next = share.next;
        } else {
            all.next.extend(share.next);
        }
    }
    all
}

fn work(seen: &Seen, level: &[State], taken: &AtomicUsize, plans: &mut Plans<'_>, recovered: &mut Recovered) -> Share {
    let mut share = Share::default();
    let mut out: Vec<Next> = Vec::new();
    loop {
        let from = taken.fetch_add(CHUNK, Ordering::Relaxed);
        let Some(rest) = level.get(from..).filter(|rest| !rest.is_empty()) else { return share };
        for state in &rest[..rest.len().min(CHUNK)] {
            let here = fingerprint(state);
            let mut note = |broken: Broken, step: Option<Step>| {
                let violation = Violation { broken, from: here, step };
                share.found = Some(share.found.map_or(violation, |found| found.min(violation)));
            };
            if plans.config.recovery
                && let Err(broken) = recovered.check(plans, state)
            {
                note(broken, None);
            }
            for gap in Gap::ALL.iter().filter(|gap| gap.is_in(plans.config, state)) {
                *share.gaps.entry(*gap).or_default() += 1;
            }
            successors(plans, state, &mut out);
            share.transitions += out.len() as u64;
            for (step, next, result) in out.drain(..) {
                match result {
                    Err(broken) => note(broken, Some(step)),
                    Ok(()) if seen.insert(fingerprint(&next), here) => share.next.push(next),
                    Ok(()) => {}
                }
            }
        }
    }
}
