//! What the parts of one machine ask of each other.

use std::fmt::Debug;
use std::net::IpAddr;
use std::path::PathBuf;

use petset_core::{ClaimUid, Ordinal, PodUid, Result, SetKey};

/// What pods ask of volumes.
pub(crate) trait ClaimSource: Debug + Send + Sync + 'static {
    /// The directory behind a bound claim; an error when the claim is unknown, not bound, terminating or lost.
    fn directory(&self, set: &SetKey, claim: &str) -> Result<PathBuf>;

    /// As [`hold`](Self::hold), if the claim has this life and is not ending; else a conflict.
    fn hold_life(&self, set: &SetKey, claim: &str, uid: &ClaimUid, pod: &PodUid) -> Result<()>;

    /// From now on `pod` uses the claim: it is not deleted before [`release`](Self::release). Idempotent.
    fn hold(&self, set: &SetKey, claim: &str, pod: &PodUid);

    /// `pod` has ended; a terminating claim that nobody holds any more goes now. Idempotent.
    fn release(&self, set: &SetKey, claim: &str, pod: &PodUid);
}

/// What pods ask of addresses.
pub(crate) trait AddressBook: Debug + Send + Sync + 'static {
    /// The pet's address, given at the first call and kept for life, also across restarts.
    fn address_of(&self, set: &SetKey, ordinal: Ordinal) -> Result<IpAddr>;
}
