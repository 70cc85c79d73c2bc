//! What can go wrong, and where it may.

use std::fmt;
use std::str::FromStr;

use crate::Op;
use crate::world::Source;

/// One way in which a request, or a hint, goes wrong. [`faults`](crate::faults) says which of its faults are the same.
///
/// Only what the contracts of the traits leave open is a legal fault ([`Fault::is_legal`]):
///
/// * A read is the truth of some moment between the question and its answer, or an error. The contract of sets leaves
///   nothing else open. That of lists does: one may be older than its question, as long as it lacks nothing that stands and
///   nothing that this controller was told is done. That is [`faults::Fault::Stale`](crate::faults::Fault::Stale), and not
///   tried here; a list that lacks either breaks the contract, and is a seeded mistake (`flaw-stale-list`).
/// * A request about pods, claims or names that failed may take effect later. One to the store may have taken effect, and does
///   not do so later: "done or not done".
/// * Any request may never be answered. One that may take effect late then does so after the engine has given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Fault {
    /// The request fails, and does nothing.
    Refused,
    /// It takes effect, and its answer is an error all the same.
    AnswerLost,
    /// It fails for want of an answer, and takes effect seconds later.
    Late,
    /// It is never answered; a request that writes takes effect after the engine has given up.
    Silent,
    /// It needs seconds to arrive.
    Slow,
    /// The answer of a read needs seconds to come back, and is old by then.
    OldAnswer,
    /// What it is based on is changed by somebody else while it is under way.
    Overtaken,
    /// The controller dies, and the request is lost.
    CrashBefore,
    /// The controller dies, and the request takes effect.
    CrashAfter,
    /// The controller dies, and the request takes effect seconds later.
    CrashLate,
    /// A hint is lost.
    HintLost,
    /// A hint comes twice.
    HintDoubled,
    /// A hint comes seconds late, and after later ones.
    HintLate,
    /// Instead of a hint comes a gap.
    HintGap,
    /// The stream of hints ends.
    HintsEnd,
}

impl Fault {
    /// All of them.
    pub const ALL: &'static [Self] = &[
        Self::Refused,
        Self::AnswerLost,
        Self::Late,
        Self::Silent,
        Self::Slow,
        Self::OldAnswer,
        Self::Overtaken,
        Self::CrashBefore,
        Self::CrashAfter,
        Self::CrashLate,
        Self::HintLost,
        Self::HintDoubled,
        Self::HintLate,
        Self::HintGap,
        Self::HintsEnd,
    ];

    /// Whether the contracts leave it open at this place.
    pub fn is_legal(self, at: Place) -> bool {
        let op = match at {
            Place::Request(op) => op,
            Place::Hints(_) => return self.is_of_hints(),
        };
        match self {
            Self::Refused | Self::Slow | Self::Silent | Self::CrashBefore => true,
            Self::AnswerLost | Self::CrashAfter => op.is_write(),
            Self::Late | Self::CrashLate => op.may_be_late(),
            Self::OldAnswer => !op.is_write(),
            Self::Overtaken => op.may_name_a_version(),
            Self::HintLost | Self::HintDoubled | Self::HintLate | Self::HintGap | Self::HintsEnd => false,
        }
    }

    /// Whether it is about hints.
    pub fn is_of_hints(self) -> bool {
        matches!(self, Self::HintLost | Self::HintDoubled | Self::HintLate | Self::HintGap | Self::HintsEnd)
    }

    /// Whether the controller dies of it.
    pub fn is_crash(self) -> bool {
        matches!(self, Self::CrashBefore | Self::CrashAfter | Self::CrashLate)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Refused => "refused",
            Self::AnswerLost => "answer-lost",
            Self::Late => "late",
            Self::Silent => "silent",
            Self::Slow => "slow",
            Self::OldAnswer => "old-answer",
            Self::Overtaken => "overtaken",
            Self::CrashBefore => "crash-before",
            Self::CrashAfter => "crash-after",
            Self::CrashLate => "crash-late",
            Self::HintLost => "hint-lost",
            Self::HintDoubled => "hint-doubled",
            Self::HintLate => "hint-late",
            Self::HintGap => "hint-gap",
            Self::HintsEnd => "hints-end",
        })
    }
}

impl FromStr for Fault {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known = Self::ALL.iter().copied().find(|fault| fault.to_string() == text);
        known.ok_or_else(|| format!("no fault is called `{text}`"))
    }
}

/// Where something goes wrong: at a request of this kind, or at the hints of one source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Place {
    /// A request.
    Request(Op),
    /// Hints.
    Hints(Source),
}

impl Place {
    /// Every place that a controller passes by itself.
    pub fn all() -> impl Iterator<Item = Self> {
        let requests = [
            Op::PodList,
            Op::PodCreate,
            Op::PodDelete,
            Op::PodUpdate,
            Op::ClaimList,
            Op::ClaimProvision,
            Op::ClaimChange,
            Op::ClaimDelete,
            Op::NamePublish,
            Op::NameWithdraw,
            Op::StoreList,
            Op::StoreGone,
            Op::StoreGet,
            Op::StoreUpdateStatus,
            Op::StoreRemove,
            Op::StoreRevisions,
            Op::StorePutRevision,
            Op::StoreDeleteRevision,
            Op::StoreObjects,
        ];
        let hints = [Source::Pods, Source::Claims, Source::Sets];
        requests.into_iter().map(Self::Request).chain(hints.into_iter().map(Self::Hints))
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Request(op) => write!(f, "{op:?}"),
            Self::Hints(source) => write!(f, "hints of {source:?}"),
        }
    }
}

/// A fault and its place. Every legal one must be hit by a run of the whole, or the run fails.
pub type Site = (Fault, Place);

/// Every legal site.
pub fn sites() -> impl Iterator<Item = Site> {
    Place::all()
        .flat_map(|place| Fault::ALL.iter().copied().map(move |fault| (fault, place)))
        .filter(|(fault, place)| fault.is_legal(*place))
}
