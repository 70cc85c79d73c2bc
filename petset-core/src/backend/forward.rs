//! The traits for `Arc<T>` and `Box<T>` of themselves.

use std::net::IpAddr;
use std::sync::Arc;

use async_trait::async_trait;

use super::{
    Claim, ClaimChange, ClaimRef, ClaimRequest, Created, DeleteOptions, Deleted, NameCapabilities, NameResolver, Pod,
    PodBackend, PodCapabilities, PodChange, PodRef, PodRequest, Published, RecordSet, ResolvedName, VolumeCapabilities,
    VolumeProvisioner, WatchStream,
};
use crate::error::Result;
use crate::manifest::Violation;
use crate::names::SetKey;
use crate::spec::{ClaimTemplate, PodTemplate};

macro_rules! forward {
    ($pointer:ident) => {
        #[async_trait]
        #[deny(clippy::missing_trait_methods)]
        impl<T: PodBackend + ?Sized> PodBackend for $pointer<T> {
            fn capabilities(&self) -> PodCapabilities {
                (**self).capabilities()
            }
            fn check(&self, template: &PodTemplate) -> Vec<Violation> {
                (**self).check(template)
            }
            async fn list(&self, set: &SetKey) -> Result<Vec<Pod>> {
                (**self).list(set).await
            }
            async fn create(&self, request: PodRequest) -> Result<Created<Pod>> {
                (**self).create(request).await
            }
            async fn delete(&self, pod: &PodRef, options: DeleteOptions) -> Result<Deleted> {
                (**self).delete(pod, options).await
            }
            async fn update(&self, pod: &PodRef, change: PodChange) -> Result<()> {
                (**self).update(pod, change).await
            }
            fn watch(&self) -> WatchStream {
                (**self).watch()
            }
        }

        #[async_trait]
        #[deny(clippy::missing_trait_methods)]
        impl<T: VolumeProvisioner + ?Sized> VolumeProvisioner for $pointer<T> {
            fn capabilities(&self) -> VolumeCapabilities {
                (**self).capabilities()
            }
            fn check(&self, template: &ClaimTemplate) -> Vec<Violation> {
                (**self).check(template)
            }
            async fn list(&self, set: &SetKey) -> Result<Vec<Claim>> {
                (**self).list(set).await
            }
            async fn provision(&self, request: ClaimRequest) -> Result<Created<Claim>> {
                (**self).provision(request).await
            }
            async fn change(&self, claim: &ClaimRef, change: ClaimChange) -> Result<()> {
                (**self).change(claim, change).await
            }
            async fn delete(&self, claim: &ClaimRef) -> Result<Deleted> {
                (**self).delete(claim).await
            }
            fn watch(&self) -> WatchStream {
                (**self).watch()
            }
        }

        #[async_trait]
        #[deny(clippy::missing_trait_methods)]
        impl<T: NameResolver + ?Sized> NameResolver for $pointer<T> {
            fn capabilities(&self) -> NameCapabilities {
                (**self).capabilities()
            }
            fn domain(&self) -> String {
                (**self).domain()
            }
            fn servers(&self) -> Vec<IpAddr> {
                (**self).servers()
            }
            async fn publish(&self, set: &SetKey, records: &RecordSet) -> Result<Published> {
                (**self).publish(set, records).await
            }
            async fn withdraw(&self, set: &SetKey) -> Result<()> {
                (**self).withdraw(set).await
            }
            async fn resolve(&self, name: &str) -> Result<ResolvedName> {
                (**self).resolve(name).await
            }
        }
    };
}

forward!(Arc);
forward!(Box);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn traits_are_object_safe_and_shareable() {
        fn shareable<T: Send + Sync + 'static>() {}
        shareable::<Arc<dyn PodBackend>>();
        shareable::<Box<dyn VolumeProvisioner>>();
        shareable::<Arc<dyn NameResolver>>();
    }
}
