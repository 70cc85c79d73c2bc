#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod backend;
pub mod controller;
pub mod engine;
pub mod env;
pub mod error;
pub mod manifest;
pub mod names;
pub mod plan;
pub mod revision;
pub mod spec;
pub mod status;
pub mod store;
pub mod time;

pub use controller::{Controller, ControllerOptions, Sets, Until, until};
pub use engine::{Backends, Engine, EngineOptions};
pub use error::{Error, ErrorKind, Result, Retry};
pub use names::{ClaimUid, Ordinal, PodUid, RevisionName, SetKey, SetUid, Version};
pub use time::{Clock, SystemClock, Timestamp};

/// The annotation of a set that holds everything while it says `"true"`.
pub const PAUSED: &str = "petset.rs/paused";

/// The annotation of a pod that holds its set's steps while it says `"false"`.
pub const INITIALIZED: &str = "petset.rs/initialized";
