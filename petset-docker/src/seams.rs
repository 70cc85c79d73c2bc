//! What the parts of one node ask of each other.

use std::fmt::Debug;

use async_trait::async_trait;
use petset_core::{Result, SetKey};

/// What pods ask of volumes.
///
/// A claim is in use as long as a container of the engine names its volume, and the engine removes no volume that is in
/// use: nobody has to be told that a pod holds a claim.
#[async_trait]
pub(crate) trait ClaimSource: Debug + Send + Sync + 'static {
    /// The engine's volume behind a bound claim, by a fresh read; an error when the claim is unknown, not bound,
    /// terminating or lost (S7).
    async fn volume(&self, set: &SetKey, claim: &str) -> Result<String>;

    /// A pod that used the claim has ended: a terminating claim may go now.
    async fn released(&self, set: &SetKey, claim: &str);
}
