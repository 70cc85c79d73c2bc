//! What we ended ourselves: the watch may still be about to show it.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

/// So many are remembered; a watch that is further behind than that shows some of them again until it has caught up.
const REMEMBERED: usize = 1024;

/// The uids of objects whose end the server has confirmed to us.
#[derive(Debug, Default)]
pub(crate) struct Ended(Mutex<VecDeque<String>>);

impl Ended {
    /// From now on the object of this uid is no more.
    pub(crate) fn add(&self, uid: &str) {
        let mut uids = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if uids.len() == REMEMBERED {
            uids.pop_front();
        }
        uids.push_back(uid.to_owned());
    }

    /// Whether the object of this uid is no more, as far as is remembered.
    pub(crate) fn has(&self, uid: &str) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().any(|ended| ended == uid)
    }
}
