//! What a set that is no more left behind: pods whose creation landed after its end.

use super::Engine;
use super::event::EventReason;
use super::look::pod_views;
use crate::backend::{DeleteOptions, PodRef};
use crate::error::Result;
use crate::names::SetKey;
use crate::plan::{Action, leftovers};

impl Engine {
    /// Ends the pods of every life that a removed set is remembered with. Nobody else would (L2).
    ///
    /// # Errors
    /// When something could not be read, or when a pod could not be asked to end; the others were.
    pub(super) async fn end_leftovers(&self, key: &SetKey) -> Result<()> {
        let gone = self.backends.store.gone().await?;
        let Some(gone) = gone.into_iter().find(|gone| gone.set == *key) else { return Ok(()) };
        let pods = self.answered("look at a set that is no more", self.backends.pods.list(key)).await?;
        let mut result = Ok(());
        for action in leftovers(&pod_views(pods, None, &gone.lives, None)?) {
            let Action::DeletePod { ordinal, uid, version, .. } = &action else { continue };
            let pod = PodRef { set: key.clone(), ordinal: *ordinal, uid: uid.clone() };
            let options = DeleteOptions { grace_seconds: None, version: version.clone() };
            let deleted = self.answered("act", self.backends.pods.delete(&pod, options)).await;
            let reason = if deleted.is_ok() { EventReason::SuccessfulDelete } else { EventReason::FailedDelete };
            self.events.warn(key, Some(*ordinal), reason, action.to_string(), self.now());
            result = result.and(deleted.map(drop));
        }
        result
    }
}
