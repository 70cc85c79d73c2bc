//! Shared views of one kind of object, kept current by a watch.
//!
//! A view is what the server said last: a whole list, then every change in order. Own writes are put into it as they are
//! answered, and no object goes back to an older version (S13). When the watch breaks, the view counts for nothing until a
//! fresh list is whole again (S15); one object that cannot be read is an error of those who need it, and of nobody else.

mod ended;
mod entry;
mod map;
mod run;
mod view;

pub(crate) use ended::Ended;
pub(crate) use entry::Record;
pub(crate) use map::Place;
pub(crate) use run::Scope;
pub(crate) use view::Cache;
