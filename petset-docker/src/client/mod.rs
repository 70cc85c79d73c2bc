//! The connection to the engine, and what its answers mean.

mod connect;
mod error;

pub(crate) use connect::Client;
pub(crate) use error::Failure;
