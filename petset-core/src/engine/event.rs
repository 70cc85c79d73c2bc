//! Typed events: what happened to a set, in Kubernetes' reasons.

use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll};

use futures::stream::{BoxStream, Stream};
use serde::{Deserialize, Serialize};
use tokio::sync::broadcast;

use crate::names::{Ordinal, SetKey, SetUid};
use crate::time::Timestamp;

/// Something that happened to a set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Event {
    /// The set.
    pub set: SetKey,
    /// Which life of it; `None` where the set itself could not be read.
    pub uid: Option<SetUid>,
    /// The pet, if it is about one.
    pub ordinal: Option<Ordinal>,
    /// What happened.
    pub reason: EventReason,
    /// Whether somebody should look into it.
    pub warning: bool,
    /// The sentence to it.
    pub message: String,
    /// When.
    pub at: Timestamp,
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { set, uid: _, ordinal, reason, warning, message, at } = self;
        write!(f, "{at} {} {set}", if *warning { "Warning" } else { "Normal" })?;
        if let Some(ordinal) = ordinal {
            write!(f, " pet {ordinal}")?;
        }
        write!(f, " {reason:?}: {message}")
    }
}

/// What happened. The names are Kubernetes' where it has one (behaviour §1.15).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum EventReason {
    /// A pod or claim was created.
    SuccessfulCreate,
    /// A pod or claim could not be created.
    FailedCreate,
    /// A pod's or claim's end was asked for.
    SuccessfulDelete,
    /// A pod's or claim's end could not be asked for.
    FailedDelete,
    /// Owner, labels or annotations were changed.
    SuccessfulUpdate,
    /// They, or the status of the set, could not be changed.
    FailedUpdate,
    /// A pod ended by itself.
    PodEnded,
    /// A pod is not as it should be; the message has the runtime's words.
    PodTrouble,
    /// Something that somebody should look into keeps a pet waiting; the message says what.
    PetHeld,
    /// Names could not be published or withdrawn.
    FailedNames,
    /// The set could not be seen; nothing was done.
    FailedObserve,
    /// The set is no more.
    Deleted,
}

/// How many events are kept for those who ask later.
const KEPT: usize = 512;

/// The events of an engine.
#[derive(Debug)]
pub(super) struct EventLog {
    recent: Mutex<VecDeque<Event>>,
    live: broadcast::Sender<Event>,
}

impl Default for EventLog {
    fn default() -> Self {
        Self { recent: Mutex::default(), live: broadcast::channel(KEPT).0 }
    }
}

impl EventLog {
    pub(super) fn note(
        &self,
        set: &SetKey,
        uid: Option<&SetUid>,
        ordinal: Option<Ordinal>,
        reason: EventReason,
        message: String,
        at: Timestamp,
    ) {
        self.put(Event { set: set.clone(), uid: uid.cloned(), ordinal, reason, warning: false, message, at });
    }

    pub(super) fn warn(
        &self,
        set: &SetKey,
        uid: Option<&SetUid>,
        ordinal: Option<Ordinal>,
        reason: EventReason,
        message: String,
        at: Timestamp,
    ) {
        self.put(Event { set: set.clone(), uid: uid.cloned(), ordinal, reason, warning: true, message, at });
    }

    fn put(&self, event: Event) {
        tracing::info!(
            set = %event.set,
            ordinal = event.ordinal.map(|ordinal| ordinal.0),
            reason = ?event.reason,
            warning = event.warning,
            detail = %event.message,
            "event"
        );
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        if recent.len() == KEPT {
            recent.pop_front();
        }
        recent.push_back(event.clone());
        // Sent under the lock, so that a subscriber gets each event exactly once. Nobody listening is fine.
        let _ = self.live.send(event);
    }

    pub(super) fn subscribe(&self) -> EventStream {
        let recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        let (past, live) = (recent.clone(), self.live.subscribe());
        drop(recent);
        let live = futures::stream::unfold(live, |mut live| async move {
            loop {
                match live.recv().await {
                    Ok(event) => return Some((event, live)),
                    Err(broadcast::error::RecvError::Lagged(_)) => {}
                    Err(broadcast::error::RecvError::Closed) => return None,
                }
            }
        });
        EventStream { past, live: Box::pin(live) }
    }
}

/// The last few hundred events, then those that come. A reader that is too slow misses some.
pub struct EventStream {
    past: VecDeque<Event>,
    live: BoxStream<'static, Event>,
}

impl EventStream {
    /// The events so far, without waiting for more.
    pub fn past(&self) -> impl Iterator<Item = &Event> {
        self.past.iter()
    }
}

impl fmt::Debug for EventStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventStream").field("past", &self.past.len()).finish_non_exhaustive()
    }
}

impl Stream for EventStream {
    type Item = Event;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Event>> {
        match self.past.pop_front() {
            Some(event) => Poll::Ready(Some(event)),
            None => self.live.as_mut().poll_next(context),
        }
    }
}
