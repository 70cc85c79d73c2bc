//! [`FaultyNames`].

use std::net::IpAddr;
use std::sync::Arc;

use async_trait::async_trait;
use petset_core::backend::{NameCapabilities, NameResolver, Published, RecordSet, ResolvedName};
use petset_core::{Result, SetKey};

use super::process::Process;
use super::turn::Turn;
use crate::world::Op;

/// Names with faults in the way.
#[derive(Debug)]
pub(super) struct FaultyNames {
    inner: Arc<dyn NameResolver>,
    process: Arc<Process>,
}

impl FaultyNames {
    pub(super) fn new(process: &Arc<Process>, inner: Arc<dyn NameResolver>) -> Self {
        Self { inner, process: Arc::clone(process) }
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl NameResolver for FaultyNames {
    fn capabilities(&self) -> NameCapabilities {
        self.inner.capabilities()
    }

    fn domain(&self) -> String {
        self.inner.domain()
    }

    fn servers(&self) -> Vec<IpAddr> {
        self.inner.servers()
    }

    async fn publish(&self, set: &SetKey, records: &RecordSet) -> Result<Published> {
        let mut turn = Turn::take(&self.process, Op::NamePublish, set.to_string()).await;
        let (inner, set, records) = (Arc::clone(&self.inner), set.clone(), records.clone());
        turn.run(async move { inner.publish(&set, &records).await }).await
    }

    async fn withdraw(&self, set: &SetKey) -> Result<()> {
        let mut turn = Turn::take(&self.process, Op::NameWithdraw, set.to_string()).await;
        let (inner, set) = (Arc::clone(&self.inner), set.clone());
        turn.run(async move { inner.withdraw(&set).await }).await
    }

    async fn resolve(&self, name: &str) -> Result<ResolvedName> {
        let mut turn = Turn::take(&self.process, Op::NameResolve, name.to_owned()).await;
        let (inner, name) = (Arc::clone(&self.inner), name.to_owned());
        turn.run(async move { inner.resolve(&name).await }).await
    }
}
