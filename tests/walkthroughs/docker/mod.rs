//! Containers of the engine that this machine's programs find.

pub(crate) mod hands;
mod old_engine;
pub(crate) mod place;
mod trials;
mod trouble;

pub(crate) use trials::trials;
