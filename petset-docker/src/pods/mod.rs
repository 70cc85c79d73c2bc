//! Pods as containers of the engine.
//!
//! A pod is a *sandbox*: a container that does nothing but own the pod's network, hostname and volumes. Its init and app
//! containers join it. The sandbox's id is the pod's uid.
//!
//! # At most one incarnation
//! The sandbox's name is fixed for its identity, and the engine gives a name once: it is the lock. A sandbox is removed
//! last, after a fresh read showed no other container of the pod, so whoever gets the name finds nothing of its
//! predecessor. Every request but a creation goes by container id.
//!
//! # Pods survive the controller
//! What was asked for is on record in the node's directory before anything is made; what is, the engine knows. Labels lead
//! from one to the other. [`DockerPods`] adopts what it finds: nothing is restarted because a controller was. Restarts
//! are ours alone: the engine's own restart policy is `no`, so nothing is raised behind our back (S1).
//!
//! # Whose clock
//! A grace period is measured by the controller that asks. One that takes over begins it anew: longer is polite, shorter
//! is not (S3).

mod address;
mod archive;
mod backend;
mod cell;
mod check;
mod container;
mod create;
mod doubt;
mod events;
mod exec;
mod files;
mod image;
mod inspect;
mod keeper;
mod launch;
mod mounts;
mod open;
mod options;
mod record;
mod resources;
mod sandbox;
mod security;
mod shared;
mod status;
mod stop;
mod supervise;
mod survey;
mod sweep;
mod tasks;
mod tell;
mod terminate;
mod unreadable;
mod unseen;

pub use open::DockerPods;
pub use options::PodOptions;
pub use petset_core::backend::RestartBackoff;
pub(crate) use record::PODS;
