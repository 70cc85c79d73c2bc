//! Why something that is wanted does not happen now. Holds reach conditions, logs and `explain`.

use std::fmt;
use std::sync::Arc;

use crate::names::{ClaimUid, Ordinal};
use crate::time::Timestamp;

/// One reason for waiting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    /// The pet that waits; `None` for the whole set.
    pub ordinal: Option<Ordinal>,
    /// Why.
    pub reason: HoldReason,
}

/// Why. Exhaustive on purpose: whatever renders or checks holds must break on a new case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HoldReason {
    /// The set is paused.
    Paused,
    /// This pet's `initialized` annotation says `"false"`: no step before somebody says `"true"`.
    NotInitialized {
        /// The pet that says so.
        pet: Ordinal,
    },
    /// A pet before this one is not available yet.
    Predecessor {
        /// Which.
        pet: Ordinal,
        /// What it lacks.
        lacks: Lack,
    },
    /// A pet after this one has not ended yet.
    Successor {
        /// Which.
        pet: Ordinal,
    },
    /// The pod's end has been asked for and is not confirmed yet.
    Terminating,
    /// The pod is on the right revision and not ready; nothing is done to it.
    NotReady,
    /// The pod is ready, but not yet for `minReadySeconds`.
    NotAvailable {
        /// When it will count as available.
        at: Timestamp,
    },
    /// The runtime cannot tell how the pod is. It counts as running.
    Unknown,
    /// Taking down one more would exceed the disruption budget.
    Budget {
        /// How many are down or on their way.
        down: u32,
        /// How many may be.
        max: u32,
        /// One of them.
        pet: Ordinal,
    },
    /// The pod is outdated and was ready a moment ago: it is replaced in its turn, or when the time to be ready again is
    /// over.
    OutOfTurn {
        /// When that is.
        until: Timestamp,
    },
    /// It is left alone for a while after failures.
    Backoff {
        /// Until when.
        until: Timestamp,
        /// What failed.
        message: Arc<str>,
    },
    /// The pod's name belongs to somebody else.
    NameTaken,
    /// A claim of a pet that has run before is missing.
    ClaimMissing {
        /// The claim template.
        template: Arc<str>,
        /// The claim that it ran on, if anybody knows.
        claim: Option<ClaimUid>,
    },
    /// A claim is not the one that the pet ran on before: it went, and another one was made under its name.
    ClaimReplaced {
        /// The claim template.
        template: Arc<str>,
        /// The claim that it ran on.
        claim: ClaimUid,
    },
    /// The volume behind a claim vanished.
    ClaimLost {
        /// The claim template.
        template: Arc<str>,
    },
    /// A claim is being deleted.
    ClaimTerminating {
        /// The claim template.
        template: Arc<str>,
        /// What keeps it, if the provisioner says.
        message: Option<Arc<str>>,
    },
    /// A claim has no volume yet.
    ClaimPending {
        /// The claim template.
        template: Arc<str>,
        /// Why, if the provisioner says.
        message: Option<Arc<str>>,
    },
    /// A claim that the retention policy should delete is owned by somebody else, and is left alone.
    ClaimForeign {
        /// The claim template.
        template: Arc<str>,
    },
    /// Pets from here on are outdated and wait for somebody to delete their pods (`OnDelete`).
    OnDelete,
}

/// What a pet lacks to count as available.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lack {
    /// A pod.
    Pod,
    /// A pod that is ours: its name is taken.
    Owner,
    /// Its pod is ending.
    Stay,
    /// Readiness.
    Readiness,
    /// `minReadySeconds` of readiness.
    Availability,
}

impl HoldReason {
    /// True for what is told and not waited for: nothing about the set changes by itself, and nothing more is to be done.
    pub fn is_at_rest(&self) -> bool {
        matches!(self, Self::OnDelete | Self::ClaimForeign { .. })
    }

    /// True for waiting that somebody should look into.
    pub fn is_trouble(&self) -> bool {
        match self {
            Self::Unknown
            | Self::Backoff { .. }
            | Self::NameTaken
            | Self::ClaimMissing { .. }
            | Self::ClaimReplaced { .. }
            | Self::ClaimLost { .. }
            | Self::ClaimPending { .. }
            | Self::ClaimForeign { .. } => true,
            Self::Paused
            | Self::NotInitialized { .. }
            | Self::Predecessor { .. }
            | Self::Successor { .. }
            | Self::Terminating
            | Self::NotReady
            | Self::NotAvailable { .. }
            | Self::Budget { .. }
            | Self::OutOfTurn { .. }
            | Self::ClaimTerminating { .. }
            | Self::OnDelete => false,
        }
    }

    /// The reason in one word, for conditions.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Paused => "Paused",
            Self::NotInitialized { .. } => "NotInitialized",
            Self::Predecessor { .. } => "WaitingForPredecessor",
            Self::Successor { .. } => "WaitingForSuccessor",
            Self::Terminating => "Terminating",
            Self::NotReady => "NotReady",
            Self::NotAvailable { .. } => "NotAvailable",
            Self::Unknown => "PodUnknown",
            Self::Budget { .. } => "DisruptionBudget",
            Self::OutOfTurn { .. } => "OutOfTurn",
            Self::Backoff { .. } => "Backoff",
            Self::NameTaken => "NameTaken",
            Self::ClaimMissing { .. } => "ClaimMissing",
            Self::ClaimReplaced { .. } => "ClaimReplaced",
            Self::ClaimLost { .. } => "ClaimLost",
            Self::ClaimTerminating { .. } => "ClaimTerminating",
            Self::ClaimPending { .. } => "ClaimPending",
            Self::ClaimForeign { .. } => "ConflictingController",
            Self::OnDelete => "OnDelete",
        }
    }
}

impl fmt::Display for Hold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.ordinal {
            Some(ordinal) => write!(f, "pet {ordinal}: {}", self.reason),
            None => fmt::Display::fmt(&self.reason, f),
        }
    }
}

impl fmt::Display for HoldReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Paused => f.write_str("the set is paused"),
            Self::NotInitialized { pet } => {
                write!(f, "pet {pet} is annotated as not initialized; set petset.rs/initialized to \"true\" to go on")
            }
            Self::Predecessor { pet, lacks } => write!(f, "waits for pet {pet}, which {lacks}"),
            Self::Successor { pet } => write!(f, "waits for the end of pet {pet}"),
            Self::Terminating => f.write_str("is ending; its end is not confirmed yet"),
            Self::NotReady => f.write_str("is not ready"),
            Self::NotAvailable { .. } => f.write_str("is ready, but not yet for minReadySeconds"),
            Self::Unknown => f.write_str("the runtime cannot tell how the pod is; it counts as running"),
            Self::Budget { down, max, pet } => {
                write!(f, "waits for pet {pet}: {down} of at most {max} unavailable pets are down")
            }
            Self::OutOfTurn { .. } => {
                f.write_str("was ready a moment ago; it is updated in its turn, or when it has not been ready for long")
            }
            Self::Backoff { message, .. } => write!(f, "is tried again later: {message}"),
            Self::NameTaken => {
                f.write_str("a pod that is not the set's has its name; it is left alone until somebody deletes it")
            }
            Self::ClaimMissing { template, claim: Some(claim) } => write!(
                f,
                "its claim {template} is missing although it has run before; restore it, or give claim {claim} up to \
                 start empty"
            ),
            Self::ClaimMissing { template, claim: None } => write!(
                f,
                "its claim {template} is missing although it has run before; restore it, or give it up to start empty"
            ),
            Self::ClaimReplaced { template, claim } => write!(
                f,
                "its claim {template} is not claim {claim}, which it ran on; give that one up to start on this one; \
                 delete this one first to start empty"
            ),
            Self::ClaimLost { template } => write!(f, "the volume behind its claim {template} vanished; restore it"),
            Self::ClaimTerminating { template, message: Some(message) } => {
                write!(f, "its claim {template} is being deleted: {message}")
            }
            Self::ClaimTerminating { template, message: None } => write!(f, "its claim {template} is being deleted"),
            Self::ClaimPending { template, message: Some(message) } => {
                write!(f, "its claim {template} has no volume yet: {message}")
            }
            Self::ClaimPending { template, message: None } => write!(f, "its claim {template} has no volume yet"),
            Self::ClaimForeign { template } => {
                write!(f, "its claim {template} is owned by somebody else; the retention policy leaves it alone")
            }
            Self::OnDelete => f.write_str("is outdated and waits for somebody to delete its pod"),
        }
    }
}

impl fmt::Display for Lack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pod => "has no pod yet",
            Self::Owner => "has its name taken by a foreign pod",
            Self::Stay => "is ending",
            Self::Readiness => "is not ready",
            Self::Availability => "is not ready for long enough",
        })
    }
}
