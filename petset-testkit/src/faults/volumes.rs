//! [`FaultyVolumes`].

use std::sync::Arc;

use async_trait::async_trait;
use petset_core::backend::{
    Claim, ClaimChange, ClaimRef, ClaimRequest, Created, Deleted, VolumeCapabilities, VolumeProvisioner, WatchStream,
};
use petset_core::manifest::Violation;
use petset_core::spec::ClaimTemplate;
use petset_core::{Result, SetKey};

use super::hints;
use super::process::Process;
use super::stale::Views;
use super::turn::Turn;
use crate::world::Op;

/// Volumes with faults in the way.
#[derive(Debug)]
pub(super) struct FaultyVolumes {
    inner: Arc<dyn VolumeProvisioner>,
    process: Arc<Process>,
    seen: Views<Claim>,
}

impl FaultyVolumes {
    pub(super) fn new(process: &Arc<Process>, inner: Arc<dyn VolumeProvisioner>) -> Self {
        Self { inner, process: Arc::clone(process), seen: Views::new() }
    }

    fn acknowledged<T>(&self, set: &SetKey, answer: Result<T>) -> Result<T> {
        if answer.is_ok() {
            self.seen.written(set);
        }
        answer
    }
}

fn about(claim: &ClaimRef) -> String {
    format!("{} {} {}", claim.set, claim.name, claim.uid)
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl VolumeProvisioner for FaultyVolumes {
    fn capabilities(&self) -> VolumeCapabilities {
        self.inner.capabilities()
    }

    fn check(&self, template: &ClaimTemplate) -> Vec<Violation> {
        self.inner.check(template)
    }

    async fn list(&self, set: &SetKey) -> Result<Vec<Claim>> {
        let mut turn = Turn::take(&self.process, Op::ClaimList, set.to_string()).await;
        let writes = self.seen.writes(set);
        let (inner, asked) = (Arc::clone(&self.inner), set.clone());
        let fresh = turn.run(async move { inner.list(&asked).await }).await?;
        Ok(self.seen.answer(set, writes, fresh, &mut turn))
    }

    async fn provision(&self, request: ClaimRequest) -> Result<Created<Claim>> {
        let about = format!("{} {}", request.set, request.name);
        let mut turn = Turn::take(&self.process, Op::ClaimProvision, about).await;
        let (inner, set) = (Arc::clone(&self.inner), request.set.clone());
        let answer = turn.run(async move { inner.provision(request).await }).await;
        self.acknowledged(&set, answer)
    }

    async fn change(&self, claim: &ClaimRef, change: ClaimChange) -> Result<()> {
        let mut turn = Turn::take(&self.process, Op::ClaimChange, about(claim)).await;
        let (inner, asked) = (Arc::clone(&self.inner), claim.clone());
        let answer = turn.run(async move { inner.change(&asked, change).await }).await;
        self.acknowledged(&claim.set, answer)
    }

    async fn delete(&self, claim: &ClaimRef) -> Result<Deleted> {
        let mut turn = Turn::take(&self.process, Op::ClaimDelete, about(claim)).await;
        let (inner, asked) = (Arc::clone(&self.inner), claim.clone());
        let answer = turn.run(async move { inner.delete(&asked).await }).await;
        self.acknowledged(&claim.set, answer)
    }

    fn watch(&self) -> WatchStream {
        hints::watch(&self.process, "ClaimWatch", self.inner.watch())
    }
}
