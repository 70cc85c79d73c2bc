//! Holding, changing and deleting claims.

use petset_core::backend::{ClaimChange, ClaimRef, Deleted};
use petset_core::spec::Quantity;
use petset_core::{ClaimUid, Error, ErrorKind, PodUid, Result, SetKey};

use super::core::Core;
use super::record::{self, Binding, ClaimRecord, Given, Marker};
use super::state::{Slot, State};
use super::{disk, space};
use crate::files;

impl Core {
    pub(super) fn change(&self, claim: &ClaimRef, change: ClaimChange) -> Result<()> {
        let mut state = self.state();
        let Some(mut changed) = this_life(&state, claim)?.cloned() else {
            return Err(Error::new(ErrorKind::NotFound, "change a claim")
                .with_context("set", &claim.set)
                .with_context("claim", &claim.name)
                .with_message(format!("this life of it, {}, is not there", claim.uid)));
        };
        let ClaimChange { owner, storage } = change;
        let before = (changed.owner.clone(), changed.spec.clone(), changed.binding.clone());
        if let Some(storage) = storage {
            self.grow(&mut changed, storage)?;
        }
        if let Some(owner) = owner {
            changed.owner = owner;
        }
        if before == (changed.owner.clone(), changed.spec.clone(), changed.binding.clone()) {
            return Ok(());
        }
        self.save(&mut state, changed)
    }

    fn grow(&self, claim: &mut ClaimRecord, storage: Quantity) -> Result<()> {
        let refused = |message: String| {
            Error::new(ErrorKind::Invalid, "grow a claim")
                .with_context("claim", &claim.identity.name)
                .with_message(message)
        };
        let Some(wanted) = storage.bytes() else {
            return Err(refused(format!("`{storage}` is no amount")));
        };
        let now = claim.spec.storage().and_then(Quantity::bytes).unwrap_or(0);
        if wanted < now {
            return Err(refused(format!("{wanted} bytes are less than the {now} that it has; claims only grow")));
        }
        if let Some(binding) = &mut claim.binding {
            let Binding { volume, path, capacity_bytes, pooled, class: _ } = binding;
            if *pooled && wanted > *capacity_bytes {
                return Err(refused(format!("volume {volume} was made by hand and holds {capacity_bytes} bytes")));
            }
            if !*pooled && wanted > *capacity_bytes {
                space::check(&self.dir.join(path), wanted - *capacity_bytes, self.options.reserve_bytes)?;
                *capacity_bytes = wanted;
            }
        }
        claim.spec.resources.requests.insert("storage".to_owned(), storage);
        Ok(())
    }

    pub(super) fn delete(&self, claim: &ClaimRef) -> Result<Deleted> {
        let mut state = self.state();
        let Some(found) = this_life(&state, claim)?.cloned() else { return Ok(Deleted::AlreadyGone) };
        if !found.deleting {
            self.save(&mut state, ClaimRecord { deleting: true, ..found })?;
        }
        // From here on the end is on record, and what fails now is tried again by every later look.
        self.finish_all(&mut state, Some(&claim.set));
        Ok(Deleted::Started)
    }

    pub(super) fn hold_life(&self, set: &SetKey, name: &str, uid: &ClaimUid, pod: &PodUid) -> Result<()> {
        let mut state = self.state();
        let reference = ClaimRef { set: set.clone(), name: name.to_owned(), uid: uid.clone() };
        if this_life(&state, &reference)?.is_none_or(|claim| claim.deleting) {
            return Err(Error::new(ErrorKind::Conflict, "use a claim")
                .with_context("claim", name)
                .with_message(format!("it is not the one that was seen, {uid}, or it is ending")));
        }
        state.holds.entry((set.clone(), name.to_owned())).or_default().insert(pod.clone());
        Ok(())
    }

    pub(super) fn hold(&self, set: &SetKey, name: &str, pod: &PodUid) {
        self.state().holds.entry((set.clone(), name.to_owned())).or_default().insert(pod.clone());
    }

    pub(super) fn release(&self, set: &SetKey, name: &str, pod: &PodUid) {
        let mut state = self.state();
        let key = (set.clone(), name.to_owned());
        if let Some(pods) = state.holds.get_mut(&key) {
            pods.remove(pod);
            if pods.is_empty() {
                state.holds.remove(&key);
            }
        }
        self.finish_all(&mut state, Some(set));
    }

    /// Holds whatever may be a claim of the pod of this name, also claims whose own record cannot be read.
    pub(super) fn hold_all_of(&self, namespace: &str, pod: &str) {
        let ending = format!("-{pod}");
        let holder = PodUid::new("of an unreadable record");
        let mut state = self.state();
        let claims: Vec<_> = state
            .sets
            .iter()
            .filter(|(set, _)| *set.namespace == *namespace && set.ordinal_of_pod(pod).is_some())
            .flat_map(|(set, claims)| claims.keys().map(|name| (set.clone(), name.clone())))
            .filter(|(_, name)| name.ends_with(&ending))
            .collect();
        for claim in claims {
            state.holds.entry(claim).or_default().insert(holder.clone());
        }
    }

    pub(super) fn settle(&self) {
        let mut state = self.state();
        state.settled = true;
        self.finish_all(&mut state, None);
    }

    /// Ends every claim that is to be deleted and that nobody holds.
    pub(super) fn finish_all(&self, state: &mut State, only: Option<&SetKey>) {
        if !state.settled {
            return;
        }
        let sets: Vec<_> = match only {
            Some(set) => state.sets.get(set).into_iter().collect(),
            None => state.sets.values().collect(),
        };
        let ended: Vec<ClaimRecord> = sets
            .into_iter()
            .flat_map(|claims| claims.values())
            .filter_map(|slot| match slot {
                Slot::Known(claim) if claim.deleting => Some(&**claim),
                Slot::Known(_) | Slot::Unreadable(_) => None,
            })
            .filter(|claim| !state.is_held(&claim.identity.set, &claim.identity.name))
            .cloned()
            .collect();
        for claim in ended {
            if let Err(error) = self.finish(state, &claim) {
                let name = &claim.identity.name;
                tracing::warn!(claim = name, error = %error.chain(), "deletion of a claim not complete, tried again");
            }
        }
    }

    fn finish(&self, state: &mut State, claim: &ClaimRecord) -> Result<()> {
        let mut trash = None;
        match &claim.binding {
            Some(binding) if binding.pooled => self.free(state, claim, binding)?,
            Some(binding) => {
                let volume = self.volume_path(binding);
                // A directory that is not the claim's any more is not the claim's to delete.
                let marker = record::read::<Marker>(&disk::marker_of(&volume))?;
                if marker.is_some_and(|marker| marker.uid == claim.uid) {
                    trash = disk::discard(&volume, &claim.uid)?;
                }
            }
            None => {}
        }
        let path = self.claim_path(&claim.identity);
        files::remove_durably(&path).map_err(|error| files::failed("delete a claim", &path, error))?;
        state.remove(&claim.identity.set, &claim.identity.name);
        self.changed(&claim.identity.set);
        disk::remove_later(trash.into_iter().collect());
        Ok(())
    }

    /// A pre-made volume keeps its data and stays given, to nobody any more.
    fn free(&self, state: &mut State, claim: &ClaimRecord, binding: &Binding) -> Result<()> {
        let given = Given { marker: claim.marker(), path: self.volume_path(binding), released: true };
        record::write(&self.pool_path(&binding.volume), &given)?;
        state.pool.insert(binding.volume.clone(), Some(given));
        Ok(())
    }

    pub(super) fn released(&self) -> Vec<String> {
        let state = self.state();
        let released = state.pool.iter().filter(|(_, given)| given.as_ref().is_some_and(|given| given.released));
        released.map(|(name, _)| name.clone()).collect()
    }

    pub(super) fn scrub(&self, volume: &str) -> Result<()> {
        let refused = |kind, message: &str| {
            Error::new(kind, "scrub a volume").with_context("volume", volume).with_message(message)
        };
        let mut state = self.state();
        let given = match state.pool.get(volume) {
            None => return Err(refused(ErrorKind::NotFound, "no claim ever had a volume of this name")),
            Some(None) => return Err(refused(ErrorKind::Corrupt, "whose it is cannot be read")),
            Some(Some(given)) if !given.released => {
                let claim = format!("it is the volume of claim {}", given.marker.identity.name);
                return Err(refused(ErrorKind::Conflict, &claim));
            }
            Some(Some(given)) => given.clone(),
        };
        disk::wipe(&given.path, &given.marker)?;
        self.take_back(&mut state, volume)?;
        drop(state);
        self.bind_pending();
        Ok(())
    }
}

/// The record of exactly this life of a claim.
fn this_life<'s>(state: &'s State, claim: &ClaimRef) -> Result<Option<&'s ClaimRecord>> {
    match state.get(&claim.set, &claim.name) {
        Some(Slot::Known(found)) if found.uid == claim.uid => Ok(Some(found)),
        Some(Slot::Unreadable(path)) => Err(record::corrupt(path)),
        Some(Slot::Known(_)) | None => Ok(None),
    }
}
