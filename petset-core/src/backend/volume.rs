//! [`VolumeProvisioner`]: where data lives.

use std::collections::BTreeMap;
use std::fmt::Debug;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::{Created, Deleted, WatchStream};
use crate::error::Result;
use crate::manifest::Violation;
use crate::names::{ClaimUid, Ordinal, SetKey, SetUid};
use crate::spec::{ClaimSpec, ClaimTemplate, Quantity};

/// Where data lives.
///
/// # Guarantees that every implementation gives
/// * A claim is bound to one volume for life; a bound volume is handed to nobody else (S5).
/// * Nothing is deleted but by [`delete`](Self::delete) (S6).
/// * A claim whose volume vanished is listed as [`ClaimPhase::Lost`], where the backend can tell; it is never bound
///   again to an empty one (S7).
///
/// # Cancellation
/// Dropping a future may leave its effect done, not done, or to be done late, never half done. The next pass reads
/// again.
#[async_trait]
pub trait VolumeProvisioner: Debug + Send + Sync + 'static {
    /// What this provisioner can do. Constant for its life.
    fn capabilities(&self) -> VolumeCapabilities;

    /// What of this claim template the provisioner cannot honour, by field path relative to the template.
    ///
    /// # Behavior
    /// - `check_claim_names_every_refused_field`.
    fn check(&self, template: &ClaimTemplate) -> Vec<Violation>;

    /// Every claim of the set's identities, also of ordinals that are out of range now.
    ///
    /// It may show an earlier moment than that of the question. Also then every claim that is there is in it, terminating or
    /// lost if it is, and with all that an acknowledged request of this process made of it.
    ///
    /// # Behavior
    /// - `list_claims_shows_every_identity`: bound, pending, lost and terminating ones.
    /// - `list_claims_is_complete_or_an_error`.
    /// - `list_claims_is_the_same_in_a_later_instance`: claims outlive the process that made them (S19).
    async fn list(&self, set: &SetKey) -> Result<Vec<Claim>>;

    /// Claims a volume for one identity: takes a pre-made one or makes one.
    ///
    /// # Behavior
    /// - `provision_of_a_new_claim_is_new`: it is listed afterwards.
    /// - `provision_of_a_known_claim_changes_nothing`: [`Created::AlreadyThere`], whatever the request says; content
    ///   and binding stay as they are.
    /// - `provision_without_a_match_is_pending`: where only pre-made volumes serve and none fits, the claim is
    ///   [`ClaimPhase::Pending`] with a message that says what is missing.
    /// - `provision_refuses_a_foreign_name`: a claim of that name that belongs to another identity is an
    ///   already-exists error.
    async fn provision(&self, request: ClaimRequest) -> Result<Created<Claim>>;

    /// Changes the owner or the size of a claim.
    ///
    /// # Behavior
    /// - `change_claim_of_another_life_is_not_found`.
    /// - `grow_keeps_the_content`.
    /// - `grow_is_refused_where_it_cannot_be`: without [`VolumeCapabilities::grow`] a size is an unsupported error, and
    ///   nothing changes.
    async fn change(&self, claim: &ClaimRef, change: ClaimChange) -> Result<()>;

    /// Deletes a claim and, where the class says so, its data. A claim in use is marked terminating and goes when its
    /// pod is gone.
    ///
    /// # Behavior
    /// - `delete_claim_of_another_life_is_already_gone`.
    /// - `delete_claim_in_use_waits`: it is [`ClaimPhase::Terminating`] until its pod is gone.
    async fn delete(&self, claim: &ClaimRef) -> Result<Deleted>;

    /// Hints about changes from now on.
    ///
    /// # Behavior
    /// - `watch_claims_hints_at_every_change`: a change of a claim after the call is followed by a hint of its set or
    ///   a gap; the loss of its volume where [`VolumeCapabilities::tells_losses`] says so.
    fn watch(&self) -> WatchStream;
}

/// What a [`VolumeProvisioner`] can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct VolumeCapabilities {
    /// A claim is bound before a pod uses it. When false, a pod is created while its claims are pending, as Kubernetes
    /// does for classes that wait for the first consumer.
    pub binds_before_use: bool,
    /// Claims can grow.
    pub grow: bool,
    /// A volume that vanishes is hinted at. When false, it is seen when somebody looks.
    pub tells_losses: bool,
}

/// One life of a claim, named exactly.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ClaimRef {
    /// The namespace is the set's.
    pub set: SetKey,
    /// The claim's name.
    pub name: String,
    /// Its life.
    pub uid: ClaimUid,
}

/// What is claimed, and for whom.
#[derive(Debug, Clone, PartialEq)]
pub struct ClaimRequest {
    /// The set.
    pub set: SetKey,
    /// The claim template's name.
    pub template: String,
    /// The pet.
    pub ordinal: Ordinal,
    /// The claim's name, `<template>-<set>-<ordinal>`.
    pub name: String,
    /// The set's life that owns the claim, when the retention policy deletes it some day.
    pub owner: Option<SetUid>,
    /// Labels of the claim.
    pub labels: BTreeMap<String, String>,
    /// Annotations of the claim.
    pub annotations: BTreeMap<String, String>,
    /// What is claimed.
    pub spec: ClaimSpec,
}

/// What to change about a claim. `None` leaves a thing as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ClaimChange {
    /// The new owner; `Some(None)` removes it.
    pub owner: Option<Option<SetUid>>,
    /// The new, larger size.
    pub storage: Option<Quantity>,
}

/// A claim as seen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Claim {
    /// The set.
    pub set: SetKey,
    /// The claim template's name.
    pub template: String,
    /// The pet.
    pub ordinal: Ordinal,
    /// The claim's name.
    pub name: String,
    /// Its life.
    pub uid: ClaimUid,
    /// The set's life that owns it.
    pub owner: Option<SetUid>,
    /// Where it is in its life.
    pub phase: ClaimPhase,
    /// Which volume it is bound to.
    pub volume: Option<String>,
    /// How large that volume is, in bytes, where known.
    pub capacity_bytes: Option<u64>,
    /// The class that made the volume.
    pub storage_class: Option<String>,
    /// Why it is not bound.
    pub message: Option<String>,
}

impl Claim {
    /// This life of the claim.
    pub fn reference(&self) -> ClaimRef {
        ClaimRef { set: self.set.clone(), name: self.name.clone(), uid: self.uid.clone() }
    }
}

/// Where a claim is in its life.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum ClaimPhase {
    /// No volume yet.
    #[default]
    Pending,
    /// Bound to its volume for life.
    Bound,
    /// Its volume vanished.
    Lost,
    /// Its deletion has been asked for.
    Terminating,
}
