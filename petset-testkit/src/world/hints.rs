//! Hints to whoever watches a part of the world.

use futures::{StreamExt, stream};
use petset_core::SetKey;
use petset_core::backend::{WatchEvent, WatchStream};
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;

/// How far a watcher may fall behind before its hints become one [`WatchEvent::Gap`].
const CAPACITY: usize = 4096;

#[derive(Debug)]
pub(super) struct Hints {
    sender: broadcast::Sender<WatchEvent>,
}

impl Default for Hints {
    fn default() -> Self {
        Self { sender: broadcast::Sender::new(CAPACITY) }
    }
}

impl Hints {
    pub(super) fn changed(&self, set: &SetKey) {
        if self.sender.receiver_count() > 0 {
            // It fails when the last watcher left meanwhile, and then there is nobody to tell.
            let _ = self.sender.send(WatchEvent::Changed(set.clone()));
        }
    }

    /// The receiver subscribes at the call, not at the first poll: no change after the call is missed.
    pub(super) fn watch(&self) -> WatchStream {
        stream::unfold(self.sender.subscribe(), |mut receiver| async move {
            match receiver.recv().await {
                Ok(event) => Some((event, receiver)),
                Err(RecvError::Lagged(_)) => Some((WatchEvent::Gap, receiver)),
                Err(RecvError::Closed) => None,
            }
        })
        .boxed()
    }

    /// Ends every stream, as a broken connection does.
    pub(super) fn interrupt(&mut self) {
        *self = Self::default();
    }
}
