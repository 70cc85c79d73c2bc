//! [`LocalVolumes`]: the trait on top, with the file work off the runtime's threads.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use petset_core::backend::{
    Claim, ClaimChange, ClaimRef, ClaimRequest, Created, Deleted, VolumeCapabilities, VolumeProvisioner, WatchStream,
};
use petset_core::manifest::Violation;
use petset_core::spec::ClaimTemplate;
use petset_core::{ClaimUid, Error, ErrorKind, PodUid, Result, SetKey};

use super::core::Core;
use super::inspect;
use super::options::VolumeOptions;
use crate::seams::ClaimSource;

/// Claims as directories of one machine; see the [module](super) for what lies where.
///
/// Clones are handles of the same volumes. One process at a time has a directory of volumes open.
///
/// # Order at the start
/// Deleted claims wait until nobody uses them, and after a restart it is the pods that know who does. So nothing that is
/// to be deleted goes before [`settle`](Self::settle) was called, once every pod that runs has called
/// [`hold`](Self::hold) for its claims.
#[derive(Debug, Clone)]
pub struct LocalVolumes {
    core: Arc<Core>,
    _guard: Option<Arc<Guard>>,
}

/// What must live as long as the volumes do.
pub(crate) type Guard = Box<dyn std::any::Any + Send + Sync>;

impl LocalVolumes {
    /// Opens the volumes in `dir`, which is made when it is not there.
    ///
    /// # Errors
    /// `Locked` when another process has them open, `Invalid` when the options could give one directory to two claims.
    pub async fn open(dir: impl Into<PathBuf>, options: VolumeOptions) -> Result<Self> {
        let dir = dir.into();
        let core = off_runtime(move || Core::open(&dir, options)).await?;
        Ok(Self { core: Arc::new(core), _guard: None })
    }

    /// As [`open`](Self::open), and keeps `guard` as long as these volumes live.
    pub(crate) async fn open_locked(dir: PathBuf, options: VolumeOptions, guard: Guard) -> Result<Self> {
        let core = off_runtime(move || Core::open(&dir, options)).await?;
        Ok(Self { core: Arc::new(core), _guard: Some(Arc::new(guard)) })
    }

    /// From now on a deleted claim goes when nobody holds it. Idempotent.
    pub async fn settle(&self) -> Result<()> {
        self.run(|core| {
            core.settle();
            Ok(())
        })
        .await
    }

    /// Every claim that a pod of this name may use is held until these volumes are opened again.
    pub(crate) async fn hold_all_of(&self, namespace: &str, pod: &str) -> Result<()> {
        let (namespace, pod) = (namespace.to_owned(), pod.to_owned());
        self.run(move |core| {
            core.hold_all_of(&namespace, &pod);
            Ok(())
        })
        .await
    }

    /// Every claim in `dir`, read only, also while another process has it open.
    ///
    /// # Errors
    /// `Corrupt` when a record cannot be read.
    pub async fn inspect(dir: impl Into<PathBuf>) -> Result<Vec<Claim>> {
        let dir = dir.into();
        off_runtime(move || inspect::inspect(&dir)).await
    }

    /// The pre-made volumes whose claim was deleted and that wait for [`scrub`](Self::scrub), by name.
    pub fn released(&self) -> Vec<String> {
        self.core.released()
    }

    /// Removes the data of a pre-made volume whose claim was deleted, and lets another claim have it. Pending claims
    /// are tried again at once.
    ///
    /// # Errors
    /// `Conflict` when a claim has it, `NotFound` when it was never given.
    pub async fn scrub(&self, volume: &str) -> Result<()> {
        let volume = volume.to_owned();
        self.run(move |core| core.scrub(&volume)).await
    }

    /// The directory that a pod sees as this claim.
    ///
    /// Call [`hold`](Self::hold) before, so that the claim is not deleted in between.
    ///
    /// # Errors
    /// `NotFound` for an unknown claim, `Conflict` for one that is being deleted, `Unavailable` for one that is pending
    /// or lost.
    pub fn directory(&self, set: &SetKey, claim: &str) -> Result<PathBuf> {
        self.core.directory(set, claim)
    }

    /// From now on `pod` uses the claim: it is not deleted before [`release`](Self::release). Idempotent.
    pub fn hold(&self, set: &SetKey, claim: &str, pod: &PodUid) {
        self.core.hold(set, claim, pod);
    }

    /// `pod` has ended; a deleted claim that nobody holds any more goes now. Idempotent.
    pub fn release(&self, set: &SetKey, claim: &str, pod: &PodUid) {
        self.core.release(set, claim, pod);
    }

    /// The directory that was opened.
    pub fn dir(&self) -> &Path {
        &self.core.dir
    }

    async fn run<T: Send + 'static>(&self, work: impl FnOnce(&Core) -> Result<T> + Send + 'static) -> Result<T> {
        let core = Arc::clone(&self.core);
        off_runtime(move || work(&core)).await
    }
}

/// File work on a thread that may block. Once begun it ends, also when nobody waits for it any more.
async fn off_runtime<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|error| Err(Error::new(ErrorKind::Internal, "work on volumes").with_source(error)))
}

#[async_trait]
impl VolumeProvisioner for LocalVolumes {
    fn capabilities(&self) -> VolumeCapabilities {
        let mut capabilities = VolumeCapabilities::default();
        capabilities.binds_before_use = true;
        capabilities.grow = true;
        capabilities
    }

    fn check(&self, template: &ClaimTemplate) -> Vec<Violation> {
        super::check::check(template)
    }

    async fn list(&self, set: &SetKey) -> Result<Vec<Claim>> {
        let set = set.clone();
        self.run(move |core| core.list(&set)).await
    }

    async fn provision(&self, request: ClaimRequest) -> Result<Created<Claim>> {
        self.run(move |core| core.provision(request)).await
    }

    async fn change(&self, claim: &ClaimRef, change: ClaimChange) -> Result<()> {
        let claim = claim.clone();
        self.run(move |core| core.change(&claim, change)).await
    }

    async fn delete(&self, claim: &ClaimRef) -> Result<Deleted> {
        let claim = claim.clone();
        self.run(move |core| core.delete(&claim)).await
    }

    fn watch(&self) -> WatchStream {
        self.core.hints.watch()
    }
}

impl ClaimSource for LocalVolumes {
    fn directory(&self, set: &SetKey, claim: &str) -> Result<PathBuf> {
        self.core.directory(set, claim)
    }

    fn hold_life(&self, set: &SetKey, claim: &str, uid: &ClaimUid, pod: &PodUid) -> Result<()> {
        self.core.hold_life(set, claim, uid, pod)
    }

    fn hold(&self, set: &SetKey, claim: &str, pod: &PodUid) {
        self.core.hold(set, claim, pod);
    }

    fn release(&self, set: &SetKey, claim: &str, pod: &PodUid) {
        self.core.release(set, claim, pod);
    }
}
