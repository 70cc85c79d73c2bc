//! One zone, many readers: the handle between whoever writes names and the server that answers.

use std::sync::{Arc, PoisonError, RwLock};

use petset_core::SetKey;
use petset_core::backend::{Published, RecordSet};

use super::Zone;

/// A zone that is read and written from several places. Clones are handles of the same zone.
///
/// A reader takes a [`snapshot`](Self::snapshot) and never sees half of a change.
#[derive(Debug, Clone)]
pub struct SharedZone {
    zone: Arc<RwLock<Arc<Zone>>>,
}

impl SharedZone {
    /// An empty zone for this cluster domain.
    pub fn new(domain: &str) -> Self {
        Self { zone: Arc::new(RwLock::new(Arc::new(Zone::new(domain)))) }
    }

    /// The zone as it is now.
    pub fn snapshot(&self) -> Arc<Zone> {
        Arc::clone(&self.zone.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Makes `records` all that `set` says.
    pub fn put(&self, set: &SetKey, records: &RecordSet) -> Published {
        self.change(|zone| zone.put(set, records))
    }

    /// Removes all that `set` says.
    pub fn remove(&self, set: &SetKey) -> Published {
        self.change(|zone| zone.remove(set))
    }

    fn change(&self, change: impl FnOnce(&mut Zone) -> Published) -> Published {
        let mut zone = self.zone.write().unwrap_or_else(PoisonError::into_inner);
        change(Arc::make_mut(&mut zone))
    }
}
