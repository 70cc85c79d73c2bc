//! What can go wrong.

/// One way to go wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Fault {
    /// The request fails before its effect: [`Unavailable`](petset_core::ErrorKind::Unavailable).
    Fail,
    /// The request takes effect and its answer is lost: [`Timeout`](petset_core::ErrorKind::Timeout).
    LoseAnswer,
    /// The request times out and takes effect a few requests later.
    Late,
    /// This request, and up to three more of its kind, find that somebody was faster:
    /// [`Conflict`](petset_core::ErrorKind::Conflict).
    Conflict,
    /// A list that was true a while ago.
    Stale,
    /// The request waits before its effect.
    Slow,
    /// A hint is lost.
    MissHint,
    /// A hint comes twice.
    RepeatHint,
    /// A hint comes after the next one, or never when there is none.
    SwapHints,
    /// A hint, and what comes after it, waits.
    DelayHint,
    /// A gap comes instead of a hint.
    Gap,
    /// The watch ends instead of giving a hint.
    EndWatch,
    /// The process ends: before the request, after it, or with it still on its way.
    Crash,
}

/// When a process crashes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Moment {
    /// Before the request has any effect.
    Before,
    /// After the request took effect, before its answer is heard.
    After,
    /// While the request is on its way: it takes effect when a process that came [`after`](super::Faults::after) this one
    /// is at work. Where the contract rules late effects out, it is lost.
    Late,
}
