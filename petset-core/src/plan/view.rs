//! What the planner is told: few numbers of the declaration, and what a fresh read showed.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use crate::backend::{ClaimPhase, PodPhase};
use crate::names::{ClaimUid, Ordinal, PodUid, RevisionName, Version};
use crate::status::{OrdinalSet, Started, Ticket};
use crate::store::Cascade;
use crate::time::Timestamp;

/// The declaration, as far as decisions need it. Never a template.
#[derive(Debug, Clone)]
pub struct Desired<'a> {
    /// How many pets.
    pub replicas: u32,
    /// The first ordinal.
    pub start: Ordinal,
    /// One after the other (`OrderedReady`) or all at once (`Parallel`).
    pub ordered: bool,
    /// How new templates reach running pets.
    pub strategy: Strategy,
    /// How long a pet must be ready to count as available.
    pub min_ready: Duration,
    /// Whether claims of scaled-away pets are deleted.
    pub delete_claims_when_scaled: bool,
    /// Whether claims are deleted with the set.
    pub delete_claims_when_deleted: bool,
    /// The names of the claim templates, ascending.
    pub claim_templates: &'a [Arc<str>],
    /// How the set is to be deleted, once that has been asked for.
    pub deletion: Option<Cascade>,
    /// The revision that pets below the partition keep.
    pub current: &'a RevisionName,
    /// The revision that the others go to.
    pub update: &'a RevisionName,
    /// Whether pods wait for their claims to be bound.
    pub binds_before_use: bool,
    /// Whether nothing may be done until the set is deleted.
    pub paused: bool,
}

/// How new templates reach running pets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strategy {
    /// From the highest ordinal down.
    RollingUpdate {
        /// How many pets, counted from the first, stay on the current revision.
        partition: u32,
        /// How many may be unavailable at once; at least 1.
        max_unavailable: u32,
    },
    /// When somebody deletes the pod.
    OnDelete,
}

impl Desired<'_> {
    /// The number of pets that are wanted now: none once the set is being deleted.
    pub fn wanted(&self) -> u32 {
        if self.deletion.is_some() { 0 } else { self.replicas }
    }

    /// Whether some policy deletes claims.
    pub fn deletes_claims(&self) -> bool {
        self.delete_claims_when_scaled || self.delete_claims_when_deleted
    }

    /// Whether nothing may be done. Deleting a set ends its pause: somebody wants it gone.
    pub fn is_held(&self) -> bool {
        self.paused && self.deletion.is_none()
    }

    /// Whether `ordinal` is wanted.
    pub fn contains(&self, ordinal: Ordinal) -> bool {
        ordinal.0.checked_sub(self.start.0).is_some_and(|index| index < self.wanted())
    }

    /// How many pets stay on the current revision.
    pub fn partition(&self) -> u32 {
        match self.strategy {
            Strategy::RollingUpdate { partition, .. } => partition,
            Strategy::OnDelete => 0,
        }
    }

    /// The revision that a missing `ordinal` comes (back) on (behaviour §1.5, S11).
    pub fn revision_of(&self, ordinal: Ordinal) -> &RevisionName {
        if ordinal.0.saturating_sub(self.start.0) < self.partition() { self.current } else { self.update }
    }
}

/// What a fresh read showed, and what the status remembers.
#[derive(Debug, Clone)]
pub struct Observed<'a> {
    /// The time.
    pub now: Timestamp,
    /// Every pod of the set's name, ascending and unique by ordinal.
    pub pods: &'a [PodView],
    /// Every claim of the set's identities, ascending and unique by ordinal and template.
    pub claims: &'a [ClaimView],
    /// The tickets of the status.
    pub tickets: &'a [Ticket],
    /// The started pets of the status.
    pub started: &'a Started,
    /// The pets of the status whose claims are being deleted.
    pub deleting_claims: &'a OrdinalSet,
    /// Pets that are to be left alone for a while after failures.
    pub retries: &'a BTreeMap<Ordinal, RetryAt>,
    /// Pods that are not ready any more, and until when they are given the time to be ready again.
    pub lapses: &'a BTreeMap<Ordinal, Timestamp>,
    /// A number for everything else that names depend on: services, ports, domain.
    pub names_seed: u64,
    /// The digest of the names that were last published, by this process.
    pub published: Option<u64>,
}

impl Observed<'_> {
    /// Until when a pod that is not ready any more is given the time to be ready again; `None` when that is over, or was
    /// never ready.
    pub fn lapse(&self, pod: &PodView) -> Option<Timestamp> {
        self.lapses.get(&pod.ordinal).copied().filter(|until| *until > self.now && !pod.is_ready())
    }

    /// The pause of a pet after failures, while it lasts.
    pub fn pause(&self, ordinal: Ordinal) -> Option<&RetryAt> {
        self.retries.get(&ordinal).filter(|retry| retry.at > self.now)
    }
}

/// That a pet is to be left alone for a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetryAt {
    /// Until when.
    pub at: Timestamp,
    /// How many failures in a row led here.
    pub failures: u32,
    /// What failed.
    pub message: Arc<str>,
    /// What it failed on, where that is more than the pet.
    pub on: Option<Target>,
}

impl RetryAt {
    /// Whether it was this that failed. The claims of a pet are one: they are asked for together, and fail together.
    pub(crate) fn is_on(&self, target: &Target) -> bool {
        match (&self.on, target) {
            (Some(Target::Pod(failed)), Target::Pod(uid)) => failed == uid,
            (Some(Target::Claim(_)), Target::Claim(_)) => true,
            (Some(_) | None, _) => false,
        }
    }
}

/// What an action is about: one incarnation, or one life of a claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// A pod.
    Pod(PodUid),
    /// A claim.
    Claim(ClaimUid),
}

/// A pod, as far as decisions need it.
#[derive(Debug, Clone)]
pub struct PodView {
    /// The pet.
    pub ordinal: Ordinal,
    /// The incarnation.
    pub uid: PodUid,
    /// Its version.
    pub version: Version,
    /// Whose it is.
    pub owner: Ownership,
    /// Whether the set's selector matches its labels.
    pub selected: bool,
    /// The revision recorded at its creation.
    pub revision: Option<RevisionName>,
    /// Where it is in its life.
    pub phase: PodPhase,
    /// Since when it has been ready without a break.
    pub ready_since: Option<Timestamp>,
    /// Whether its end has been asked for.
    pub terminating: bool,
    /// False when its `initialized` annotation says `"false"`.
    pub initialized: bool,
    /// Its main address.
    pub address: Option<IpAddr>,
    /// Why it is not as it should be, in the runtime's words. Told, never decided on.
    pub trouble: Option<Arc<str>>,
}

/// Whose a pod or claim is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ownership {
    /// This life of the set's.
    Ours,
    /// An earlier life's, of a set of this name that is no more. Only pods are told apart so: claims hold data.
    Former,
    /// Nobody's.
    Nobody,
    /// Somebody else's.
    Foreign,
}

impl PodView {
    /// Ours, and selected. A pod that names the set as its owner but is not selected any more is about to be released:
    /// nothing else is done to it, and it stands for no pet (S12).
    pub fn is_ours(&self) -> bool {
        self.owner == Ownership::Ours && self.selected
    }

    /// Running and ready, terminating or not.
    pub fn is_ready(&self) -> bool {
        self.phase == PodPhase::Running && self.ready_since.is_some()
    }

    /// Ready for `min_ready`. A `min_ready` of zero reads no clock.
    pub fn is_available(&self, now: Timestamp, min_ready: Duration) -> bool {
        self.phase == PodPhase::Running
            && self.ready_since.is_some_and(|since| min_ready.is_zero() || since.after(min_ready) <= now)
    }

    /// Ended by itself.
    pub fn has_ended(&self) -> bool {
        matches!(self.phase, PodPhase::Failed | PodPhase::Succeeded)
    }
}

/// A claim, as far as decisions need it.
#[derive(Debug, Clone)]
pub struct ClaimView {
    /// The pet.
    pub ordinal: Ordinal,
    /// The claim template.
    pub template: Arc<str>,
    /// Its life.
    pub uid: ClaimUid,
    /// Whose it is.
    pub owner: Ownership,
    /// Where it is in its life.
    pub phase: ClaimPhase,
    /// Why it is not bound.
    pub message: Option<Arc<str>>,
}
