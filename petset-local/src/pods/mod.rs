//! Pods as processes of this machine.
//!
//! A pod's containers are processes in process groups of their own. Where the kernel allows it they have a hostname,
//! `/etc/hosts`, `/etc/resolv.conf` and mounts of their own; the network is the machine's, and each pet has a loopback
//! address of its own to listen at.
//!
//! # At most one incarnation
//! The kernel enforces it: every process of a pod inherits a shared lock of the pet, and a new incarnation starts only
//! after that lock was had exclusively. So a pod is known to have ended when the lock says so, whatever became of the
//! controller. Processes whose program closes inherited descriptors are found by a mark in their environment.
//!
//! # Pods survive the controller
//! What a pod is, which processes it has and whether it is to end is on record on disk before anything happens.
//! [`LocalPods`] adopts what it finds: nothing is restarted because a controller was.

mod adopt;
mod backend;
mod cell;
mod check;
mod clock;
mod container;
mod etc;
mod exec;
mod fault;
mod isolation;
mod launch;
mod local;
mod lock;
mod logs;
mod members;
mod options;
mod paths;
mod plan;
mod process;
mod procfs;
mod record;
mod shared;
mod sources;
mod status;
mod stop;
mod supervise;
mod sweep;
mod tasks;
mod terminate;
#[cfg(test)]
mod tests;
mod view;

pub use local::LocalPods;
pub use logs::LogFiles;
pub use options::{LogLimits, PodOptions};
pub use petset_core::backend::RestartBackoff;
