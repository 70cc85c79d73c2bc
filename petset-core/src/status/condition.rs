//! Conditions: statements about a set with a reason, in Kubernetes' form.

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// A statement about a set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Condition {
    /// What it is about; usually one of [`ConditionType`].
    #[serde(rename = "type")]
    pub kind: String,
    /// Whether it holds.
    pub status: ConditionStatus,
    /// One word for why.
    pub reason: String,
    /// The sentence to it.
    pub message: String,
    /// Since when the status is what it is.
    pub last_transition_time: Timestamp,
    /// The generation of the declaration that it speaks of.
    pub observed_generation: u64,
}

/// Whether a condition holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ConditionStatus {
    /// It holds.
    True,
    /// It does not hold.
    False,
    /// Nobody can tell.
    Unknown,
}

/// The conditions that petset sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum ConditionType {
    /// Every pet is available.
    Available,
    /// Something is being done, or waits to be done.
    Progressing,
    /// Something hinders: the reason names it and the message says what would mend it.
    Degraded,
}

impl ConditionType {
    /// The type as it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Available => "Available",
            Self::Progressing => "Progressing",
            Self::Degraded => "Degraded",
        }
    }
}
