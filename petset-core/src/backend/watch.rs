//! Watching: hints that something changed. Decisions always follow a fresh read, so a lost or doubled hint costs time
//! and nothing else (L3).

use futures::stream::BoxStream;

use crate::names::SetKey;

/// A hint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WatchEvent {
    /// Something of this set may have changed.
    Changed(SetKey),
    /// Hints may have been lost: look at every set.
    Gap,
}

/// An endless stream of hints. When it ends, the controller subscribes again and looks at every set.
pub type WatchStream = BoxStream<'static, WatchEvent>;
