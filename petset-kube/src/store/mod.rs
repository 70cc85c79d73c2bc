//! [`KubeStore`]: sets as `PetSet` resources, revisions as `ControllerRevision`s.
//!
//! A set's version is its `resourceVersion`; every write names it. A set that is to be deleted waits for our finalizer
//! until its pods have ended in order.

mod kube_store;
mod objects;
mod record;
mod refusal;
mod revision;
mod sets;
mod watch;

pub use kube_store::KubeStore;
