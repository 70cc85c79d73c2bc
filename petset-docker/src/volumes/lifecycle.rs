//! Changing and deleting claims.

use petset_core::backend::{ClaimChange, ClaimRef, Deleted};
use petset_core::spec::Quantity;
use petset_core::{Error, ErrorKind, Result};

use super::core::Core;
use super::engine::{self, Removed};
use super::mark::Mark;
use super::record::{Binding, ClaimRecord, Identity, RELEASED};
use crate::labels;

impl Core {
    pub(super) async fn change(&self, claim: &ClaimRef, change: ClaimChange) -> Result<()> {
        let turn = self.state().turn(&claim.set.namespace, &claim.name);
        let _turn = turn.await;
        let Some(mut changed) = self.this_life(claim)? else {
            return Err(Error::new(ErrorKind::NotFound, "change a claim").with_context("claim", &claim.name));
        };
        let before = changed.clone();
        let ClaimChange { owner, storage } = change;
        if let Some(size) = storage {
            self.grow(&mut changed, &size)?;
        }
        if let Some(owner) = owner {
            changed.owner = owner;
        }
        if changed == before { Ok(()) } else { self.save(changed).await }
    }

    /// No engine makes a volume larger. One of a class without a size of its own is as large as what it lies on, and so
    /// only the promise grows.
    fn grow(&self, claim: &mut ClaimRecord, size: &Quantity) -> Result<()> {
        let refused = |kind, message: &str| {
            Error::new(kind, "grow a claim")
                .with_context("claim", &claim.identity.name)
                .with_context("size", size)
                .with_message(message)
        };
        let Some(bytes) = size.bytes().filter(|bytes| *bytes > 0) else {
            return Err(refused(ErrorKind::Invalid, "it is no amount above zero"));
        };
        let Some(Binding { volume: _, class, capacity_bytes, pooled }) = &claim.binding else {
            return Err(refused(ErrorKind::Unavailable, "the claim has no volume yet"));
        };
        if bytes < *capacity_bytes {
            return Err(refused(ErrorKind::Invalid, "a volume never shrinks"));
        }
        let fixed = pooled.is_some() || self.options.classes.get(class).is_none_or(super::StorageClass::is_fixed);
        if fixed && bytes > *capacity_bytes {
            return Err(refused(ErrorKind::Unsupported, "the engine cannot make this volume larger"));
        }
        claim.spec.resources.requests.insert("storage".to_owned(), size.clone());
        if let Some(binding) = &mut claim.binding {
            binding.capacity_bytes = bytes;
        }
        Ok(())
    }

    pub(super) async fn delete(&self, claim: &ClaimRef) -> Result<Deleted> {
        let turn = self.state().turn(&claim.set.namespace, &claim.name);
        let _turn = turn.await;
        let Some(mut found) = self.this_life(claim)? else { return Ok(Deleted::AlreadyGone) };
        if !found.deleting {
            found.deleting = true;
            self.save(found.clone()).await?;
        }
        self.try_to_end(&found).await;
        Ok(Deleted::Started)
    }

    /// Ends every claim of these whose deletion was asked for and that no container uses any more.
    pub(super) async fn finish(&self, which: impl Fn(&ClaimRecord) -> bool) {
        let deleting: Vec<Identity> = self
            .state()
            .all()
            .filter(|claim| claim.deleting && which(claim))
            .map(|claim| claim.identity.clone())
            .collect();
        for Identity { set, name, .. } in deleting {
            let turn = self.state().turn(&set.namespace, &name);
            let _turn = turn.await;
            let claim = self.state().get(&set, &name).filter(|claim| claim.deleting).cloned();
            if let Some(claim) = claim {
                self.try_to_end(&claim).await;
            }
        }
    }

    async fn try_to_end(&self, claim: &ClaimRecord) {
        if let Err(error) = self.end(claim).await {
            let name = &claim.identity.name;
            tracing::warn!(claim = name, error = %error.chain(), "the deletion of a claim is not complete, tried again");
        }
    }

    async fn end(&self, claim: &ClaimRecord) -> Result<()> {
        match &claim.binding {
            Some(Binding { volume, pooled: Some(_), .. }) => {
                // It keeps its data and its lock, and is on record as free for nobody.
                let users = engine::users(&self.client, volume).await?;
                if !users.is_empty() {
                    return self.waits_for(claim, &users).await;
                }
                self.records.put(RELEASED, volume, &claim.uid.to_string()).await?;
                self.state().released.insert(volume.clone(), claim.uid.to_string());
            }
            Some(Binding { volume, pooled: None, .. }) => {
                let listed = engine::named(&self.client, &[volume]).await?;
                // A volume that is not the claim's any more is not the claim's to delete.
                let ours = listed.get(volume)?.is_some_and(|found| Mark::read(&found.labels) == Some(Mark::of(claim)));
                if ours && engine::remove(&self.client, volume).await? == Removed::InUse {
                    return self.waits_for(claim, &engine::users(&self.client, volume).await?).await;
                }
            }
            None => {}
        }
        self.forget(claim).await
    }

    /// Says who keeps a claim from going.
    async fn waits_for(&self, claim: &ClaimRecord, users: &[String]) -> Result<()> {
        let message =
            Some(format!("it goes when no container has its volume any more; now {} has it", users.join(", ")));
        if claim.message == message { Ok(()) } else { self.save(ClaimRecord { message, ..claim.clone() }).await }
    }

    /// Makes a pre-made volume free again whose claim is gone. Removing its data is up to who asks.
    pub(super) async fn scrub(&self, volume: &str) -> Result<()> {
        self.free(volume).await?;
        self.bind_pending().await;
        Ok(())
    }

    /// Removes the lock of the claim that is gone, if it is there, and then the record that the volume waits: as long as
    /// that stands nobody gets the volume, and this can be tried again.
    async fn free(&self, volume: &str) -> Result<()> {
        let _nobody_chooses = self.pool.lock().await;
        let Some(gone) = self.state().released.get(volume).cloned() else {
            return Err(Error::new(ErrorKind::NotFound, "free a volume")
                .with_context("volume", volume)
                .with_message("it waits for nobody: no claim had it, or one still has it"));
        };
        let lock = labels::pool_lock(volume);
        let listed = engine::named(&self.client, &[&lock]).await?;
        let is_of_gone =
            listed.get(&lock)?.and_then(|lock| Mark::read(&lock.labels)).is_some_and(|mark| mark.uid.as_str() == gone);
        if is_of_gone && engine::remove(&self.client, &lock).await? == Removed::InUse {
            return Err(Error::new(ErrorKind::Conflict, "free a volume")
                .with_context("volume", volume)
                .with_message(format!("a container uses {lock}")));
        }
        self.records.remove(RELEASED, volume).await?;
        self.state().released.remove(volume);
        Ok(())
    }

    /// The record of exactly this life of a claim.
    fn this_life(&self, claim: &ClaimRef) -> Result<Option<ClaimRecord>> {
        let state = self.state();
        state.readable(&claim.set)?;
        Ok(state.get(&claim.set, &claim.name).filter(|found| found.uid == claim.uid).cloned())
    }
}
