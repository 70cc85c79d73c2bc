//! [`MockPodBackend`].

use async_trait::async_trait;
use mockall::mock;
use petset_core::backend::{
    Created, DeleteOptions, Deleted, Pod, PodBackend, PodCapabilities, PodChange, PodRef, PodRequest, WatchStream,
};
use petset_core::manifest::Violation;
use petset_core::spec::PodTemplate;
use petset_core::{Result, SetKey};

mock! {
    /// A [`PodBackend`] that answers as it is told, and panics at a request that nobody expects.
    #[derive(Debug)]
    pub PodBackend {}

    #[async_trait]
    #[deny(clippy::missing_trait_methods)]
    impl PodBackend for PodBackend {
        fn capabilities(&self) -> PodCapabilities;
        fn check(&self, template: &PodTemplate) -> Vec<Violation>;
        async fn list(&self, set: &SetKey) -> Result<Vec<Pod>>;
        async fn create(&self, request: PodRequest) -> Result<Created<Pod>>;
        async fn delete(&self, pod: &PodRef, options: DeleteOptions) -> Result<Deleted>;
        async fn update(&self, pod: &PodRef, change: PodChange) -> Result<()>;
        fn watch(&self) -> WatchStream;
    }
}
