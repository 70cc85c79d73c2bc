//! [`FakeWorld`]: the handle that tests hold.

use std::collections::BTreeMap;

use petset_core::backend::{Claim, Pod, RecordSet};
use petset_core::manifest::Violation;
use petset_core::{Error, Ordinal, SetKey};

use super::check::Check;
use super::counts::{Counts, Op};
use super::effect::Effect;
use super::names::FakeNames;
use super::next_error::NextError;
use super::pods::FakePods;
use super::shared::Shared;
use super::state::{Readiness, Termination};
use super::store::FakeStore;
use super::volumes::FakeVolumes;
use super::watches::Place;
use crate::clock::ManualClock;

/// One world in memory. Clones and handles show the same world; dropping them ends nothing in it, so that a test can
/// throw a controller away and start another one.
///
/// A promise that is broken (see [`Check`]) panics at once, with the story of how it came to that. When somebody
/// contains that panic, the drop of the last handle repeats it.
#[derive(Debug, Clone, Default)]
pub struct FakeWorld {
    pub(crate) shared: Shared,
}

impl FakeWorld {
    /// An empty world.
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty world where pods become ready, and end, only when the test says so.
    pub fn manual() -> Self {
        let world = Self::new();
        world.set_readiness(Readiness::Manual);
        world.set_termination(Termination::Manual);
        world
    }

    /// Its pods.
    pub fn pods(&self) -> FakePods {
        FakePods { world: self.shared.clone(), place: Place::default() }
    }

    /// Its claims and volumes.
    pub fn volumes(&self) -> FakeVolumes {
        FakeVolumes { world: self.shared.clone(), place: Place::default() }
    }

    /// Its names.
    pub fn names(&self) -> FakeNames {
        FakeNames { world: self.shared.clone() }
    }

    /// Its sets.
    pub fn store(&self) -> FakeStore {
        FakeStore { world: self.shared.clone(), place: Place::default() }
    }

    /// Its clock.
    pub fn clock(&self) -> ManualClock {
        self.shared.lock().clock.clone()
    }

    /// From now on, pods become ready like this.
    pub fn set_readiness(&self, readiness: Readiness) {
        self.shared.lock().readiness = readiness;
    }

    /// From now on, pods end like this.
    pub fn set_termination(&self, termination: Termination) {
        self.shared.lock().termination = termination;
    }

    /// From now on, every pod template has these violations, and no pod is created while there are any.
    pub fn refuse_templates(&self, violations: Vec<Violation>) {
        self.shared.lock().refused_templates = violations;
    }

    /// From now on, every claim template has these violations, and no claim is made while there are any.
    pub fn refuse_claims(&self, violations: Vec<Violation>) {
        self.shared.lock().refused_claims = violations;
    }

    /// The next request of this kind fails with `error`; when `applied`, it takes effect all the same and only its
    /// answer is lost. Several for one kind come one after the other.
    pub fn fail_next(&self, op: Op, error: Error, applied: bool) {
        self.shared.lock().next_errors.push(op, NextError { error, applied });
    }

    /// Stops watching over a promise, where breaking it is what the test wants.
    pub fn permit(&self, check: Check) {
        self.shared.lock().checker.permit(check);
    }

    /// The stories of all broken promises so far. Whoever takes them answers for them: they no longer panic at the end.
    pub fn take_broken_promises(&self) -> Vec<String> {
        self.shared.lock().checker.take_broken()
    }

    /// How often each request was made.
    pub fn counts(&self) -> Counts {
        self.shared.lock().counts.clone()
    }

    /// Everything that happened since the world began, or since the journal was last taken.
    pub fn journal(&self) -> Vec<Effect> {
        self.shared.lock().journal.clone()
    }

    /// Takes the journal, and begins a new one.
    pub fn take_journal(&self) -> Vec<Effect> {
        std::mem::take(&mut self.shared.lock().journal)
    }

    /// Every set that has a pod, a claim or a name here.
    pub fn sets(&self) -> Vec<SetKey> {
        self.shared.lock().sets().into_iter().collect()
    }

    /// The pod of one identity. Not counted as a request.
    pub fn pod(&self, set: &SetKey, ordinal: u32) -> Option<Pod> {
        self.shared.lock().running(set, Ordinal(ordinal)).map(|running| running.pod.clone())
    }

    /// The ordinals that have a pod, ascending.
    pub fn ordinals(&self, set: &SetKey) -> Vec<u32> {
        let state = self.shared.lock();
        state.pods.get(set).map_or_else(Vec::new, |pods| pods.keys().map(|ordinal| ordinal.0).collect())
    }

    /// The claims that the pod of one identity mounts: template name → claim name.
    pub fn mounts(&self, set: &SetKey, ordinal: u32) -> BTreeMap<String, String> {
        self.shared.lock().running(set, Ordinal(ordinal)).map(|running| running.claims.clone()).unwrap_or_default()
    }

    /// The names that are published for a set.
    pub fn records(&self, set: &SetKey) -> Option<RecordSet> {
        self.shared.lock().records.get(set).cloned()
    }

    /// A claim of one identity. Not counted as a request.
    pub fn claim(&self, set: &SetKey, template: &str, ordinal: u32) -> Option<Claim> {
        self.shared.lock().claims.get(set)?.get(&(Ordinal(ordinal), template.to_owned())).cloned()
    }
}
