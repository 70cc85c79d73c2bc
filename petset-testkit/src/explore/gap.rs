//! What is known not to hold, by name and counted. Each is deleted here when it is mended.

use std::fmt;

/// Something that is known not to hold; see `docs/guarantees.md`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Gap {
    /// L2: a claim that is to go with its set is made, or becomes the set's, by a request that lands when whoever forgets
    /// that set has looked at its claims, and is deleted by nobody.
    ClaimOfAGoneSet,
}

impl Gap {
    /// All of them.
    pub const ALL: &'static [Self] = &[Self::ClaimOfAGoneSet];
}

impl fmt::Display for Gap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ClaimOfAGoneSet => "gap-claim-of-a-gone-set (L2)",
        })
    }
}
