//! [`DockerVolumes`]: claims as named volumes of the engine.
//!
//! A volume carries whose it is in its labels: node, set, ordinal, claim, and the claim's life. What changes later (owner,
//! size, an asked-for deletion) and what has no volume yet is on record in the node's directory. A volume of this node
//! without a record is found by its labels and put on record again with everything in it. So are those of a node whose
//! directory was lost, once this one has taken it over; before that they are another node's, and left alone.
//!
//! # Crashes
//! The volume is made first, with the claim's life in its labels; then the claim goes on record; then it is handed out. A
//! crash in between leaves a volume that only the same pet's claim of the same name can take, and the next look takes
//! it. A claim that is deleted is first on record as deleted; then its volume goes, then its record.
//!
//! # What is never done
//! The engine makes a volume in silence when a container names one that is not there. So a claim on record is never
//! handed out unless its volume is there with the right labels; one that vanished is lost, and is not made again. A
//! volume that containers use is never removed, and none is removed by force.
//!
//! # Pre-made volumes
//! A volume of the pool is given to one claim for life. Who has it is said by a second volume of the engine,
//! `<volume>.given.pool.petset`, which is empty and whose name can be taken once only. After its claim is deleted a pre-made
//! volume keeps its data and is given to nobody until [`scrub`](DockerVolumes::scrub) was asked for, as with Kubernetes'
//! `Retain`.

mod bind;
mod check;
mod core;
mod engine;
mod lifecycle;
mod mark;
mod name;
mod options;
mod pool;
mod provisioner;
mod record;
mod rivals;
mod state;
mod watch;

pub use options::{StaticVolume, StorageClass};
pub use provisioner::DockerVolumes;

pub(crate) use options::VolumeOptions;
pub(crate) use record::CLAIMS;
