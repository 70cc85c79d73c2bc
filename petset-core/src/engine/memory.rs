//! What the engine keeps in memory per set: pauses after failures, and what was published. About effort, never about
//! safety.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::EngineOptions;
use super::look::Look;
use crate::error::{Error, Retry};
use crate::names::{Ordinal, PodUid, SetKey, SetUid};
use crate::plan::{Hold, HoldReason, Plan, PodView, RetryAt, Target};
use crate::time::Timestamp;

/// One set's memory.
#[derive(Debug, Clone, Default)]
pub(super) struct Memory {
    uid: Option<SetUid>,
    pub(super) retries: BTreeMap<Ordinal, RetryAt>,
    /// Pods that were seen ready.
    worked: BTreeMap<Ordinal, PodUid>,
    /// Those of them that are not any more, and until when they are given the time to be ready again.
    pub(super) lapses: BTreeMap<Ordinal, Timestamp>,
    pub(super) published: Option<u64>,
    published_at: Option<Timestamp>,
    /// When the pause before the next status write began: with the last one, or with the first steps of the set.
    pub(super) status_paced_from: Option<Timestamp>,
    /// How many status writes in a row said the same in other words.
    pub(super) reworded: u32,
    /// Pets whose pod refers to a config map or a secret that was not there.
    pub(super) lacking: BTreeSet<Ordinal>,
    /// The troubles of pods that events were sent for.
    troubles: BTreeMap<Ordinal, Arc<str>>,
    /// The holds that events were sent for, by their names.
    holds: BTreeSet<(Option<Ordinal>, &'static str)>,
}

impl Memory {
    /// Names were published; `None` when nobody knows which ones are out now.
    pub(super) fn published(&mut self, names: Option<u64>, now: Timestamp) {
        (self.published, self.published_at) = (names, Some(now));
    }

    /// When a status may be written that safety does not need. One that only says the same in other words, which conditions
    /// are, comes less and less often: two controllers that remember different failures would take turns for ever.
    pub(super) fn status_due(&self, tells_news: bool, options: &EngineOptions) -> Option<Timestamp> {
        let doubled = if tells_news { 0 } else { self.reworded.min(16) };
        let pause = options.status_interval.saturating_mul(2_u32.pow(doubled));
        Some(self.status_paced_from?.after(pause.min(options.retry_max.max(options.status_interval))))
    }

    /// A pet failed, or what was done with its pod or claim: it is left alone for a while, longer each time.
    pub(super) fn failed(
        &mut self,
        ordinal: Ordinal,
        on: Option<Target>,
        message: String,
        retry: Retry,
        now: Timestamp,
        options: &EngineOptions,
    ) {
        let failures = self.retries.get(&ordinal).map_or(0, |retry| retry.failures).saturating_add(1);
        let pause = match retry {
            Retry::Now => Duration::ZERO,
            Retry::Backoff => {
                let factor = 2_u32.saturating_pow(failures.saturating_sub(1).min(16));
                options.retry_initial.saturating_mul(factor).min(options.retry_max)
            }
            Retry::Persistent => options.retry_max,
        };
        let retry = RetryAt { at: now.after(pause), failures, message: message.into(), on };
        self.retries.insert(ordinal, retry);
    }

    /// An action of the pet succeeded after failures of actions.
    pub(super) fn succeeded(&mut self, ordinal: Ordinal) {
        self.retries.remove(&ordinal);
    }

    /// What these pets lacked is there: they need not wait any longer.
    pub(super) fn found(&mut self, is_there: impl Fn(Ordinal) -> bool) {
        let found: Vec<Ordinal> = self.lacking.iter().copied().filter(|ordinal| is_there(*ordinal)).collect();
        for ordinal in found {
            self.lacking.remove(&ordinal);
            self.retries.remove(&ordinal);
        }
    }

    /// Forgets failures of pets that have been ready, without another one, for long enough, and of pets that nobody wants
    /// any more: at once when nothing is left of them, else when nothing has failed for long enough. Forgets names that
    /// were published long ago: they are published again.
    pub(super) fn settle(&mut self, look: &Look, options: &EngineOptions) {
        let is_over = |ordinal: &Ordinal, retry: &RetryAt| {
            forgotten_at(*ordinal, retry, look, options).is_some_and(|at| at <= look.now)
        };
        self.retries.retain(|ordinal, retry| !is_over(ordinal, retry));
        // No pause is longer, also where the clock was set back.
        for retry in self.retries.values_mut() {
            retry.at = retry.at.min(look.now.after(options.retry_max));
        }
        if self.published_at.is_some_and(|at| at.after(options.names_interval) <= look.now) {
            self.published = None;
        }
    }

    /// Which pods are ready now, and which are not any more.
    pub(super) fn saw(&mut self, look: &Look, options: &EngineOptions) {
        let pod_of = |ordinal: &Ordinal| {
            let at = look.pods.binary_search_by_key(ordinal, |pod| pod.ordinal).ok()?;
            look.pods.get(at)
        };
        self.worked.retain(|ordinal, uid| pod_of(ordinal).is_some_and(|pod| pod.uid == *uid));
        for pod in look.pods.iter().filter(|pod| pod.is_ready()) {
            self.worked.entry(pod.ordinal).or_insert_with(|| pod.uid.clone());
        }
        let Self { worked, lapses, .. } = self;
        let has_lapsed = |pod: &&PodView| !pod.is_ready() && worked.contains_key(&pod.ordinal);
        lapses.retain(|ordinal, _| pod_of(ordinal).as_ref().is_some_and(has_lapsed));
        for pod in look.pods.iter().filter(has_lapsed) {
            lapses.entry(pod.ordinal).or_insert_with(|| look.now.after(options.lapse));
        }
    }

    /// Troubles of pods that were not told yet; from now on they count as told.
    pub(super) fn fresh_troubles(&mut self, look: &Look) -> Vec<(Ordinal, Arc<str>)> {
        let ours = look.pods.iter().filter(|pod| pod.is_ours());
        let now: BTreeMap<Ordinal, Arc<str>> =
            ours.filter_map(|pod| Some((pod.ordinal, Arc::clone(pod.trouble.as_ref()?)))).collect();
        let is_fresh = |(ordinal, trouble): &(&Ordinal, &Arc<str>)| self.troubles.get(ordinal) != Some(trouble);
        let fresh = now.iter().filter(is_fresh).map(|(ordinal, trouble)| (*ordinal, Arc::clone(trouble))).collect();
        self.troubles = now;
        fresh
    }

    /// Holds that somebody should look into and that were not told yet; from now on they count as told. A pause after a
    /// failure is not one of them: the failure was told.
    pub(super) fn fresh_holds<'p>(&mut self, plan: &'p Plan) -> Vec<&'p Hold> {
        let is_pause = |hold: &Hold| matches!(hold.reason, HoldReason::Backoff { .. });
        let is_ending = |hold: &Hold| matches!(hold.reason, HoldReason::ClaimTerminating { .. });
        let is_told = |hold: &&Hold| is_ending(hold) || hold.reason.is_trouble() && !is_pause(hold);
        let key = |hold: &Hold| (hold.ordinal, hold.reason.name());
        let now: BTreeSet<_> = plan.holds.iter().filter(is_told).map(key).collect();
        let fresh = plan.holds.iter().filter(is_told).filter(|hold| !self.holds.contains(&key(hold))).collect();
        self.holds = now;
        fresh
    }

    /// When the next pause ends, of those that have not ended.
    pub(super) fn next_retry(&self, now: Timestamp) -> Option<Timestamp> {
        self.retries.values().map(|retry| retry.at).filter(|at| *at > now).min()
    }

    /// When the failures of some pet may be forgotten, if everything stays as it is.
    pub(super) fn reset_at(&self, look: &Look, options: &EngineOptions) -> Option<Timestamp> {
        let at = self.retries.iter().filter_map(|(ordinal, retry)| forgotten_at(*ordinal, retry, look, options));
        at.filter(|at| *at > look.now).min()
    }
}

/// When the failures of a pet may be forgotten, if everything stays as it is; `None` when something must happen first.
fn forgotten_at(ordinal: Ordinal, retry: &RetryAt, look: &Look, options: &EngineOptions) -> Option<Timestamp> {
    let reset = options.retry_reset_after;
    let pod = look.pods.binary_search_by_key(&ordinal, |pod| pod.ordinal).ok().and_then(|at| look.pods.get(at));
    match pod {
        Some(pod) => pod.ready_since.map(|since| since.max(retry.at).after(reset)),
        None if look.desired().contains(ordinal) => None,
        None if look.claims.iter().any(|claim| claim.ordinal == ordinal) => Some(retry.at.after(reset)),
        None => Some(look.now),
    }
}

/// How an error reads in a condition: its own line and its causes.
pub(super) fn text(error: &Error) -> String {
    error.chain().to_string()
}

/// The memories of all sets.
#[derive(Debug, Default)]
pub(super) struct Memories {
    by_set: Mutex<BTreeMap<SetKey, Arc<Memory>>>,
}

impl Memories {
    /// The memory of this life of the set; empty for a new life.
    pub(super) fn of(&self, key: &SetKey, uid: &SetUid) -> Memory {
        let by_set = self.by_set.lock().unwrap_or_else(PoisonError::into_inner);
        by_set
            .get(key)
            .filter(|memory| memory.uid.as_ref() == Some(uid))
            .map_or_else(|| Memory { uid: Some(uid.clone()), ..Memory::default() }, |memory| Memory::clone(memory))
    }

    pub(super) fn put(&self, key: &SetKey, memory: Memory) {
        let mut by_set = self.by_set.lock().unwrap_or_else(PoisonError::into_inner);
        by_set.insert(key.clone(), Arc::new(memory));
    }

    pub(super) fn forget(&self, key: &SetKey) {
        self.by_set.lock().unwrap_or_else(PoisonError::into_inner).remove(key);
    }
}
