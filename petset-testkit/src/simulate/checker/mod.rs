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

use petset_core::store::{Cascade, StoredSet};
use petset_core::{ClaimUid, Ordinal, PodUid, SetKey, SetUid};

use crate::world::Caller;
pub(super) use effect::Actor;
pub(super) use facts::Facts;
use facts::{Claims, Pods};
pub use gaps::Gap;

/// A promise that was broken.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
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
    /// Every set as it is stored now, and what of it matters here.
    stored: BTreeMap<SetKey, Arc<StoredSet>>,
    sets: BTreeMap<SetKey, Arc<Facts>>,
    /// Every life of every set, also those that are over.
    lives: BTreeMap<SetKey, BTreeSet<SetUid>>,
    /// How the sets that are no more ended.
    ended: BTreeMap<SetKey, Cascade>,
    /// How many pods of a set may be down: the budget, and what was rightly taken down, or had a ticket, before it was
    /// lowered, until that is replaced.
    budgets: BTreeMap<SetKey, usize>,
    /// The incarnations of each pet whose end is not confirmed.
    running: BTreeMap<(SetKey, Ordinal), BTreeSet<PodUid>>,
    views: BTreeMap<(Caller, SetKey), View>,
    /// Ready pods that were taken down, by pet: until a ready one stands in their place, or they are gone and their pet
    /// is not wanted any more.
    debts: BTreeMap<(SetKey, Ordinal), PodUid>,
    /// Incarnations that a parallel set has let go of, or a deleted one: the budget does not count them.
    released: BTreeSet<PodUid>,
    /// Incarnations that somebody asked to end, and claims whose deletion somebody asked for.
    asked: BTreeSet<String>,
    /// The claims that each pet of each life has run on, by template, without those that policy or people deleted.
    ran: BTreeMap<(SetUid, Ordinal), BTreeMap<String, ClaimUid>>,
    /// Claims of lives that are over: see [`Gap::ClaimOfAGoneSet`].
    strays: BTreeSet<ClaimUid>,
    broken: Vec<Broken>,
    gaps: BTreeMap<Gap, u64>,
}

impl Checker {
    /// The set is stored like this now, whoever did it.
    pub(super) fn stored(&mut self, set: &SetKey, stored: Option<StoredSet>) {
        let Some(stored) = stored else {
            self.stored.remove(set);
            if let Some(facts) = self.sets.remove(set) {
                self.ended.insert(set.clone(), facts.deletion.unwrap_or_default());
            }
            self.budgets.remove(set);
            self.debts.retain(|(of, _), _| of != set);
            return;
        };
        let facts = Facts::of(&stored);
        self.lives.entry(set.clone()).or_default().insert(facts.uid.clone());
        self.ended.remove(set);
        self.stored.insert(set.clone(), Arc::new(stored));
        if self.sets.get(set).is_some_and(|before| before.uid != facts.uid) {
            self.budgets.remove(set);
        }
        self.sets.insert(set.clone(), Arc::new(facts));
        self.narrow(set);
    }

    /// Forgets a larger budget as far as nothing that it allowed is still open (S10).
    fn narrow(&mut self, set: &SetKey) {
        let Some(facts) = self.sets.get(set) else { return };
        let debts = self.debts.keys().filter(|(of, _)| of == set).map(|(_, pet)| *pet);
        let open: BTreeSet<Ordinal> = debts.chain(facts.tickets.iter().map(|ticket| ticket.ordinal)).collect();
        let budget = self.budgets.entry(set.clone()).or_default();
        *budget = (*budget).min(open.len()).max(facts.max_unavailable);
    }

    /// The first promise that was broken.
    pub(super) fn broken(&self) -> Option<&Broken> {
        self.broken.first()
    }

    /// The set as it is stored now.
    pub(super) fn set(&self, set: &SetKey) -> Option<Arc<StoredSet>> {
        self.stored.get(set).map(Arc::clone)
    }

    /// How a set that is no more ended.
    pub(super) fn end_of(&self, set: &SetKey) -> Option<Cascade> {
        self.ended.get(set).copied()
    }

    /// Claims that nobody will delete: see [`Gap::ClaimOfAGoneSet`].
    pub(super) fn strays(&self) -> &BTreeSet<ClaimUid> {
        &self.strays
    }

    /// People say that whatever claims a pet has now, or gets, are its own.
    pub(super) fn forgiven(&mut self, set: &SetKey, ordinal: Ordinal) {
        let lives = self.lives.get(set).into_iter().flatten();
        lives.for_each(|life| drop(self.ran.remove(&(life.clone(), ordinal))));
    }

    /// The same text without the uids of sets, which are other ones in each run.
    pub(super) fn without_uids(&self, text: String) -> String {
        let lives = self.lives.values().flatten();
        lives
            .fold(text, |text, life| if text.contains(life.as_str()) { text.replace(life.as_str(), "…") } else { text })
    }

    /// Whether this is a life of the set that is over.
    fn is_over(&self, set: &SetKey, life: &SetUid) -> bool {
        self.sets.get(set).is_none_or(|facts| facts.uid != *life)
            && self.lives.get(set).is_some_and(|lives| lives.contains(life))
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
