//! The connection to the engine, and what its answers mean.

mod belongs;
mod connect;
mod error;
mod time;

pub(crate) use connect::Client;
pub(crate) use error::Failure;
pub(crate) use time::moment;
