//! What happened in the world, in order.

use std::fmt;

use petset_core::backend::{ClaimRef, PodRef};
use petset_core::{Ordinal, RevisionName, SetKey};

/// One change of the world. Prints as one line, for golden tests and for the stories of broken promises.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Effect {
    /// A pod was made.
    PodCreated {
        /// The incarnation.
        pod: PodRef,
        /// What it was made from.
        revision: Option<RevisionName>,
    },
    /// A pod's end was put on record.
    PodDeletionStarted {
        /// The incarnation.
        pod: PodRef,
        /// Seconds between the polite and the hard signal.
        grace_seconds: u32,
    },
    /// A pod is gone, for certain.
    PodEnded {
        /// The incarnation.
        pod: PodRef,
    },
    /// Labels, annotations or the owner of a pod changed.
    PodUpdated {
        /// The incarnation.
        pod: PodRef,
    },
    /// A claim was made.
    ClaimCreated {
        /// This life of it.
        claim: ClaimRef,
    },
    /// The owner or the size of a claim changed.
    ClaimChanged {
        /// This life of it.
        claim: ClaimRef,
    },
    /// A claim's deletion was put on record.
    ClaimDeletionStarted {
        /// This life of it.
        claim: ClaimRef,
    },
    /// A claim is gone, with its data.
    ClaimEnded {
        /// This life of it.
        claim: ClaimRef,
    },
    /// The set's names changed.
    NamesPublished {
        /// The set.
        set: SetKey,
    },
    /// The set's names are gone.
    NamesWithdrawn {
        /// The set.
        set: SetKey,
    },
}

impl Effect {
    /// The set.
    pub fn set(&self) -> &SetKey {
        match self {
            Self::PodCreated { pod, .. }
            | Self::PodDeletionStarted { pod, .. }
            | Self::PodEnded { pod }
            | Self::PodUpdated { pod } => &pod.set,
            Self::ClaimCreated { claim }
            | Self::ClaimChanged { claim }
            | Self::ClaimDeletionStarted { claim }
            | Self::ClaimEnded { claim } => &claim.set,
            Self::NamesPublished { set } | Self::NamesWithdrawn { set } => set,
        }
    }

    /// The pet, where it is about one.
    pub fn ordinal(&self) -> Option<Ordinal> {
        match self {
            Self::PodCreated { pod, .. }
            | Self::PodDeletionStarted { pod, .. }
            | Self::PodEnded { pod }
            | Self::PodUpdated { pod } => Some(pod.ordinal),
            Self::ClaimCreated { claim }
            | Self::ClaimChanged { claim }
            | Self::ClaimDeletionStarted { claim }
            | Self::ClaimEnded { claim } => claim.set.identity_of_claim(&claim.name).map(|(_, ordinal)| ordinal),
            Self::NamesPublished { .. } | Self::NamesWithdrawn { .. } => None,
        }
    }
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name_pod = |pod: &PodRef| format!("pod {} ({})", pod.name(), pod.uid);
        let name_claim = |claim: &ClaimRef| format!("claim {} ({})", claim.name, claim.uid);
        match self {
            Self::PodCreated { pod, revision: Some(revision) } => {
                write!(f, "created {} of revision {revision}", name_pod(pod))
            }
            Self::PodCreated { pod, revision: None } => write!(f, "created {}", name_pod(pod)),
            Self::PodDeletionStarted { pod, grace_seconds } => {
                write!(f, "asked {} to end within {grace_seconds} s", name_pod(pod))
            }
            Self::PodEnded { pod } => write!(f, "{} ended", name_pod(pod)),
            Self::PodUpdated { pod } => write!(f, "updated {}", name_pod(pod)),
            Self::ClaimCreated { claim } => write!(f, "created {}", name_claim(claim)),
            Self::ClaimChanged { claim } => write!(f, "changed {}", name_claim(claim)),
            Self::ClaimDeletionStarted { claim } => write!(f, "asked for the deletion of {}", name_claim(claim)),
            Self::ClaimEnded { claim } => write!(f, "{} is gone", name_claim(claim)),
            Self::NamesPublished { set } => write!(f, "published the names of {set}"),
            Self::NamesWithdrawn { set } => write!(f, "withdrew the names of {set}"),
        }
    }
}
