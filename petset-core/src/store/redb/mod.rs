//! A durable [`SetStore`](super::SetStore) in one file.
//!
//! Each write is one transaction that is on disk before the write returns; a crash at any instruction leaves the file
//! as it was before or after the write. One process at a time has the file open: a second opener is turned away.
//!
//! Sets, revisions and objects are JSON records that begin with their format. A record that cannot be read is an error
//! of that record alone: its set is still listed, and every other set goes on.

mod failure;
mod file;
mod graves;
mod objects;
mod record;
mod revisions;
mod sets;
mod store;
mod tables;

pub use store::RedbStore;
