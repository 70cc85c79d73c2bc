#![doc = include_str!("../README.md")]

pub mod backend;
pub mod env;
pub mod error;
pub mod manifest;
pub mod names;
pub mod spec;
pub mod status;
pub mod store;
pub mod time;

pub use error::{Error, ErrorKind, Result, Retry};
pub use names::{ClaimUid, Ordinal, PodUid, RevisionName, SetKey, SetUid, Version};
pub use time::{Clock, SystemClock, Timestamp};
