//! [`Node`]: one Docker Engine, opened by a directory of this machine.
//!
//! ```text
//! <dir>/records.redb   what Docker cannot remember: requests, asked-for ends, labels and owners as they are now
//! <dir>/store.redb     sets, status, revisions
//! ```

mod builder;
mod mark;
mod open;

pub use builder::NodeBuilder;
pub use open::Node;
