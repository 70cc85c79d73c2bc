//! [`Faults`]: the handle that tests hold.

use std::fmt;
use std::sync::Arc;

use petset_core::Backends;
use petset_core::backend::{NameResolver, PodBackend, VolumeProvisioner};
use petset_core::store::SetStore;

use super::fault::Moment;
use super::log::Injected;
use super::names::FaultyNames;
use super::plan::FaultPlan;
use super::pods::FaultyPods;
use super::process::Process;
use super::store::FaultyStore;
use super::turn::late_by;
use super::volumes::FaultyVolumes;
use crate::seed::{self, Dice};

/// Trouble between one controller process and its backends; see the [module](super).
///
/// `Display` tells the seed and everything that went wrong. When a test panics while it holds this, it is printed.
#[derive(Debug)]
pub struct Faults {
    process: Arc<Process>,
}

impl Faults {
    /// [`FaultPlan::rough`] from this seed.
    pub fn new(seed: u64) -> Self {
        Self::with_plan(seed, FaultPlan::rough())
    }

    /// [`FaultPlan::rough`] from the seed in `PETSET_SEED`, or from a new one.
    pub fn from_env() -> Self {
        Self::new(seed::from_env())
    }

    /// This plan from this seed.
    ///
    /// # Panics
    /// When more than a thousand of a thousand requests (hints) of a kind would go wrong: the faults that come last would
    /// never come.
    pub fn with_plan(seed: u64, plan: FaultPlan) -> Self {
        plan.check();
        Self { process: Process::new(seed, plan) }
    }

    /// The process crashes at its `write`-th write, from 1, over all parts.
    #[must_use]
    pub fn crash_at(self, write: u64, moment: Moment) -> Self {
        self.process.lock().crash_at = Some((write, moment));
        self
    }

    /// This process takes the place of one that crashed: what that one asked for and is late lands among the first requests
    /// of this one.
    #[must_use]
    pub fn after(self, crashed: &Self) -> Self {
        for (nth, request) in (1..).zip(crashed.process.take_late()) {
            let mut dice = Dice::of(self.process.seed, "after a crash", nth);
            self.process.postpone(late_by(&mut dice), request);
        }
        self
    }

    /// These pods, with faults in the way.
    pub fn pods(&self, inner: impl PodBackend) -> Arc<dyn PodBackend> {
        Arc::new(FaultyPods::new(&self.process, Arc::new(inner)))
    }

    /// These volumes, with faults in the way.
    pub fn volumes(&self, inner: impl VolumeProvisioner) -> Arc<dyn VolumeProvisioner> {
        Arc::new(FaultyVolumes::new(&self.process, Arc::new(inner)))
    }

    /// These names, with faults in the way.
    pub fn names(&self, inner: impl NameResolver) -> Arc<dyn NameResolver> {
        Arc::new(FaultyNames::new(&self.process, Arc::new(inner)))
    }

    /// This store, with faults in the way.
    pub fn store(&self, inner: impl SetStore) -> Arc<dyn SetStore> {
        Arc::new(FaultyStore::new(&self.process, Arc::new(inner)))
    }

    /// All four parts, with faults in the way.
    pub fn backends(&self, inner: Backends) -> Backends {
        let Backends { pods, volumes, names, store } = inner;
        Backends {
            pods: self.pods(pods),
            volumes: self.volumes(volumes),
            names: self.names(names),
            store: self.store(store),
        }
    }

    /// From now on nothing is put in the way, and everything that is late lands now. A process that crashed stays dead,
    /// but what it asked for lands too.
    pub async fn heal(&self) {
        self.process.lock().healed = true;
        self.process.land(true).await;
    }

    /// Waits for the crash.
    pub async fn crashed(&self) {
        self.process.death().await;
    }

    /// The seed, to run it all again.
    pub fn seed(&self) -> u64 {
        self.process.seed
    }

    /// How many writes were asked for, whatever came of them.
    pub fn writes(&self) -> u64 {
        self.process.lock().writes
    }

    /// What went wrong so far.
    pub fn log(&self) -> Vec<Injected> {
        self.process.lock().log.clone()
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let log = self.log();
        write!(f, "PETSET_SEED={} put {} faults in the way", self.seed(), log.len())?;
        log.iter().try_for_each(|injected| write!(f, "\n  {injected}"))
    }
}

impl Drop for Faults {
    #[expect(clippy::print_stderr, reason = "a test that fails says how to fail again")]
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{self}");
        }
    }
}
