//! The revisions of a set: one is stored before anything is done for it, and those that nobody uses any more go.

use super::look::Look;
use super::{Engine, EventReason};
use crate::error::{ErrorKind, Result};
use crate::status::PetSetStatus;
use crate::store::{Revision, StoredSet};

impl Engine {
    /// Stores a revision; false when the look is not the newest any more: somebody else's revision has the name, and the
    /// next pass takes another (behaviour §1.6).
    pub(super) async fn put_revision(&self, stored: &StoredSet, look: &Look, revision: Revision) -> Result<bool> {
        let (key, store) = (stored.key(), &self.backends.store);
        let Err(error) = self.answered("put a revision", store.put_revision(&key, &stored.uid, revision)).await else {
            return Ok(true);
        };
        if error.kind() == ErrorKind::AlreadyExists {
            let collision_count = look.revisions.collision_count.saturating_add(1);
            let next = PetSetStatus { collision_count, ..stored.status.clone() };
            let written = store.update_status(&key, &stored.version, next);
            return match self.answered("count a collision", written).await {
                Err(error) if !error.is_conflict() => Err(error),
                Ok(_) | Err(_) => Ok(false),
            };
        }
        if !error.is_conflict() {
            self.report_halt(stored, "NoRevision", EventReason::FailedUpdate, &error.chain().to_string()).await;
        }
        Err(error)
    }

    /// Deletes the revisions that nobody uses any more. One that stays is in nobody's way: it is told, and the answer is
    /// false.
    pub(super) async fn truncate_history(&self, stored: &StoredSet, look: &Look) -> bool {
        let key = stored.key();
        for name in look.surplus_revisions() {
            let deleted = self.backends.store.delete_revision(&key, &stored.uid, &name);
            if let Err(error) = self.answered("delete a revision", deleted).await {
                let (message, now) = (error.chain().to_string(), self.clock.now());
                self.events.warn(&key, Some(&stored.uid), None, EventReason::FailedDelete, message, now);
                return false;
            }
        }
        true
    }
}
