//! The safety promises, checked at every request and at every effect.
//!
//! The checker is written from `docs/guarantees.md` and knows nothing of how the planner keeps them. It reads requests,
//! effects and the world itself; what a backend answers it does not believe: a decision is held against what the world
//! was like at the moment of the read that it was made on.

mod decision;
mod effect;
mod facts;
mod gaps;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use petset_core::store::StoredSet;
use petset_core::{Ordinal, PodUid, SetKey};

use crate::world::Caller;
pub(super) use effect::Actor;
pub(super) use facts::Facts;
use facts::{Claims, Pods};
pub use gaps::Gap;

/// A promise that was broken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// Its id.
    pub promise: &'static str,
    /// What is wrong.
    pub what: String,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.promise, self.what)
    }
}

/// What one controller has read of a set in its present pass.
#[derive(Debug, Default)]
struct View {
    /// The set as it was read, or as this controller wrote it after that.
    set: Option<Arc<Facts>>,
    /// The pets that had a ticket, and those whose claims were on their way out, when the set was read.
    tickets: BTreeSet<PodUid>,
    deleting: BTreeSet<Ordinal>,
    pods: Option<Pods>,
    claims: Option<Claims>,
}

/// Takes note of everything.
#[derive(Debug, Default)]
pub(super) struct Checker {
    /// Every set as it is stored now.
    sets: BTreeMap<SetKey, Arc<Facts>>,
    /// The largest budget of the present life.
    budgets: BTreeMap<SetKey, usize>,
    views: BTreeMap<(Caller, SetKey), View>,
    /// Ready pods that were taken down, by pet: until a ready one stands in their place, or they are gone and their pet
    /// is not wanted any more.
    debts: BTreeMap<(SetKey, Ordinal), PodUid>,
    /// Incarnations that a parallel set has let go of, or a deleted one: the budget does not count them.
    released: BTreeSet<PodUid>,
    /// Incarnations that somebody asked to end, and claims whose deletion somebody asked for.
    asked: BTreeSet<String>,
    /// Claims, by set and name, with which a pod has run.
    used: BTreeSet<(SetKey, String)>,
    broken: Vec<Broken>,
    gaps: BTreeMap<Gap, u64>,
}

impl Checker {
    /// The set is stored like this now, whoever did it.
    pub(super) fn stored(&mut self, set: &SetKey, stored: Option<&StoredSet>) {
        let Some(stored) = stored else {
            self.sets.remove(set);
            self.budgets.remove(set);
            self.debts.retain(|(of, _), _| of != set);
            return;
        };
        let facts = Facts::of(stored);
        if self.sets.get(set).is_some_and(|before| before.uid != facts.uid) {
            self.budgets.remove(set);
        }
        let budget = self.budgets.entry(set.clone()).or_default();
        *budget = (*budget).max(facts.max_unavailable);
        self.sets.insert(set.clone(), Arc::new(facts));
    }

    /// The first promise that was broken.
    pub(super) fn broken(&self) -> Option<&Broken> {
        self.broken.first()
    }

    /// The controllers go round in circles.
    pub(super) fn too_many_requests(&mut self, requests: usize) {
        self.claim(!self.broken.is_empty(), "S18", || format!("the controllers made {requests} requests"));
    }

    /// Something happened that is known not to hold.
    pub(super) fn note(&mut self, gap: Gap) {
        *self.gaps.entry(gap).or_default() += 1;
    }

    /// How often something happened that is known not to hold.
    pub(super) fn gaps(&self) -> &BTreeMap<Gap, u64> {
        &self.gaps
    }

    fn claim(&mut self, holds: bool, promise: &'static str, what: impl FnOnce() -> String) {
        if !holds {
            self.broken.push(Broken { promise, what: what() });
        }
    }
}
