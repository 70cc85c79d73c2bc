//! Watching: hints that something changed. Decisions always follow a fresh read, so a lost or doubled hint costs time
//! and nothing else (L3).

use futures::StreamExt;
use futures::stream::{self, BoxStream};
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;

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

/// The sending side of a [`WatchStream`], for backends and stores that see their own changes. Clones send to the same
/// watchers.
///
/// ```
/// use futures::{FutureExt, StreamExt};
/// use petset_core::SetKey;
/// use petset_core::backend::{Hints, WatchEvent};
///
/// let hints = Hints::new();
/// let mut watcher = hints.watch();
/// hints.changed(&SetKey::new("default", "web"));
/// let hint = watcher.next().now_or_never().flatten();
/// assert_eq!(hint, Some(WatchEvent::Changed(SetKey::new("default", "web"))));
/// ```
#[derive(Debug, Clone)]
pub struct Hints {
    sender: broadcast::Sender<WatchEvent>,
}

impl Hints {
    /// How far a watcher may fall behind before its hints become one [`WatchEvent::Gap`].
    pub const CAPACITY: usize = 1024;

    /// Hints that nobody watches yet.
    pub fn new() -> Self {
        Self { sender: broadcast::Sender::new(Self::CAPACITY) }
    }

    /// Tells every watcher that something of the set may have changed.
    pub fn changed(&self, set: &SetKey) {
        if self.sender.receiver_count() > 0 {
            // It fails when the last watcher left meanwhile, and then there is nobody to tell.
            let _ = self.sender.send(WatchEvent::Changed(set.clone()));
        }
    }

    /// Tells every watcher that hints may have been lost.
    pub fn gap(&self) {
        // It fails when nobody watches, and then there is nobody to tell.
        let _ = self.sender.send(WatchEvent::Gap);
    }

    /// A stream that has every hint from this call on; it ends when the last clone of the sender is dropped.
    pub fn watch(&self) -> WatchStream {
        stream::unfold(self.sender.subscribe(), |mut receiver| async move {
            match receiver.recv().await {
                Ok(event) => Some((event, receiver)),
                Err(RecvError::Lagged(_)) => Some((WatchEvent::Gap, receiver)),
                Err(RecvError::Closed) => None,
            }
        })
        .boxed()
    }
}

impl Default for Hints {
    fn default() -> Self {
        Self::new()
    }
}
