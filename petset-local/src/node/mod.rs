//! [`Node`]: one machine, opened by its directory.
//!
//! ```text
//! <dir>/node.lock        one process at a time runs the node
//! <dir>/addresses.json   the node's block of loopback addresses, and each pet's address
//! <dir>/store.redb       sets, status, revisions
//! <dir>/volumes/         claims and their data
//! <dir>/pods/            what runs
//! ```

mod builder;
mod inspect;
mod lock;
mod open;

pub use builder::{DnsPort, NodeBuilder};
pub use open::Node;
