//! What people do to single pets and their claims.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{IntoKey, Sets};
use crate::INITIALIZED;
use crate::backend::{
    DeleteOptions, Deleted, NameResolver, Pod, PodBackend, PodChange, ResolvedName, VolumeProvisioner,
};
use crate::error::{Error, ErrorKind, Result};
use crate::names::{ClaimUid, Ordinal, SetKey};
use crate::status::Started;

impl Sets {
    /// The pod of one pet as it is now.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] when the pet has no pod.
    pub async fn pod(&self, key: impl IntoKey, ordinal: Ordinal) -> Result<Pod> {
        let key = key.into_key()?;
        let pods = self.backends().pods.list(&key).await?;
        pods.into_iter()
            .find(|pod| pod.ordinal == ordinal)
            .ok_or_else(|| Error::new(ErrorKind::NotFound, "find a pod").with_context("pod", key.pod_name(ordinal)))
    }

    /// Deletes the pod that the pet has now, and no other; the controller brings the pet back. No budget holds this:
    /// somebody wants it so.
    pub async fn delete_pod(&self, key: impl IntoKey, ordinal: Ordinal) -> Result<Deleted> {
        let pod = self.pod(key, ordinal).await?;
        self.backends().pods.delete(&pod.reference(), DeleteOptions::default()).await
    }

    /// Sets (`Some`) or removes (`None`) annotations of the pod that the pet has now.
    pub async fn annotate_pod(
        &self,
        key: impl IntoKey,
        ordinal: Ordinal,
        annotations: BTreeMap<String, Option<String>>,
    ) -> Result<()> {
        let pod = self.pod(key, ordinal).await?;
        let change = PodChange { annotations, ..PodChange::default() };
        self.backends().pods.update(&pod.reference(), change).await?;
        self.shared.queue.add(pod.set);
        Ok(())
    }

    /// Says that a pet is initialized, or that it is not: while any pet is not, no pet after it is created, none is
    /// scaled away and no ready pod is replaced.
    pub async fn set_initialized(&self, key: impl IntoKey, ordinal: Ordinal, initialized: bool) -> Result<()> {
        let annotation = (INITIALIZED.to_owned(), Some(initialized.to_string()));
        self.annotate_pod(key, ordinal, BTreeMap::from([annotation])).await
    }

    /// Deletes one claim of a pet, **with its data** where the storage class says so. A claim in use goes when its pod
    /// is gone. The pet's next pod then starts with an empty volume: this is how one says that this is meant (S7).
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] when the pet has no such claim and never had. After any other error, and when the future
    /// is dropped, the claim may be gone and its pet not forgotten yet: the pet then waits, and a second call lets it
    /// start.
    pub async fn delete_claim(&self, key: impl IntoKey, template: &str, ordinal: Ordinal) -> Result<Deleted> {
        let key = key.into_key()?;
        let claims = self.backends().volumes.list(&key).await?;
        let claim = claims.into_iter().find(|claim| claim.ordinal == ordinal && claim.template == template);
        let deleted = match &claim {
            Some(claim) => self.backends().volumes.delete(&claim.reference()).await?,
            None => Deleted::AlreadyGone,
        };
        // Only now: while the claim stood as it was, its running pod would have counted as started again.
        if claim.is_some() {
            self.forget_started(&key, ordinal).await?;
        } else if !self.change_started(&key, |started| started.remove(ordinal)).await? {
            let name = key.claim_name(template, ordinal);
            return Err(Error::new(ErrorKind::NotFound, "find a claim").with_context("claim", name));
        }
        self.shared.queue.add(key);
        Ok(deleted)
    }

    /// Says that the claims which a pet has now are its own, although it ran on others before: somebody restored them
    /// under their names. The pet's next pod then starts on them (S7).
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] when there is no such set, or the pet has no claim.
    pub async fn accept_claims(&self, key: impl IntoKey, ordinal: Ordinal) -> Result<()> {
        let key = key.into_key()?;
        let claims = self.backends().volumes.list(&key).await?;
        let own = claims.into_iter().filter(|claim| claim.ordinal == ordinal);
        let own: Vec<(Arc<str>, ClaimUid)> = own.map(|claim| (claim.template.into(), claim.uid)).collect();
        let not_found = |what| Error::new(ErrorKind::NotFound, what).with_context("pet", key.pod_name(ordinal));
        if own.is_empty() {
            return Err(not_found("find the claims of a pet"));
        }
        let accepted = self.change_started(&key, |started| {
            started.insert(ordinal, own.clone());
            true
        });
        if !accepted.await? {
            return Err(not_found("find the set of a pet"));
        }
        self.shared.queue.add(key);
        Ok(())
    }

    /// From now on the pet counts as one that never ran, also where a pass is about to say otherwise: one that saw the
    /// claim before its deletion and remembers that the pet starts on it. Its write must fail, and so the set gets a new
    /// version in any case: a pet that nobody remembers first counts as one that ran on claims that nobody knows.
    async fn forget_started(&self, key: &SetKey, ordinal: Ordinal) -> Result<()> {
        let ran = |started: &mut Started| {
            let is_new = !started.contains(ordinal);
            if is_new {
                started.insert(ordinal, []);
            }
            is_new
        };
        self.change_started(key, ran).await?;
        // Whoever forgets the pet in between has given the set a new version too.
        self.change_started(key, |started| started.remove(ordinal)).await?;
        Ok(())
    }

    /// False when there is no such set, or nothing to change.
    async fn change_started(&self, key: &SetKey, change: impl Fn(&mut Started) -> bool) -> Result<bool> {
        let store = &self.backends().store;
        loop {
            let Some(stored) = store.get(key).await? else { return Ok(false) };
            let mut status = stored.status;
            if !change(&mut status.started) {
                return Ok(false);
            }
            match store.update_status(key, &stored.version, status).await {
                Ok(_) => return Ok(true),
                Err(error) if error.is_conflict() => tokio::task::yield_now().await,
                Err(error) => return Err(error),
            }
        }
    }

    /// Resolves a full name as a pod would, for example `web-0.nginx.default.svc.cluster.local`.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] when there is no such name. On Kubernetes [`ErrorKind::Forbidden`] without the right to get
    /// `endpoints`, which a controller does not need.
    pub async fn resolve(&self, name: &str) -> Result<ResolvedName> {
        self.backends().names.resolve(name).await
    }
}
