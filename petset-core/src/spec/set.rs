//! The set itself: [`PetSet`] and its policies.

use serde::{Deserialize, Serialize};

use super::{ClaimTemplate, IntOrString, LabelSelector, ObjectMeta, PodTemplate, Verbatim};
use crate::names::{Ordinal, SetKey};

/// A set as declared: who it is and what it should be.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PetSet {
    /// Name, namespace, labels, annotations.
    pub metadata: ObjectMeta,
    /// What should be.
    pub spec: PetSetSpec,
}

impl PetSet {
    /// Namespace and name.
    pub fn key(&self) -> SetKey {
        SetKey::new(self.metadata.namespace.as_str(), self.metadata.name.as_str())
    }
}

/// What a set should be. Optional fields are as written; [`crate::manifest`] fills in every default, after which the
/// accessors answer without guessing.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PetSetSpec {
    /// How many pets. Default 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replicas: Option<i32>,
    /// The headless Service that names the pets; the pods' `subdomain`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub service_name: String,
    /// Which orphaned pods may be adopted. Default: the template's labels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub selector: Option<LabelSelector>,
    /// What each pet runs.
    pub template: PodTemplate,
    /// The volumes that each pet keeps for life.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub volume_claim_templates: Vec<ClaimTemplate>,
    /// One after the other, or all at once. Default `OrderedReady`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pod_management_policy: Option<PodManagementPolicy>,
    /// How a new template reaches running pets. Default `RollingUpdate`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub update_strategy: Option<UpdateStrategy>,
    /// For how many seconds a pet must stay ready to count as available. Default 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_ready_seconds: Option<i32>,
    /// How many revisions that no pod uses are kept for rollback; negative keeps all. Default 10.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revision_history_limit: Option<i32>,
    /// Where the numbering starts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ordinals: Option<Ordinals>,
    /// What happens to claims when pets go. Default: retain, always.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub persistent_volume_claim_retention_policy: Option<RetentionPolicy>,
    /// Fields that nothing here knows. Validation refuses them by name.
    #[serde(flatten)]
    pub other: Verbatim,
}

impl PetSetSpec {
    /// How many pets are wanted; 1 when unsaid, 0 when negative.
    pub fn replicas(&self) -> u32 {
        self.replicas.map_or(1, |replicas| u32::try_from(replicas).unwrap_or(0))
    }

    /// The first ordinal.
    pub fn start(&self) -> Ordinal {
        Ordinal(self.ordinals.as_ref().map_or(0, |ordinals| u32::try_from(ordinals.start).unwrap_or(0)))
    }

    /// The retention policy; retain when unsaid.
    pub fn retention(&self) -> RetentionPolicy {
        self.persistent_volume_claim_retention_policy.clone().unwrap_or_default()
    }
}

/// One after the other, or all at once.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum PodManagementPolicy {
    /// Up from the first, each ready before the next; down from the last, each gone before the next.
    #[default]
    OrderedReady,
    /// All at once, up and down. Updates stay ordered.
    Parallel,
}

/// How a new template reaches running pets.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct UpdateStrategy {
    /// `RollingUpdate` (default) or `OnDelete`.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<UpdateStrategyType>,
    /// The knobs of `RollingUpdate`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rolling_update: Option<RollingUpdate>,
    /// Fields that nothing here knows. Validation refuses them by name.
    #[serde(flatten)]
    pub other: Verbatim,
}

/// The kinds of [`UpdateStrategy`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum UpdateStrategyType {
    /// From the highest ordinal down, within the disruption budget.
    #[default]
    RollingUpdate,
    /// A pet takes the new template when somebody deletes its pod.
    OnDelete,
}

/// The knobs of a rolling update.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RollingUpdate {
    /// How many pets, counted from the first, stay on the current revision. Default 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partition: Option<i32>,
    /// How many pets may be unavailable at once: a number, or a per cent of `replicas` rounded down, at least 1.
    /// Default 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_unavailable: Option<IntOrString>,
    /// Fields that nothing here knows. Validation refuses them by name.
    #[serde(flatten)]
    pub other: Verbatim,
}

/// Where the numbering starts.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Ordinals {
    /// The first ordinal. Default 0.
    pub start: i32,
    /// Fields that nothing here knows. Validation refuses them by name.
    #[serde(flatten)]
    pub other: Verbatim,
}

/// What happens to claims when pets go.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RetentionPolicy {
    /// When a pet is scaled away. Default `Retain`.
    pub when_scaled: RetentionPolicyType,
    /// When the set is deleted. Default `Retain`.
    pub when_deleted: RetentionPolicyType,
    /// Fields that nothing here knows. Validation refuses them by name.
    #[serde(flatten)]
    pub other: Verbatim,
}

/// Keep or delete.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum RetentionPolicyType {
    /// The claim and its data stay.
    #[default]
    Retain,
    /// The claim and its data go, once the pod's end is confirmed.
    Delete,
}
