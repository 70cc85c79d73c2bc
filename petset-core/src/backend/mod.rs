//! The three traits that a backend implements, and the values that cross them.
//!
//! A backend does what it is told and reports what it sees; it decides nothing. Each method's `# Behavior` list is its
//! contract: every bullet has a conformance case of the same name.
//!
//! All three traits are object-safe, and are implemented for `Arc<T>` and `Box<T>` of themselves.

mod backoff;
mod forward;
mod name;
mod pod;
mod volume;
mod watch;

pub use backoff::RestartBackoff;
pub use name::{
    NameCapabilities, NameResolver, PetName, Published, RecordSet, ResolvedName, ServiceName, ServicePortName,
};
pub use pod::{
    ConfigBundle, ContainerState, ContainerStatus, Created, DeleteOptions, Deleted, DnsSettings, FAILED_KILL_POD, Pod,
    PodBackend, PodCapabilities, PodChange, PodPhase, PodRef, PodRequest, PodStatus,
};
pub use volume::{Claim, ClaimChange, ClaimPhase, ClaimRef, ClaimRequest, VolumeCapabilities, VolumeProvisioner};
pub use watch::{Hints, WatchEvent, WatchStream};
