//! Requests that can fail, and what their failures mean.

mod connection;
mod error;
mod patience;

pub(crate) use connection::Connection;
pub(crate) use error::Failure;
