//! What is known not to hold, by name and counted. Each is deleted here when it is mended.

use std::fmt;

/// Something that is known not to hold; see `docs/guarantees.md`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Gap {
    /// S6: a pod whose creation lands late finds its claim being deleted.
    PodMadeLate,
    /// S7: an empty claim that was asked for before its pet first ran is made late, after the pet ran and lost its claim.
    ClaimMadeLate,
    /// L2: a pod is created late for a set, or a life of a set, that is over, and holds its name.
    PodOfAGoneSet,
    /// L2: a claim that is to go with its set is made late, when the set is gone, and is deleted by nobody.
    ClaimOfAGoneSet,
    /// L1: names are published late, when the set is gone, and are withdrawn by nobody.
    NamesOfAGoneSet,
    /// S17, S18: controllers that remember different failures write the status in turns until those are forgotten.
    StatusInTurns,
}

impl fmt::Display for Gap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::PodMadeLate => "gap-pod-made-late (S6)",
            Self::ClaimMadeLate => "gap-claim-made-late (S7)",
            Self::PodOfAGoneSet => "gap-pod-of-a-gone-set (L2)",
            Self::ClaimOfAGoneSet => "gap-claim-of-a-gone-set (L2)",
            Self::NamesOfAGoneSet => "gap-names-of-a-gone-set (L1)",
            Self::StatusInTurns => "gap-status-in-turns (S17, S18)",
        })
    }
}
