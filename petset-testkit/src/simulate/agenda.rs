//! What happens later: late requests, and what the runtime does in its own time.

use std::collections::BTreeMap;
use std::fmt;

use petset_core::{Ordinal, PodUid, SetKey};
use tokio::time::Instant;

use crate::world::Caller;

/// Something that happens later.
pub(super) enum Job {
    /// A late request arrives.
    Late(Box<dyn FnOnce() + Send>),
    /// The program of a pod becomes ready.
    Ready(SetKey, Ordinal, PodUid),
    /// Somebody says that a pod is initialized.
    Initialized(SetKey, Ordinal, PodUid),
    /// The program of a pod ends with an error.
    Fail(SetKey, Ordinal, PodUid),
    /// The runtime confirms the end of a pod.
    End(SetKey, Ordinal, PodUid),
    /// A controller takes the place of one that died.
    Restart(Caller),
}

/// What happens later, by its moment and then in the order in which it was added.
#[derive(Default)]
pub(super) struct Agenda {
    jobs: BTreeMap<(Instant, u64), Job>,
    added: u64,
}

impl Agenda {
    pub(super) fn add(&mut self, at: Instant, job: Job) {
        self.added += 1;
        self.jobs.insert((at, self.added), job);
    }

    /// When the next job is due.
    pub(super) fn next(&self) -> Option<Instant> {
        self.jobs.first_key_value().map(|((at, _), _)| *at)
    }

    /// The next job, if it is due.
    pub(super) fn take_due(&mut self, now: Instant) -> Option<Job> {
        let due = self.jobs.first_entry().filter(|entry| entry.key().0 <= now);
        due.map(std::collections::btree_map::OccupiedEntry::remove)
    }

    pub(super) fn clear(&mut self) {
        self.jobs.clear();
    }
}

impl fmt::Debug for Agenda {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Agenda").field("jobs", &self.jobs.len()).finish_non_exhaustive()
    }
}
