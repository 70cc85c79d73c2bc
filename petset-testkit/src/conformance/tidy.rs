//! What a case leaves behind goes.

use petset_core::backend::DeleteOptions;
use petset_core::store::{Cascade, Deletion};
use petset_core::{Result, SetKey};

use super::bench::{Bench, Outcome};

impl Bench {
    /// Ends the pods and removes the claims, names and stored sets of the case, then what its author knows of.
    pub(super) async fn tidy(&self) -> Outcome {
        self.subject.hands.mend().await?;
        for set in self.touched() {
            let tidied = self.tidy_set(&set).await;
            if tidied.is_err() {
                // The author may still get rid of all of it.
                self.subject.hands.clean_up().await?;
                return tidied;
            }
        }
        Ok(self.subject.hands.clean_up().await?)
    }

    async fn tidy_set(&self, set: &SetKey) -> Outcome {
        if let Some(pods) = &self.subject.pods {
            let left = pods.list(set).await?;
            for pod in &left {
                pods.delete(&pod.reference(), DeleteOptions { grace_seconds: Some(1), version: None }).await?;
            }
            for pod in &left {
                self.until_gone(pod).await?;
            }
        }
        if let Some(volumes) = &self.subject.volumes {
            for claim in volumes.list(set).await? {
                volumes.delete(&claim.reference()).await?;
            }
            self.until_claims(set, "the end of the claims", <[_]>::is_empty).await?;
        }
        if let Some(names) = &self.subject.names {
            names.withdraw(set).await?;
        }
        Ok(self.remove_stored(set).await?)
    }

    /// Removes a stored set, if it is there.
    pub(super) async fn remove_stored(&self, set: &SetKey) -> Result<()> {
        let Some(store) = &self.subject.store else { return Ok(()) };
        let Some(stored) = store.get(set).await? else { return Ok(()) };
        let deletion = Deletion { cascade: Cascade::Ordered, requested_at: self.now() };
        let marked = store.mark_deleted(set, &stored.version, deletion).await?;
        store.remove(set, &marked.version).await
    }
}
