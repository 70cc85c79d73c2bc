//! [`Views`]: earlier answers, and which of them may be given again.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use petset_core::SetKey;
use petset_core::backend::{Claim, ClaimPhase, Pod};

use super::fault::Fault;
use super::turn::Turn;

/// How many answers are remembered for each set.
const KEPT: usize = 4;

/// What lists show.
pub(super) trait Listed: Clone + PartialEq {
    /// The one incarnation or life.
    fn uid(&self) -> &str;

    /// What no list may be late with.
    fn is_ending(&self) -> bool;
}

impl Listed for Pod {
    fn uid(&self) -> &str {
        self.uid.as_str()
    }

    fn is_ending(&self) -> bool {
        self.terminating
    }
}

impl Listed for Claim {
    fn uid(&self) -> &str {
        self.uid.as_str()
    }

    fn is_ending(&self) -> bool {
        matches!(self.phase, ClaimPhase::Terminating | ClaimPhase::Lost)
    }
}

/// What this process saw of each set since its last acknowledged write.
#[derive(Debug)]
pub(super) struct Views<T>(Mutex<BTreeMap<SetKey, View<T>>>);

#[derive(Debug)]
struct View<T> {
    writes: u64,
    kept: VecDeque<Vec<T>>,
}

impl<T> Default for View<T> {
    fn default() -> Self {
        Self { writes: 0, kept: VecDeque::new() }
    }
}

impl<T: Listed> Views<T> {
    pub(super) fn new() -> Self {
        Self(Mutex::default())
    }

    /// How many writes were acknowledged so far.
    pub(super) fn writes(&self, set: &SetKey) -> u64 {
        self.lock().get(set).map_or(0, |view| view.writes)
    }

    /// A write was acknowledged: what was seen before is too old.
    pub(super) fn written(&self, set: &SetKey) {
        let mut views = self.lock();
        let view = views.entry(set.clone()).or_default();
        view.writes += 1;
        view.kept.clear();
    }

    /// The fresh answer to a list that began after so many writes, or, in its turn, an earlier one that may stand for it.
    pub(super) fn answer(&self, set: &SetKey, writes: u64, fresh: Vec<T>, turn: &mut Turn) -> Vec<T> {
        let mut views = self.lock();
        let view = views.entry(set.clone()).or_default();
        if view.writes != writes {
            return fresh;
        }
        let allowed: Vec<&Vec<T>> = view.kept.iter().filter(|old| **old != fresh && stands_for(old, &fresh)).collect();
        let chosen = match (turn.fault, u64::try_from(allowed.len())) {
            (Some(Fault::Stale), Ok(choices @ 1..)) => usize::try_from(turn.dice.below(choices)).ok(),
            _ => None,
        };
        let stale = chosen.map(|chosen| allowed[chosen].clone());
        if view.kept.back() != Some(&fresh) {
            view.kept.push_back(fresh.clone());
        }
        if view.kept.len() > KEPT {
            view.kept.pop_front();
        }
        let Some(stale) = stale else { return fresh };
        turn.note(Fault::Stale);
        stale
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<SetKey, View<T>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether the contract lets an old answer be given where this is the truth.
fn stands_for<T: Listed>(old: &[T], now: &[T]) -> bool {
    now.iter().all(|now| old.iter().any(|old| old.uid() == now.uid() && old.is_ending() == now.is_ending()))
}
