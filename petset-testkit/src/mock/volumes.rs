//! [`MockVolumeProvisioner`].

use async_trait::async_trait;
use mockall::mock;
use petset_core::backend::{
    Claim, ClaimChange, ClaimRef, ClaimRequest, Created, Deleted, VolumeCapabilities, VolumeProvisioner, WatchStream,
};
use petset_core::manifest::Violation;
use petset_core::spec::ClaimTemplate;
use petset_core::{Result, SetKey};

mock! {
    /// A [`VolumeProvisioner`] that answers as it is told, and panics at a request that nobody expects.
    #[derive(Debug)]
    pub VolumeProvisioner {}

    #[async_trait]
    #[deny(clippy::missing_trait_methods)]
    impl VolumeProvisioner for VolumeProvisioner {
        fn capabilities(&self) -> VolumeCapabilities;
        fn check(&self, template: &ClaimTemplate) -> Vec<Violation>;
        async fn list(&self, set: &SetKey) -> Result<Vec<Claim>>;
        async fn provision(&self, request: ClaimRequest) -> Result<Created<Claim>>;
        async fn change(&self, claim: &ClaimRef, change: ClaimChange) -> Result<()>;
        async fn delete(&self, claim: &ClaimRef) -> Result<Deleted>;
        fn watch(&self) -> WatchStream;
    }
}
