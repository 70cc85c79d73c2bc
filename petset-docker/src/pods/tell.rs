//! Telling of what does not end.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use petset_core::backend::FAILED_KILL_POD;
use tokio::time::sleep;

use super::cell::Cell;

/// So long after its end was due, what has not ended is told of.
pub(super) const MARGIN: Duration = Duration::from_secs(5);
/// How often the words are looked at.
const LOOK: Duration = Duration::from_secs(1);

/// What the engine said last about an end.
#[derive(Debug)]
pub(super) struct Words(Mutex<String>);

impl Words {
    pub(super) fn new(words: &str) -> Self {
        Self(Mutex::new(words.to_owned()))
    }

    pub(super) fn set(&self, words: impl Into<String>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = words.into();
    }

    fn get(&self) -> String {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Waits for the `end` of `what`. When that takes longer than `limit`, the pod says so until it is over.
pub(super) async fn telling(cell: &Cell, what: &str, limit: Duration, words: &Words, end: impl Future<Output = ()>) {
    let tell = async {
        sleep(limit).await;
        loop {
            let message = format!("{what} has not ended {} s after it was to: {}", limit.as_secs(), words.get());
            let told = (FAILED_KILL_POD.to_owned(), message);
            if cell.read(|record| record.waiting.as_ref() != Some(&told)) {
                tracing::warn!(pod = cell.name(), why = told.1, "something of a pod does not end");
            }
            cell.note(|record| record.waiting = Some(told.clone())).await;
            sleep(LOOK).await;
        }
    };
    tokio::select! {
        () = end => {}
        () = tell => {}
    }
    cell.note(|record| {
        if record.waiting.as_ref().is_some_and(|told| told.0 == FAILED_KILL_POD) {
            record.waiting = None;
        }
    })
    .await;
}
