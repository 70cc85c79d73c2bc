//! [`FakeVolumes`]: the claims and volumes of a world.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use petset_core::backend::{
    Claim, ClaimChange, ClaimPhase, ClaimRef, ClaimRequest, Created, Deleted, VolumeCapabilities, VolumeProvisioner,
    WatchStream,
};
use petset_core::manifest::Violation;
use petset_core::spec::{ClaimSpec, ClaimTemplate, Quantity};
use petset_core::{ClaimUid, Error, ErrorKind, Ordinal, Result, SetKey};

use super::effect::Effect;
use super::pods::damaged;
use super::request::Request;
use super::shared::{Shared, Source};
use super::state::State;
use super::watches::Place;

/// The claims and volumes of a [`FakeWorld`](super::FakeWorld).
///
/// A claim is bound at once to a volume of its own, or, when its class is the empty one, to a pre-made volume that fits.
#[derive(Debug, Clone)]
pub struct FakeVolumes {
    pub(super) world: Shared,
    pub(super) place: Place,
}

#[async_trait]
impl VolumeProvisioner for FakeVolumes {
    fn capabilities(&self) -> VolumeCapabilities {
        let mut capabilities = VolumeCapabilities::default();
        capabilities.binds_before_use = true;
        capabilities.grow = true;
        capabilities.tells_losses = true;
        capabilities
    }

    fn check(&self, template: &ClaimTemplate) -> Vec<Violation> {
        refused(&self.world.lock(), &template.spec)
    }

    async fn list(&self, set: &SetKey) -> Result<Vec<Claim>> {
        let (key, place) = (set.clone(), self.place.clone());
        let list = move |state: &mut State| {
            if state.damaged_claims.contains(&key) {
                return Err(damaged("list claims", &key));
            }
            state.watches.listed(Source::Claims, &place, || state.claim_hints.watch());
            Ok(state.claims.get(&key).map_or_else(Vec::new, |claims| claims.values().cloned().collect()))
        };
        self.world.request(Request::ListClaims(set.clone()), list).await
    }

    async fn provision(&self, request: ClaimRequest) -> Result<Created<Claim>> {
        self.world.request(Request::Provision(request.clone()), |state| provision(state, request)).await
    }

    async fn change(&self, claim: &ClaimRef, change: ClaimChange) -> Result<()> {
        let (claim, request) = (claim.clone(), Request::ChangeClaim(claim.clone(), change.clone()));
        self.world.request(request, move |state| change_claim(state, &claim, change)).await
    }

    async fn delete(&self, claim: &ClaimRef) -> Result<Deleted> {
        let (claim, request) = (claim.clone(), Request::DeleteClaim(claim.clone()));
        self.world.request(request, move |state| Ok(delete(state, &claim))).await
    }

    fn watch(&self) -> WatchStream {
        let hints = self.world.lock().claim_hints.clone();
        self.world.watch(Source::Claims, &self.place, || hints.watch())
    }
}

/// What of this claim is refused.
fn refused(state: &State, spec: &ClaimSpec) -> Vec<Violation> {
    let class = spec.storage_class_name.as_ref().filter(|class| state.refused_classes.contains(*class));
    let of_class =
        class.map(|class| Violation::new("spec.storageClassName", class, "another class; this one is refused"));
    state.refused_claims.iter().cloned().chain(of_class).collect()
}

pub(crate) fn provision(state: &mut State, request: ClaimRequest) -> Result<Created<Claim>> {
    let ClaimRequest { set, template, ordinal, name, owner, labels: _, annotations: _, spec } = request;
    let id = (Arc::clone(&set.namespace), name.clone());
    let place = (ordinal, template.clone());
    if let Some((holder, held)) = state.claim_names.get(&id) {
        if (holder, held) != (&set, &place) {
            return Err(Error::new(ErrorKind::AlreadyExists, "provision a claim")
                .with_context("claim", name)
                .with_message(format!("the name belongs to pet {} of set {holder}", held.0)));
        }
        if let Some(claim) = state.claims.get(&set).and_then(|claims| claims.get(&place)) {
            return Ok(Created::AlreadyThere(claim.clone()));
        }
    }
    if let Some(refused) = refused(state, &spec).first() {
        return Err(Error::new(ErrorKind::Unsupported, "provision a claim")
            .with_context("claim", name)
            .with_message(refused.to_string()));
    }
    let Some(wanted) = spec.storage().and_then(Quantity::bytes).filter(|bytes| *bytes > 0) else {
        return Err(Error::new(ErrorKind::Invalid, "provision a claim")
            .with_context("claim", name)
            .with_message("spec.resources.requests.storage is no amount above zero"));
    };
    let mut claim = Claim {
        uid: state.next_claim_uid(),
        owner,
        phase: ClaimPhase::Pending,
        volume: None,
        capacity_bytes: None,
        storage_class: spec.storage_class_name.clone(),
        message: None,
        set: set.clone(),
        template,
        ordinal,
        name,
    };
    bind(state, &mut claim, &spec, wanted);
    let reference = claim.reference();
    state.wanted.insert(claim.uid.clone(), wanted);
    state.claim_names.insert(id, (set.clone(), place.clone()));
    state.claims.entry(set.clone()).or_default().insert(place, claim.clone());
    state.record(Effect::ClaimCreated { claim: reference });
    state.start_pod(&set, ordinal);
    Ok(Created::New(claim))
}

fn bind(state: &mut State, claim: &mut Claim, spec: &ClaimSpec, wanted: u64) {
    if spec.storage_class_name.as_deref() != Some("") {
        claim.phase = ClaimPhase::Bound;
        claim.volume = Some(format!("volume-of-{}", claim.uid));
        claim.capacity_bytes = Some(wanted);
        return;
    }
    let fits = |(name, size): &(&String, &u64)| {
        **size >= wanted && spec.volume_name.as_ref().is_none_or(|wanted| wanted == *name)
    };
    match state.free_volumes.iter().find(fits).map(|(name, size)| (name.clone(), *size)) {
        Some((volume, size)) => {
            state.free_volumes.remove(&volume);
            claim.phase = ClaimPhase::Bound;
            claim.volume = Some(volume);
            claim.capacity_bytes = Some(size);
        }
        None => claim.message = Some(format!("no pre-made volume of at least {wanted} bytes is free")),
    }
}

fn change_claim(state: &mut State, reference: &ClaimRef, change: ClaimChange) -> Result<()> {
    let ClaimChange { owner, storage } = change;
    let operation = "change a claim";
    let Some(claim) = life(state, reference) else {
        return Err(Error::new(ErrorKind::NotFound, operation)
            .with_context("claim", &reference.name)
            .with_context("uid", &reference.uid));
    };
    let (mut next, before) = (claim.clone(), claim.clone());
    if let Some(owner) = owner {
        next.owner = owner;
    }
    if let Some(storage) = storage {
        let refused = |what: &str| {
            Error::new(ErrorKind::Invalid, operation)
                .with_context("claim", &reference.name)
                .with_message(format!("{storage} is {what}"))
        };
        let now = state.wanted.get(&reference.uid).copied();
        let bytes = storage.bytes().filter(|bytes| Some(*bytes) >= now).ok_or_else(|| refused("no larger size"))?;
        let pre_made = before.storage_class.as_deref() == Some("");
        if pre_made && before.capacity_bytes.is_some_and(|capacity| bytes > capacity) {
            return Err(refused("more than its pre-made volume holds"));
        }
        next.capacity_bytes = before.capacity_bytes.map(|capacity| capacity.max(bytes));
        state.wanted.insert(reference.uid.clone(), bytes);
    }
    if next != before
        && let Some(claim) = life(state, reference)
    {
        *claim = next;
        state.record(Effect::ClaimChanged { claim: reference.clone() });
    }
    Ok(())
}

pub(crate) fn delete(state: &mut State, reference: &ClaimRef) -> Deleted {
    let Some(claim) = life(state, reference) else { return Deleted::AlreadyGone };
    if claim.phase != ClaimPhase::Terminating {
        claim.phase = ClaimPhase::Terminating;
        let (set, ordinal) = (claim.set.clone(), claim.ordinal);
        state.record(Effect::ClaimDeletionStarted { claim: reference.clone() });
        state.finish_claims(&set, ordinal);
    }
    Deleted::Started
}

/// The claim, if the reference names the life that it has now.
fn life<'s>(state: &'s mut State, reference: &ClaimRef) -> Option<&'s mut Claim> {
    let id = (Arc::clone(&reference.set.namespace), reference.name.clone());
    let (set, place) = state.claim_names.get(&id)?;
    let claim = state.claims.get_mut(set)?.get_mut(place)?;
    (claim.uid == reference.uid && claim.set == reference.set).then_some(claim)
}

impl State {
    /// The set's claim of this name. One of that name may be another set's.
    fn claim_of_name(&self, set: &SetKey, claim: &str) -> Option<&Claim> {
        let (holder, place) = self.claim_names.get(&(Arc::clone(&set.namespace), claim.to_owned()))?;
        self.claims.get(holder).filter(|_| holder == set)?.get(place)
    }

    pub(crate) fn is_bound(&self, set: &SetKey, claim: &str) -> bool {
        self.claim_of_name(set, claim).is_some_and(|claim| claim.phase == ClaimPhase::Bound)
    }

    /// Whether the claim of this name has this life and is not ending.
    pub(super) fn is_life_of(&self, set: &SetKey, claim: &str, uid: &ClaimUid) -> bool {
        self.claim_of_name(set, claim).is_some_and(|claim| claim.uid == *uid && claim.phase != ClaimPhase::Terminating)
    }

    /// Removes the claims of one identity that are to be deleted and that no pod uses any more.
    pub(super) fn finish_claims(&mut self, set: &SetKey, ordinal: Ordinal) {
        let in_use = |name: &String| {
            self.running(set, ordinal).is_some_and(|running| running.claims.values().any(|used| used == name))
        };
        let Some(claims) = self.claims.get(set) else { return };
        let of_pet = claims.range((ordinal, String::new())..).take_while(|((found, _), _)| *found == ordinal);
        let gone: Vec<ClaimRef> = of_pet
            .map(|(_, claim)| claim)
            .filter(|claim| claim.phase == ClaimPhase::Terminating && !in_use(&claim.name))
            .map(Claim::reference)
            .collect();
        for claim in gone {
            self.end_claim(&claim);
        }
    }

    pub(super) fn end_claim(&mut self, claim: &ClaimRef) {
        self.wanted.remove(&claim.uid);
        let id = (Arc::clone(&claim.set.namespace), claim.name.clone());
        let Some((set, place)) = self.claim_names.remove(&id) else { return };
        if let Some(claims) = self.claims.get_mut(&set) {
            claims.remove(&place);
            if claims.is_empty() {
                self.claims.remove(&set);
            }
        }
        self.record(Effect::ClaimEnded { claim: claim.clone() });
    }

    /// Adds a pre-made volume and gives it to the first pending claim that it fits.
    pub(super) fn add_volume(&mut self, name: &str, bytes: u64) {
        let fits = |claim: &Claim| self.wanted.get(&claim.uid).is_none_or(|wanted| *wanted <= bytes);
        let waits = |claim: &&mut Claim| claim.phase == ClaimPhase::Pending && fits(claim);
        let Some(claim) = self.claims.values_mut().flat_map(BTreeMap::values_mut).find(waits) else {
            self.free_volumes.insert(name.to_owned(), bytes);
            return;
        };
        claim.phase = ClaimPhase::Bound;
        claim.volume = Some(name.to_owned());
        claim.capacity_bytes = Some(bytes);
        claim.message = None;
        let (set, ordinal) = (claim.set.clone(), claim.ordinal);
        self.claim_hints.changed(&set);
        self.start_pod(&set, ordinal);
    }
}
