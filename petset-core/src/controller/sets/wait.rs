//! Waiting for a set to reach something, and watching it.

use std::time::Duration;

use futures::stream::{self, BoxStream, StreamExt};
use tokio::time::Instant;

use super::{IntoKey, Sets};
use crate::backend::WatchEvent;
use crate::controller::Until;
use crate::error::{Error, ErrorKind, Result};
use crate::names::{SetKey, Version};
use crate::store::StoredSet;

/// Hints may be lost, so a waiter looks by itself this often.
const LOOK_EVERY: Duration = Duration::from_millis(500);

impl Sets {
    /// Waits until the set reaches `until`, and returns it as it then is (`None` when it is gone).
    ///
    /// # Errors
    /// [`ErrorKind::Timeout`] after `within`; the message explains what the set waits for.
    pub async fn wait(&self, key: impl IntoKey, until: Until, within: Duration) -> Result<Option<StoredSet>> {
        let key = key.into_key()?;
        let deadline = Instant::now() + within;
        let mut changes = self.backends().store.watch();
        loop {
            let stored = self.backends().store.get(&key).await?;
            if until.is_reached(stored.as_ref()) {
                return Ok(stored);
            }
            if Instant::now() >= deadline {
                return Err(self.timed_out(&key, &until, within).await);
            }
            let look_again = Instant::now() + LOOK_EVERY;
            let _ = tokio::time::timeout_at(deadline.min(look_again), next_change(&mut changes, &key)).await;
        }
    }

    async fn timed_out(&self, key: &SetKey, until: &Until, within: Duration) -> Error {
        let why = match self.shared.engine.explain(key).await {
            Ok(explanation) => explanation.to_string(),
            Err(error) => error.chain().to_string(),
        };
        Error::new(ErrorKind::Timeout, "wait for a set")
            .with_context("set", key)
            .with_context("until", until)
            .with_context("seconds", within.as_secs_f64())
            .with_message(why.trim_end())
    }

    /// The set now and after every change of it; `None` while there is none of this name. Changes that follow each other
    /// closely may be seen as one.
    ///
    /// # Errors
    /// Only a key that is none; failing reads are tried again.
    pub fn watch(&self, key: impl IntoKey) -> Result<BoxStream<'static, Option<StoredSet>>> {
        struct State {
            sets: Sets,
            key: SetKey,
            changes: crate::backend::WatchStream,
            last: Seen,
        }
        let key = key.into_key()?;
        let state = State { sets: self.clone(), changes: self.backends().store.watch(), key, last: Seen::Nothing };
        let states = stream::unfold(state, |mut state| async move {
            loop {
                if let Ok(now) = state.sets.backends().store.get(&state.key).await
                    && !state.last.is(now.as_ref())
                {
                    state.last = Seen::At(now.as_ref().map(|stored| stored.version.clone()));
                    return Some((now, state));
                }
                let _ = tokio::time::timeout(LOOK_EVERY, next_change(&mut state.changes, &state.key)).await;
            }
        });
        Ok(states.boxed())
    }
}

/// What a watcher was last told.
enum Seen {
    Nothing,
    /// The version of the set, or that there was none. Versions of a store are never used twice.
    At(Option<Version>),
}

impl Seen {
    fn is(&self, now: Option<&StoredSet>) -> bool {
        matches!(self, Self::At(version) if version.as_ref() == now.map(|stored| &stored.version))
    }
}

async fn next_change(changes: &mut crate::backend::WatchStream, key: &SetKey) {
    loop {
        match changes.next().await {
            Some(WatchEvent::Changed(other)) if other != *key => {}
            Some(WatchEvent::Changed(_) | WatchEvent::Gap) => return,
            None => std::future::pending().await,
        }
    }
}
