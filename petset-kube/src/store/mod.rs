//! [`KubeStore`]: sets as resources, revisions as `ControllerRevision`s.
//!
//! A set's version is its `resourceVersion`; every write names it. A `PetSet` that is to be deleted waits for our
//! finalizer until its pods have ended in order.

mod base;
mod ends;
mod kube_store;
mod objects;
mod record;
mod refusal;
mod revision;
mod sets;
mod watch;

pub use kube_store::KubeStore;
pub(crate) use objects::Objects;
