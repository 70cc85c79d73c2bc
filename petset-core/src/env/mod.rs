//! From the template's references to plain values: a container's variables and the files of config volumes.
//!
//! A backend calls this when it starts a pod, with the facts of that one incarnation. Everything is resolved as the
//! kubelet does it: `envFrom` first, then `env` in order, `$(NAME)` expanded, later values win. What is not there is an
//! error that names the path and the missing object, unless the reference says `optional`.

mod expand;
mod field;
mod files;
mod lookup;
mod vars;

pub use expand::expand;
pub(crate) use field::{FieldPath, ResourcePath};
pub use files::{VolumeFile, volume_files};
pub use vars::{PodFacts, container_env};
