//! [`KubeVolumes`]: persistent volume claims of a cluster as claims.
//!
//! A claim's name is a function of the identity; two labels say which one where a name could be read in two ways. Nothing
//! is deleted but by [`VolumeProvisioner::delete`](petset_core::backend::VolumeProvisioner::delete), by uid (S6).

mod check;
mod owner;
mod provisioner;
mod record;
mod request;

pub use provisioner::KubeVolumes;
pub(crate) use provisioner::Sets;
pub(crate) use record::ClaimRecord;
