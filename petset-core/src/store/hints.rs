//! Hints to whoever watches a store.

use futures::StreamExt;
use futures::stream;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;

use crate::backend::{WatchEvent, WatchStream};
use crate::names::SetKey;

/// How far a watcher may fall behind before its hints become one [`WatchEvent::Gap`].
const CAPACITY: usize = 1024;

#[derive(Debug)]
pub(super) struct Hints {
    sender: broadcast::Sender<WatchEvent>,
}

impl Hints {
    pub(super) fn new() -> Self {
        Self { sender: broadcast::Sender::new(CAPACITY) }
    }

    pub(super) fn changed(&self, key: &SetKey) {
        if self.sender.receiver_count() > 0 {
            // It fails when the last watcher left meanwhile, and then there is nobody to tell.
            let _ = self.sender.send(WatchEvent::Changed(key.clone()));
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
}
