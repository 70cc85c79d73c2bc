#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod cache;
mod client;
pub mod cluster;
mod compact;
#[cfg(feature = "envtest")]
pub mod envtest;
pub mod events;
mod impl_resource;
pub mod lease;
mod lossless;
mod merge;
mod meta;
pub mod names;
pub mod pods;
pub mod resource;
#[cfg(test)]
mod scripted;
pub mod store;
pub mod volumes;

// The versions that are spoken here, for embedders.
pub use {k8s_openapi, kube};
