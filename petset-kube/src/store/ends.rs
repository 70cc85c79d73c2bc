//! How lives of sets end.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use petset_core::SetUid;

/// So many are remembered at most.
const REMEMBERED: usize = 1024;

/// Whether the dependents of a life that is to be deleted are orphans, for lives that were asked about.
#[derive(Debug, Default)]
pub(super) struct Ends(Mutex<BTreeMap<SetUid, bool>>);

impl Ends {
    /// What is known of this life.
    pub(super) fn of(&self, uid: &SetUid) -> Option<bool> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(uid).copied()
    }

    /// What the server said of this life.
    pub(super) fn remember(&self, uid: &SetUid, are_orphans: bool) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= REMEMBERED {
            // Whoever asks for one of these again is told by the server again.
            known.clear();
        }
        known.insert(uid.clone(), are_orphans);
    }

    /// This life is over.
    pub(super) fn forget(&self, uid: &SetUid) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(uid);
    }
}
