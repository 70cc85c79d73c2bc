//! What only the durable store promises; what every store promises is in the conformance suite.
#![cfg(feature = "redb")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "store/redb.rs"]
mod redb;
#[path = "store/support.rs"]
mod support;
