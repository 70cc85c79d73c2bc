//! What a set that is no more left behind: what was asked for before its end, and landed after it.

use super::Engine;
use super::event::EventReason;
use super::look::pod_views;
use crate::backend::{DeleteOptions, PodRef};
use crate::error::Result;
use crate::names::{SetKey, SetUid};
use crate::plan::{Action, leftovers};
use crate::store::Cascade;

impl Engine {
    /// Ends the pods of every life that a removed set is remembered with, and withdraws its names, whoever published them:
    /// a request of a controller that is no more may have landed meanwhile. Nobody else would (L2).
    ///
    /// # Errors
    /// When something could not be read, or when a request failed; the others were made.
    pub(super) async fn clear_up(&self, key: &SetKey) -> Result<()> {
        let gone = self.answered("list the sets that are no more", self.backends.store.gone()).await?;
        let Some(gone) = gone.into_iter().find(|gone| gone.set == *key) else { return Ok(()) };
        // Orphans keep their names.
        if gone.cascade == Cascade::Ordered {
            self.answered("withdraw names", self.backends.names.withdraw(key)).await?;
        }
        self.end_leftovers(key, &gone.lives).await
    }

    async fn end_leftovers(&self, key: &SetKey, lives: &[SetUid]) -> Result<()> {
        let pods = self.answered("look at a set that is no more", self.backends.pods.list(key)).await?;
        let mut result = Ok(());
        for action in leftovers(&pod_views(pods, None, lives, None)?) {
            let Action::DeletePod { ordinal, uid, version, .. } = &action else { continue };
            let pod = PodRef { set: key.clone(), ordinal: *ordinal, uid: uid.clone() };
            let options = DeleteOptions { grace_seconds: None, version: version.clone() };
            let deleted = self.answered("act", self.backends.pods.delete(&pod, options)).await;
            let reason = if deleted.is_ok() { EventReason::SuccessfulDelete } else { EventReason::FailedDelete };
            self.events.warn(key, None, Some(*ordinal), reason, action.to_string(), self.now());
            result = result.and(deleted.map(drop));
        }
        result
    }
}
