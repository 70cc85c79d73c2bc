//! [`KubePods`]: pods of a cluster as pods.
//!
//! A pod's name is the lock of its identity (S1). Its end is confirmed when the server has it no more (S2). Every request
//! that ends or changes a pod names its uid, and the version that it was decided on where that matters (S4).

mod backend;
mod check;
mod identity;
mod record;
mod request;
mod status;
mod view;

pub use backend::KubePods;
pub(crate) use record::PodRecord;
pub(crate) use view::PodView;
