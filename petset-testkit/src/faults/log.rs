//! [`Injected`]: what went wrong, for whoever looks into a failure.

use std::fmt;

use super::fault::Fault;

/// One thing that went wrong. Prints as one line.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Injected {
    /// What.
    pub fault: Fault,
    /// With which request or watch, for example `PodCreate`.
    pub place: String,
    /// With the how many-th of these, from 1.
    pub nth: u64,
    /// What it was about, for example `default/web web-0`.
    pub about: String,
}

impl fmt::Display for Injected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { fault, place, nth, about } = self;
        write!(f, "{fault:?} at {place} {nth} ({about})")
    }
}
