#![doc = include_str!("../README.md")]

#[cfg(feature = "node")]
pub mod addresses;
#[cfg(feature = "dns")]
pub mod dns;
#[cfg(feature = "node")]
mod files;
#[cfg(feature = "dns")]
pub mod names;
#[cfg(feature = "node")]
pub mod node;
#[cfg(feature = "node")]
pub mod pods;
#[cfg(feature = "probe")]
pub mod probe;
#[cfg(feature = "node")]
mod seams;
#[cfg(feature = "node")]
pub mod volumes;
