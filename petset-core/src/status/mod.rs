//! What a set is: counts, conditions, and the few facts that safety needs to survive a crash.

mod compute;
mod condition;
mod ordinals;
mod started;

use serde::{Deserialize, Serialize};

pub use compute::{halted, status};
pub use condition::{Condition, ConditionStatus, ConditionType};
pub use ordinals::OrdinalSet;
pub use started::Started;

use crate::names::{Ordinal, PodUid, RevisionName};

/// What a set is, as of the last pass that changed it.
///
/// Field names and meanings are Kubernetes' (behaviour §1.13) but for `tickets` and `started`, which the safety rules
/// need, and the conditions, which Kubernetes declares and never sets.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PetSetStatus {
    /// The generation of the declaration that this status speaks of.
    pub observed_generation: u64,
    /// Pods that exist, terminating ones included.
    pub replicas: u32,
    /// Pods that are ready.
    pub ready_replicas: u32,
    /// Pods that have been ready for `minReadySeconds`.
    pub available_replicas: u32,
    /// Pods on the current revision, terminating ones excluded.
    pub current_replicas: u32,
    /// Pods on the update revision, terminating ones excluded.
    pub updated_replicas: u32,
    /// The revision that the set comes from.
    pub current_revision: Option<RevisionName>,
    /// The revision that the set goes to; equal to the current one when a rollout is complete.
    pub update_revision: Option<RevisionName>,
    /// How many revision names were found taken.
    pub collision_count: u32,
    /// Statements about the set. Conditions of types that petset does not know are kept.
    pub conditions: Vec<Condition>,
    /// Permissions to take down a ready pod, each held until a ready successor stands or the ordinal is gone.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tickets: Vec<Ticket>,
    /// Pets whose pod has been started at least once, and the claims that it was started on: one that is missing or was
    /// replaced since is reported, never passed off as the same (S7).
    #[serde(skip_serializing_if = "Started::is_empty")]
    pub started: Started,
    /// Pets whose claims are being deleted because they were scaled away: the deletion is seen through, also when the
    /// pet is wanted again meanwhile, because a request may still be under way (S6).
    #[serde(skip_serializing_if = "OrdinalSet::is_empty")]
    pub deleting_claims: OrdinalSet,
}

/// Permission to take down one ready incarnation by choice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Ticket {
    /// The pet.
    pub ordinal: Ordinal,
    /// The incarnation that may be taken down.
    pub uid: PodUid,
}
