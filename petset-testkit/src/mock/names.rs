//! [`MockNameResolver`].

use std::net::IpAddr;

use async_trait::async_trait;
use mockall::mock;
use petset_core::backend::{NameCapabilities, NameResolver, Published, RecordSet, ResolvedName};
use petset_core::{Result, SetKey};

mock! {
    /// A [`NameResolver`] that answers as it is told, and panics at a request that nobody expects.
    #[derive(Debug)]
    pub NameResolver {}

    #[async_trait]
    #[deny(clippy::missing_trait_methods)]
    impl NameResolver for NameResolver {
        fn capabilities(&self) -> NameCapabilities;
        fn domain(&self) -> String;
        fn servers(&self) -> Vec<IpAddr>;
        async fn publish(&self, set: &SetKey, records: &RecordSet) -> Result<Published>;
        async fn withdraw(&self, set: &SetKey) -> Result<()>;
        async fn resolve(&self, name: &str) -> Result<ResolvedName>;
    }
}
