//! What all operations share, and what claims look like.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use petset_core::backend::{Claim, ClaimPhase, Hints};
use petset_core::{ClaimUid, Error, ErrorKind, Result, SetKey};

use super::engine::{self, Listed};
use super::mark::{self, Mark};
use super::options::VolumeOptions;
use super::record::{Binding, CLAIMS, ClaimRecord, Identity};
use super::state::State;
use crate::client::Client;
use crate::labels::{self, Role};
use crate::records::Records;
use crate::together::Together;

#[derive(Debug)]
pub(super) struct Core {
    pub(super) client: Client,
    pub(super) records: Records,
    pub(super) options: VolumeOptions,
    pub(super) hints: Hints,
    /// One at a time chooses among the pre-made volumes.
    pub(super) pool: tokio::sync::Mutex<()>,
    reads: Together<SetKey, Listed>,
    state: Mutex<State>,
}

impl Core {
    pub(super) async fn open(client: Client, records: Records, options: VolumeOptions) -> Result<Self> {
        let options = options.complete()?;
        let state = Mutex::new(State::load(&records).await?);
        let (hints, pool, reads) = (Hints::new(), tokio::sync::Mutex::new(()), Together::default());
        Ok(Self { client, records, options, hints, pool, reads, state })
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        // A panic inside cannot leave half a change: memory is changed after the disk, by one insertion or removal.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts the record on disk, then in memory.
    pub(super) async fn save(&self, claim: ClaimRecord) -> Result<()> {
        self.records.put(CLAIMS, &claim.identity.key(), &claim).await?;
        let set = claim.identity.set.clone();
        self.state().put(claim);
        self.hints.changed(&set);
        Ok(())
    }

    /// Removes the record from disk, then from memory.
    pub(super) async fn forget(&self, claim: &ClaimRecord) -> Result<()> {
        self.records.remove(CLAIMS, &claim.identity.key()).await?;
        self.state().remove(claim);
        self.hints.changed(&claim.identity.set);
        Ok(())
    }

    pub(super) async fn list(&self, set: &SetKey) -> Result<Vec<Claim>> {
        self.finish(|claim| claim.identity.set == *set).await;
        // First the records, then the engine: a claim that is on record had its volume before.
        let claims = self.on_record(set)?;
        let listed = self.volumes(set, &claims).await?;
        for volume in listed.found() {
            self.find_again(set, &volume.name, &volume.labels).await?;
        }
        let now = self.on_record(set)?;
        let mut seen = Vec::with_capacity(now.len());
        for claim in now {
            let is_new = !claims.iter().any(|before| before.uid == claim.uid && before.binding == claim.binding);
            // A volume made after the list was asked for is not in it.
            seen.push(if is_new { self.observe(&claim).await? } else { judge(&claim, &listed)? });
        }
        Ok(seen)
    }

    /// Whether a volume that says whose it is, is not another node's: that one has the claim (S6, S12).
    pub(super) fn is_own(&self, labels: &std::collections::HashMap<String, String>) -> bool {
        mark::node_of(labels).is_none_or(|node| self.client.is_own(node))
    }

    /// How one claim is.
    pub(super) async fn observe(&self, claim: &ClaimRecord) -> Result<Claim> {
        let names: Vec<&str> = claim.binding.iter().map(|binding| binding.volume.as_str()).collect();
        judge(claim, &engine::named(&self.client, &names).await?)
    }

    /// How a claim is whose volume was just found or made.
    pub(super) async fn observe_with(&self, claim: &ClaimRecord, found: Option<Listed>) -> Result<Claim> {
        match found {
            Some(found) => judge(claim, &found),
            None => self.observe(claim).await,
        }
    }

    /// The volume that a pod sees as this claim, which is there now. The engine would make a missing one in silence, so
    /// this is asked before a container is made that names it, and again before that container starts.
    pub(super) async fn mount(&self, set: &SetKey, name: &str, uid: Option<&ClaimUid>) -> Result<String> {
        let refused = |kind, message: String| {
            Error::new(kind, "use a volume").with_context("claim", name).with_context("set", set).with_message(message)
        };
        let found = self.state().get(set, name).cloned();
        if let Some(uid) = uid.filter(|uid| found.as_ref().is_none_or(|claim| claim.uid != **uid)) {
            return Err(refused(ErrorKind::Conflict, format!("it is not the one that was seen, {uid}")));
        }
        let Some(claim) = found else {
            return Err(refused(ErrorKind::NotFound, "there is no such claim".to_owned()));
        };
        let listed = self.volumes(set, std::slice::from_ref(&claim)).await?;
        let seen = judge(&claim, &listed)?;
        match (seen.phase, seen.volume) {
            (ClaimPhase::Bound, Some(volume)) => Ok(volume),
            (ClaimPhase::Terminating, _) => Err(refused(ErrorKind::Conflict, "it is being deleted".to_owned())),
            (ClaimPhase::Lost, _) => Err(refused(ErrorKind::Conflict, seen.message.unwrap_or_default())),
            (ClaimPhase::Bound | ClaimPhase::Pending, _) => {
                Err(refused(ErrorKind::Unavailable, seen.message.unwrap_or_else(|| "it has no volume yet".to_owned())))
            }
        }
    }

    fn on_record(&self, set: &SetKey) -> Result<Vec<ClaimRecord>> {
        let state = self.state();
        state.readable(set)?;
        Ok(state.of(set).cloned().collect())
    }

    /// The volumes with the set's labels, and those of its claims that have them not.
    async fn volumes(&self, set: &SetKey, claims: &[ClaimRecord]) -> Result<Arc<Listed>> {
        let list = engine::list(&self.client, labels::filter(Role::Claim, Some(set)));
        let ours = self.reads.read(set, list).await?;
        let bound = claims.iter().filter_map(|claim| Some(claim.binding.as_ref()?.volume.as_str()));
        let others: Vec<&str> = bound.filter(|volume| !ours.has(volume)).collect();
        if others.is_empty() {
            return Ok(ours);
        }
        let others = engine::named(&self.client, &others).await?;
        Ok(Arc::new(Listed::clone(&ours).and(others)))
    }

    /// Puts a volume on record again whose record was lost, or was never written.
    async fn find_again(
        &self,
        set: &SetKey,
        volume: &str,
        labels: &std::collections::HashMap<String, String>,
    ) -> Result<()> {
        let Some(claim) = mark::claim_of(volume, labels).filter(|claim| claim.identity.set == *set) else {
            return Ok(());
        };
        let Identity { name, set, .. } = &claim.identity;
        if self.state().named(&set.namespace, name).is_some() || !self.is_own(labels) {
            return Ok(());
        }
        let turn = self.state().turn(&set.namespace, name);
        let _turn = turn.await;
        // Meanwhile it may have been put on record, or its deletion may have ended.
        let listed = engine::named(&self.client, &[volume]).await?;
        let still = listed.get(volume)?.is_some_and(|found| Mark::read(&found.labels) == Some(Mark::of(&claim)));
        if !still || self.state().named(&set.namespace, name).is_some() {
            return Ok(());
        }
        tracing::info!(%set, claim = name, volume, "found a volume without a record");
        self.save(claim).await
    }
}

/// How a claim is, given the volumes that are there.
fn judge(claim: &ClaimRecord, listed: &Listed) -> Result<Claim> {
    let ClaimRecord { identity, uid, owner, labels: _, spec, binding, message, deleting } = claim;
    let Identity { set, template, ordinal, name } = identity;
    let (phase, message) = match binding {
        _ if *deleting => (ClaimPhase::Terminating, message.clone()),
        None => (ClaimPhase::Pending, message.clone()),
        Some(binding) => match what_is_wrong(claim, binding, listed)? {
            None => (ClaimPhase::Bound, None),
            Some(wrong) => (ClaimPhase::Lost, Some(format!("volume {} {wrong}", binding.volume))),
        },
    };
    let class = binding.as_ref().map(|binding| binding.class.clone()).or_else(|| spec.storage_class_name.clone());
    Ok(Claim {
        set: set.clone(),
        template: template.clone(),
        ordinal: *ordinal,
        name: name.clone(),
        uid: uid.clone(),
        owner: owner.clone(),
        phase,
        volume: binding.as_ref().map(|binding| binding.volume.clone()),
        capacity_bytes: binding.as_ref().map(|binding| binding.capacity_bytes),
        storage_class: class,
        message,
    })
}

fn what_is_wrong(claim: &ClaimRecord, binding: &Binding, listed: &Listed) -> Result<Option<&'static str>> {
    let Some(volume) = listed.get(&binding.volume)? else {
        return Ok(Some("is not there any more"));
    };
    let same = match &binding.pooled {
        None => Mark::read(&volume.labels) == Some(Mark::of(claim)),
        Some(looks) => engine::looks(volume) == *looks,
    };
    Ok((!same).then_some("is there, but it is another one of the same name"))
}
