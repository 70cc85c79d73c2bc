//! What a plan can ask for. The executor has no choices left: each action names its target exactly.

use std::fmt;
use std::sync::Arc;

use super::view::Target;
use crate::names::{ClaimUid, Ordinal, PodUid, RevisionName, Version};

/// One thing to do. Exhaustive on purpose: executor, renderer and oracle must break on a new case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Make an orphan ours.
    AdoptPod {
        /// The pet.
        ordinal: Ordinal,
        /// The incarnation.
        uid: PodUid,
    },
    /// Make a pod nobody's.
    ReleasePod {
        /// The pet.
        ordinal: Ordinal,
        /// The incarnation.
        uid: PodUid,
    },
    /// Claim a volume for a pet that never ran.
    ProvisionClaim {
        /// The pet.
        ordinal: Ordinal,
        /// The claim template.
        template: Arc<str>,
    },
    /// Make a claim ours, or nobody's.
    OwnClaim {
        /// The pet.
        ordinal: Ordinal,
        /// The claim template.
        template: Arc<str>,
        /// The claim's life.
        uid: ClaimUid,
        /// Ours, else nobody's.
        ours: bool,
    },
    /// Delete a claim and its data.
    DeleteClaim {
        /// The pet.
        ordinal: Ordinal,
        /// The claim template.
        template: Arc<str>,
        /// The claim's life.
        uid: ClaimUid,
        /// Which policy says so.
        cause: ClaimCause,
    },
    /// Create the pod of an empty slot.
    CreatePod {
        /// The pet.
        ordinal: Ordinal,
        /// The revision that it runs.
        revision: RevisionName,
    },
    /// End one incarnation.
    DeletePod {
        /// The pet.
        ordinal: Ordinal,
        /// The incarnation.
        uid: PodUid,
        /// Only while it has this version; given for every pod that is taken down because it is not ready.
        version: Option<Version>,
        /// Why.
        reason: DeleteReason,
    },
    /// Publish the set's names.
    PublishNames {
        /// What is then published.
        digest: u64,
    },
    /// Withdraw the set's names.
    WithdrawNames,
    /// Forget the deleted set.
    RemoveSet,
}

/// Why a pod is taken down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeleteReason {
    /// Its ordinal is out of range.
    ScaledDown,
    /// The set is being deleted.
    SetDeleted,
    /// It ended by itself.
    Ended,
    /// It is outdated and not ready: nothing is lost by replacing it.
    OutdatedNotReady,
    /// It is outdated, ready, and has a ticket.
    RollingUpdate,
    /// Its claims are being deleted: it was asked for before its pet was scaled away.
    ClaimsDeleted,
    /// It belongs to an earlier life of the set: it was asked for before that life ended.
    FormerLife,
    /// It has a ticket from an earlier pass whose request may still be under way.
    TicketHeld,
}

/// Which policy deletes a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClaimCause {
    /// `whenScaled: Delete`.
    Scaled,
    /// `whenDeleted: Delete`.
    Deleted,
}

impl Action {
    /// The pet that it is about.
    pub fn ordinal(&self) -> Option<Ordinal> {
        match self {
            Self::AdoptPod { ordinal, .. }
            | Self::ReleasePod { ordinal, .. }
            | Self::ProvisionClaim { ordinal, .. }
            | Self::OwnClaim { ordinal, .. }
            | Self::DeleteClaim { ordinal, .. }
            | Self::CreatePod { ordinal, .. }
            | Self::DeletePod { ordinal, .. } => Some(*ordinal),
            Self::PublishNames { .. } | Self::WithdrawNames | Self::RemoveSet => None,
        }
    }

    /// The incarnation or the claim that it is about, where that is there.
    pub(crate) fn target(&self) -> Option<Target> {
        match self {
            Self::AdoptPod { uid, .. } | Self::ReleasePod { uid, .. } | Self::DeletePod { uid, .. } => {
                Some(Target::Pod(uid.clone()))
            }
            Self::OwnClaim { uid, .. } | Self::DeleteClaim { uid, .. } => Some(Target::Claim(uid.clone())),
            Self::ProvisionClaim { .. }
            | Self::CreatePod { .. }
            | Self::PublishNames { .. }
            | Self::WithdrawNames
            | Self::RemoveSet => None,
        }
    }

    /// Whether it makes a claim.
    pub(super) fn provisions(&self) -> bool {
        matches!(self, Self::ProvisionClaim { .. })
    }

    /// The action's name, for metrics and log fields.
    pub fn name(&self) -> &'static str {
        match self {
            Self::AdoptPod { .. } => "AdoptPod",
            Self::ReleasePod { .. } => "ReleasePod",
            Self::ProvisionClaim { .. } => "ProvisionClaim",
            Self::OwnClaim { .. } => "OwnClaim",
            Self::DeleteClaim { .. } => "DeleteClaim",
            Self::CreatePod { .. } => "CreatePod",
            Self::DeletePod { .. } => "DeletePod",
            Self::PublishNames { .. } => "PublishNames",
            Self::WithdrawNames => "WithdrawNames",
            Self::RemoveSet => "RemoveSet",
        }
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AdoptPod { ordinal, uid } => write!(f, "adopt pod {ordinal} ({uid})"),
            Self::ReleasePod { ordinal, uid } => write!(f, "release pod {ordinal} ({uid})"),
            Self::ProvisionClaim { ordinal, template } => write!(f, "provision claim {template} of pet {ordinal}"),
            Self::OwnClaim { ordinal, template, uid: _, ours: true } => {
                write!(f, "own claim {template} of pet {ordinal}")
            }
            Self::OwnClaim { ordinal, template, uid: _, ours: false } => {
                write!(f, "disown claim {template} of pet {ordinal}")
            }
            Self::DeleteClaim { ordinal, template, uid: _, cause } => {
                write!(f, "delete claim {template} of pet {ordinal}: {cause}")
            }
            Self::CreatePod { ordinal, revision } => write!(f, "create pod {ordinal} on {revision}"),
            Self::DeletePod { ordinal, uid, version: _, reason } => {
                write!(f, "delete pod {ordinal} ({uid}): {reason}")
            }
            Self::PublishNames { .. } => f.write_str("publish names"),
            Self::WithdrawNames => f.write_str("withdraw names"),
            Self::RemoveSet => f.write_str("forget the set"),
        }
    }
}

impl fmt::Display for DeleteReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ScaledDown => "scaled away",
            Self::SetDeleted => "the set is being deleted",
            Self::Ended => "it ended by itself",
            Self::OutdatedNotReady => "outdated and not ready",
            Self::RollingUpdate => "outdated",
            Self::ClaimsDeleted => "its claims are being deleted",
            Self::FormerLife => "the set that it belongs to is no more",
            Self::TicketHeld => "its ticket is still held",
        })
    }
}

impl fmt::Display for ClaimCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Scaled => "scaled away, and whenScaled is Delete",
            Self::Deleted => "the set is being deleted, and whenDeleted is Delete",
        })
    }
}
