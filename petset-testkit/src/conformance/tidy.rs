//! What a case leaves behind goes.

use std::collections::BTreeSet;
use std::sync::Arc;

use petset_core::backend::{DeleteOptions, RecordSet};
use petset_core::store::{Cascade, Deletion};
use petset_core::{Result, SetKey};

use super::bench::{Bench, Outcome, Stop};

impl Bench {
    /// Ends the pods and removes the claims, names, stored sets and objects of the case. What fails keeps nothing else from
    /// going.
    pub(super) async fn tidy(&self) -> Outcome {
        let mut failures = Vec::new();
        let mut note = |what: &str, outcome: Outcome| {
            failures.extend(outcome.err().map(|stop| format!("{what}: {}", stop.into_words())));
        };
        note("mending", self.mend().await);
        let mut namespaces = BTreeSet::new();
        for set in self.touched() {
            note(&format!("pods of {set}"), self.tidy_pods(&set).await);
            note(&format!("claims of {set}"), self.tidy_claims(&set).await);
            note(&format!("names and declaration of {set}"), self.tidy_set(&set).await);
            namespaces.insert(Arc::clone(&set.namespace));
        }
        for namespace in namespaces {
            note(&format!("objects of {namespace}"), self.tidy_objects(&namespace).await);
        }
        if failures.is_empty() { Ok(()) } else { Err(Stop::Failed(failures.join("; "))) }
    }

    /// Removes what the subject's author knows of.
    pub(super) async fn clean_up(&self) -> Outcome {
        Ok(self.hands().clean_up().await?)
    }

    async fn tidy_pods(&self, set: &SetKey) -> Outcome {
        let Some(pods) = self.parts().pods else { return Ok(()) };
        let left = pods.list(set).await?;
        for pod in &left {
            pods.delete(&pod.reference(), DeleteOptions { grace_seconds: Some(1), version: None }).await?;
        }
        for pod in &left {
            self.until_gone(pod).await?;
        }
        Ok(())
    }

    async fn tidy_claims(&self, set: &SetKey) -> Outcome {
        let Some(volumes) = self.parts().volumes else { return Ok(()) };
        for claim in volumes.list(set).await? {
            volumes.delete(&claim.reference()).await?;
        }
        self.until_claims(set, "the end of the claims", <[_]>::is_empty).await?;
        Ok(())
    }

    async fn tidy_set(&self, set: &SetKey) -> Outcome {
        if let Some(names) = self.parts().names {
            if names.capabilities().follows_pods {
                // Names of pods that were never made by hand need none to take them away.
                let _ = self.hands().name_pets(set, &RecordSet::default()).await;
            }
            names.withdraw(set).await?;
        }
        Ok(self.remove_stored(set).await?)
    }

    /// Removes the objects whose names are of this case.
    async fn tidy_objects(&self, namespace: &str) -> Outcome {
        let Some(store) = self.parts().store else { return Ok(()) };
        for object in store.objects(namespace).await? {
            let name = &object.metadata().name;
            if name.ends_with(&self.tag) {
                store.delete_object(namespace, object.kind(), name).await?;
            }
        }
        Ok(())
    }

    /// Removes a stored set, if it is there.
    pub(super) async fn remove_stored(&self, set: &SetKey) -> Result<()> {
        let Some(store) = self.parts().store else { return Ok(()) };
        let Some(stored) = store.get(set).await? else { return Ok(()) };
        let deletion = Deletion { cascade: Cascade::Ordered, requested_at: self.now() };
        let marked = store.mark_deleted(set, &stored.version, deletion).await?;
        store.remove(set, &marked.version).await
    }
}
