//! The provisioner.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use petset_core::backend::{
    Claim, ClaimChange, ClaimRef, ClaimRequest, Created, Deleted, VolumeCapabilities, VolumeProvisioner, WatchStream,
};
use petset_core::manifest::Violation;
use petset_core::spec::ClaimTemplate;
use petset_core::{ClaimUid, Error, ErrorKind, Result, SetKey};

use super::core::Core;
use super::options::VolumeOptions;
use super::watch::watch;
use crate::background::Background;
use crate::client::Client;
use crate::records::Records;

/// Claims as named volumes of the engine. Clones are handles of the same.
#[derive(Debug, Clone)]
pub struct DockerVolumes {
    core: Arc<Core>,
    _watch: Arc<Background>,
}

impl DockerVolumes {
    pub(crate) async fn open(client: Client, records: Records, options: VolumeOptions) -> Result<Self> {
        let core = Arc::new(Core::open(client, records, options).await?);
        core.bind_pending().await;
        let watch = Arc::new(watch(&core));
        Ok(Self { core, _watch: watch })
    }

    /// The engine's volume that a pod sees as this claim; it is there now, with the claim's labels.
    ///
    /// The engine makes a volume in silence when a container names one that is not there. Ask before a container is made
    /// that names it, and again before that container starts: from then on the engine keeps the volume for it.
    ///
    /// # Errors
    /// `NotFound` for an unknown claim; `Conflict` for one that is being deleted, that has another uid than the one given,
    /// or whose volume is lost; `Unavailable` for one that is pending.
    pub async fn mount(&self, set: &SetKey, claim: &str, uid: Option<&ClaimUid>) -> Result<String> {
        self.core.mount(set, claim, uid).await
    }

    /// Refuses while somebody else may write to the volumes of these claims, each claim → volume; the containers with this
    /// record are not somebody else.
    pub(crate) async fn refuse_rivals(
        &self,
        set: &SetKey,
        volumes: &BTreeMap<String, String>,
        record: &str,
    ) -> Result<()> {
        self.core.refuse_rivals(set, volumes, record).await
    }

    /// The pre-made volumes whose claim was deleted and that wait for [`scrub`](Self::scrub), by name.
    pub fn released(&self) -> Vec<String> {
        self.core.released().into_iter().collect()
    }

    /// Lets another claim have a pre-made volume whose claim was deleted. Its data is as it was: remove it before, by
    /// hand. Pending claims are tried again at once.
    ///
    /// # Errors
    /// `NotFound` when the volume waits for nobody: no claim had it, or one has it.
    pub async fn scrub(&self, volume: &str) -> Result<()> {
        let volume = volume.to_owned();
        self.run(|core| async move { core.scrub(&volume).await }).await
    }

    /// Once begun it ends, also when nobody waits for it any more.
    async fn run<T, F>(&self, work: impl FnOnce(Arc<Core>) -> F) -> Result<T>
    where
        T: Send + 'static,
        F: Future<Output = Result<T>> + Send + 'static,
    {
        tokio::spawn(work(Arc::clone(&self.core)))
            .await
            .unwrap_or_else(|error| Err(Error::new(ErrorKind::Internal, "work on volumes").with_source(error)))
    }
}

#[async_trait]
impl VolumeProvisioner for DockerVolumes {
    fn capabilities(&self) -> VolumeCapabilities {
        let mut capabilities = VolumeCapabilities::default();
        capabilities.binds_before_use = true;
        capabilities.grow = true;
        capabilities.tells_losses = true;
        capabilities
    }

    fn check(&self, template: &ClaimTemplate) -> Vec<Violation> {
        super::check::check(template)
    }

    async fn list(&self, set: &SetKey) -> Result<Vec<Claim>> {
        let set = set.clone();
        self.run(|core| async move { core.list(&set).await }).await
    }

    async fn provision(&self, request: ClaimRequest) -> Result<Created<Claim>> {
        self.run(|core| async move { core.provision(request).await }).await
    }

    async fn change(&self, claim: &ClaimRef, change: ClaimChange) -> Result<()> {
        let claim = claim.clone();
        self.run(|core| async move { core.change(&claim, change).await }).await
    }

    async fn delete(&self, claim: &ClaimRef) -> Result<Deleted> {
        let claim = claim.clone();
        self.run(|core| async move { core.delete(&claim).await }).await
    }

    fn watch(&self) -> WatchStream {
        self.core.hints.watch()
    }
}
