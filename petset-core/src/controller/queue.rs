//! The keyed queue. A key is in it at most once, and never handed out while it is being worked on; a key that is added
//! meanwhile is handed out again afterwards (no lost trigger, L3). Its memory is bounded by the number of sets (S18).

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use tokio::time::Instant;

use crate::names::SetKey;

#[derive(Debug, Default)]
pub(super) struct Queue {
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct State {
    /// To be handed out, in order.
    ready: VecDeque<SetKey>,
    /// The keys of `ready`, and those to be handed out again when they are done.
    dirty: BTreeSet<SetKey>,
    /// Handed out and not done.
    running: BTreeSet<SetKey>,
    /// Those of `running` that something hinted at meanwhile.
    hinted: BTreeSet<SetKey>,
    /// To be added later.
    later: BTreeSet<(Instant, SetKey)>,
    /// When, by key.
    due: BTreeMap<SetKey, Instant>,
    /// Until when hints of a key are held back.
    held: BTreeMap<SetKey, Instant>,
    closed: bool,
}

impl State {
    fn add(&mut self, key: SetKey) {
        if self.dirty.insert(key.clone()) && !self.running.contains(&key) {
            self.ready.push_back(key);
        }
    }

    fn hint(&mut self, key: SetKey) {
        if let Some(until) = self.held.get(&key).copied().filter(|until| *until > Instant::now()) {
            self.add_at(&key, until);
        } else {
            self.held.remove(&key);
            self.add(key);
        }
    }

    fn add_at(&mut self, key: &SetKey, at: Instant) {
        if self.due.get(key).is_none_or(|due| *due > at) {
            self.forget_later(key);
            self.due.insert(key.clone(), at);
            self.later.insert((at, key.clone()));
        }
    }

    fn forget_later(&mut self, key: &SetKey) {
        if let Some(at) = self.due.remove(key) {
            self.later.remove(&(at, key.clone()));
        }
    }

    fn ripen(&mut self, now: Instant) {
        while let Some((at, key)) = self.later.first().cloned() {
            if at > now {
                break;
            }
            self.forget_later(&key);
            self.add(key);
        }
    }
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a key, to be handed out as soon as a worker is free.
    pub(super) fn add(&self, key: SetKey) {
        self.lock().add(key);
        self.changed.notify_one();
    }

    /// Adds a key because of a hint. A key that failed, or rests, is not hurried by hints: its own failure, or its own
    /// work, may be what hints.
    pub(super) fn hint(&self, key: SetKey) {
        let mut state = self.lock();
        if state.running.contains(&key) {
            state.hinted.insert(key);
            return;
        }
        state.hint(key);
        drop(state);
        self.changed.notify_one();
    }

    /// The key that is being worked on failed: it comes again at this moment, whatever was added meanwhile, and hints do
    /// not hurry it.
    pub(super) fn hold(&self, key: &SetKey, until: Instant) {
        let mut state = self.lock();
        state.held.insert(key.clone(), until);
        if state.running.contains(key) {
            state.dirty.remove(key);
            state.hinted.remove(key);
        }
        state.add_at(key, until);
        drop(state);
        self.changed.notify_one();
    }

    /// The key that is being worked on did not fail: hints hurry it again, from this moment on.
    pub(super) fn rest(&self, key: &SetKey, until: Instant) {
        self.lock().held.insert(key.clone(), until);
    }

    /// Nothing holds hints of the key back.
    pub(super) fn free(&self, key: &SetKey) {
        self.lock().held.remove(key);
    }

    /// Adds a key at a later moment, unless it comes earlier anyway.
    pub(super) fn add_at(&self, key: &SetKey, at: Instant) {
        self.lock().add_at(key, at);
        self.changed.notify_one();
    }

    /// The next key; `None` once the queue is closed. Whoever gets a key says [`done`](Self::done) afterwards.
    pub(super) async fn next(&self) -> Option<SetKey> {
        loop {
            let changed = self.changed.notified();
            let wake_at = {
                let mut state = self.lock();
                if state.closed {
                    return None;
                }
                state.ripen(Instant::now());
                if let Some(key) = state.ready.pop_front() {
                    state.dirty.remove(&key);
                    // What was to come later is now; the pass says anew when to look again.
                    state.forget_later(&key);
                    state.running.insert(key.clone());
                    if !state.ready.is_empty() || !state.later.is_empty() {
                        // Another worker takes the next one, or watches the clock while this one works.
                        self.changed.notify_one();
                    }
                    return Some(key);
                }
                state.later.first().map(|(at, _)| *at)
            };
            match wake_at {
                Some(at) => {
                    tokio::select! {
                        // In this order, so that a run in virtual time can be repeated.
                        biased;
                        () = changed => {}
                        () = tokio::time::sleep_until(at) => {}
                    }
                }
                None => changed.await,
            }
        }
    }

    /// The key's work is over; if it was added meanwhile it is handed out again.
    pub(super) fn done(&self, key: &SetKey) {
        let mut state = self.lock();
        state.running.remove(key);
        let hinted = state.hinted.remove(key);
        if state.dirty.contains(key) {
            state.ready.push_back(key.clone());
        } else if hinted {
            state.hint(key.clone());
        }
        drop(state);
        self.changed.notify_one();
    }

    /// Hands out nothing any more.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_waiters();
        self.changed.notify_one();
    }

    /// Whether it hands out nothing any more.
    pub(super) fn is_closed(&self) -> bool {
        self.lock().closed
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use super::*;

    fn key(name: &str) -> SetKey {
        SetKey::new("default", name)
    }

    #[tokio::test(start_paused = true)]
    async fn s18_a_flood_of_hints_is_one_entry() {
        let queue = Queue::default();
        (0..10_000).for_each(|_| queue.add(key("web")));
        assert_eq!(queue.lock().ready.len(), 1);
        assert_eq!(queue.next().await, Some(key("web")));
    }

    #[tokio::test(start_paused = true)]
    async fn l3_a_key_added_while_it_runs_runs_again_and_never_twice_at_once() {
        let queue = Arc::new(Queue::default());
        queue.add(key("web"));
        let running = queue.next().await.expect("it was added");
        queue.add(key("web"));
        let second = tokio::spawn({
            let queue = Arc::clone(&queue);
            async move { queue.next().await }
        });
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert!(!second.is_finished(), "a key is never on two workers");
        queue.done(&running);
        assert_eq!(second.await.expect("no panic"), Some(key("web")));
    }

    #[tokio::test(start_paused = true)]
    async fn the_earliest_later_moment_wins() {
        let queue = Queue::default();
        let start = Instant::now();
        queue.add_at(&key("web"), start + Duration::from_secs(9));
        queue.add_at(&key("web"), start + Duration::from_secs(3));
        queue.add_at(&key("web"), start + Duration::from_secs(5));
        assert_eq!(queue.next().await, Some(key("web")));
        assert_eq!(start.elapsed(), Duration::from_secs(3));
        assert!(queue.lock().later.is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn s18_hints_do_not_hurry_a_key_that_failed_but_people_do() {
        let queue = Queue::default();
        let start = Instant::now();
        queue.hold(&key("web"), start + Duration::from_secs(5));
        queue.hint(key("web"));
        assert_eq!(queue.next().await, Some(key("web")));
        assert_eq!(start.elapsed(), Duration::from_secs(5));
        queue.done(&key("web"));
        queue.hold(&key("web"), start + Duration::from_secs(60));
        queue.add(key("web"));
        assert_eq!(queue.next().await, Some(key("web")));
        assert_eq!(start.elapsed(), Duration::from_secs(5));
    }

    #[tokio::test(start_paused = true)]
    async fn s18_hints_wait_while_a_key_rests_and_people_do_not() {
        let queue = Queue::default();
        let start = Instant::now();
        queue.add(key("web"));
        assert_eq!(queue.next().await, Some(key("web")));
        queue.hint(key("web"));
        queue.rest(&key("web"), start + Duration::from_secs(2));
        queue.done(&key("web"));
        assert_eq!(queue.next().await, Some(key("web")));
        assert_eq!(start.elapsed(), Duration::from_secs(2), "a hint from meanwhile is not lost");
        queue.rest(&key("web"), start + Duration::from_secs(9));
        queue.done(&key("web"));
        queue.add(key("web"));
        assert_eq!(queue.next().await, Some(key("web")));
        assert_eq!(start.elapsed(), Duration::from_secs(2));
    }

    #[tokio::test(start_paused = true)]
    async fn closing_wakes_whoever_waits() {
        let queue = Arc::new(Queue::default());
        let waits = tokio::spawn({
            let queue = Arc::clone(&queue);
            async move { queue.next().await }
        });
        tokio::task::yield_now().await;
        queue.close();
        assert_eq!(waits.await.expect("no panic"), None);
    }
}
