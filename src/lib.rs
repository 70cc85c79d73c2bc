#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

pub use petset_core::*;

#[cfg(feature = "docker")]
#[doc(inline)]
pub use petset_docker as docker;

#[cfg(feature = "kube")]
#[doc(inline)]
pub use petset_kube as kube;

#[cfg(feature = "local")]
#[doc(inline)]
pub use petset_local as local;

pub use petset_core::controller::until;
pub use petset_core::manifest::Manifest;
pub use petset_core::store::Cascade;
