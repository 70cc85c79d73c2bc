//! The status of a `PetSet` resource: what core says of a set, and what only Kubernetes asks for.

use petset_core::RevisionName;
use petset_core::status::{self, Condition, OrdinalSet, Started, Ticket};
use serde::{Deserialize, Serialize};

/// What a set is, as its resource says it: core's [`PetSetStatus`](status::PetSetStatus), and the selector for autoscalers.
///
/// The way from and to core's names every field, so that none of either can be forgotten.
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
    /// The set's selector as text, by which autoscalers find its pods.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub selector: Option<String>,
    /// Statements about the set.
    pub conditions: Vec<Condition>,
    /// Permissions to take down a ready pod.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tickets: Vec<Ticket>,
    /// Pets that have run, and the claims that they ran on.
    #[serde(skip_serializing_if = "Started::is_empty")]
    pub started: Started,
    /// Pets whose claims are being deleted.
    #[serde(skip_serializing_if = "OrdinalSet::is_empty")]
    pub deleting_claims: OrdinalSet,
}

impl PetSetStatus {
    /// What core says of a set, and the set's selector as text.
    pub(super) fn new(status: status::PetSetStatus, selector: Option<String>) -> Self {
        let status::PetSetStatus {
            observed_generation,
            replicas,
            ready_replicas,
            available_replicas,
            current_replicas,
            updated_replicas,
            current_revision,
            update_revision,
            collision_count,
            conditions,
            tickets,
            started,
            deleting_claims,
        } = status;
        Self {
            observed_generation,
            replicas,
            ready_replicas,
            available_replicas,
            current_replicas,
            updated_replicas,
            current_revision,
            update_revision,
            collision_count,
            selector,
            conditions,
            tickets,
            started,
            deleting_claims,
        }
    }
}

impl From<PetSetStatus> for status::PetSetStatus {
    fn from(status: PetSetStatus) -> Self {
        let PetSetStatus {
            observed_generation,
            replicas,
            ready_replicas,
            available_replicas,
            current_replicas,
            updated_replicas,
            current_revision,
            update_revision,
            collision_count,
            // It follows from the declaration.
            selector: _,
            conditions,
            tickets,
            started,
            deleting_claims,
        } = status;
        Self {
            observed_generation,
            replicas,
            ready_replicas,
            available_replicas,
            current_replicas,
            updated_replicas,
            current_revision,
            update_revision,
            collision_count,
            conditions,
            tickets,
            started,
            deleting_claims,
        }
    }
}
