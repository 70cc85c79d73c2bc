//! Seeded mistakes: engines that are wrong in one way each. A search that finds none of them proves nothing.

/// One mistake.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Flaw {
    /// Deletions name the pod and not the incarnation.
    NoUid,
    /// Ready pods are taken down without a ticket.
    NoTicket,
    /// A new ticket overwrites those that are there.
    NaiveTicket,
    /// A ticket is freed when its ordinal is scaled away, although its incarnation stands.
    EarlyFree,
    /// Pods are listed before the version of the set is read.
    StaleList,
    /// A list that failed counts as an empty one.
    ErrorIsAbsence,
    /// A pod that was created counts as ready.
    SkipsReadiness,
    /// Scaling down begins with the lowest.
    WrongOrder,
    /// Claims go with their pods, whatever the policy says.
    DeletesClaims,
    /// Everything goes to the update revision.
    ForgetsPartition,
    /// The status is written whatever happened to it since.
    NoSwap,
    /// A plan is carried out although the swap was lost.
    IgnoresConflict,
    /// Pods that are not ready are deleted whatever became of them since.
    NoVersion,
    /// An orphan is adopted although somebody else adopted it meanwhile.
    TakesTaken,
    /// Started pets are forgotten.
    ForgetsStarted,
    /// Any claim of the right name will do, whichever the pet ran on.
    AnyClaim,
    /// A pod that came late stays on claims that are being deleted.
    KeepsDoomed,
    /// What requests made for lives that are over is left to stand.
    LeavesLeftovers,
    /// Whatever has the name belongs to the set.
    TakesStrangers,
    /// Every pod has a name of its own, so that the runtime refuses none.
    FreshNames,
    /// An outdated pod is replaced only when it is ready.
    WaitsForReadiness,
    /// Requests about pods name the incarnation before.
    NamesAnotherPod,
    /// A deletion that holds only for what was seen names another version.
    NamesAnotherVersion,
    /// Requests about claims name a life of them that is over.
    NamesAnotherClaim,
    /// A claim is asked for that the set does not declare.
    NamesAnotherTemplate,
    /// Each pod is asked for twice.
    CreatesTwice,
    /// The largest budget of all that were declared counts.
    OldBudget,
    /// A pod counts as outdated because it does not look like its template, whatever revision it was made from.
    ComparesTemplates,
    /// Every pass writes the status, in turn with and without a word.
    NoisyStatus,
    /// Claims of pets that were scaled away are never looked at.
    KeepsClaimsOfScaled,
    /// Claims of a set that is being deleted are never looked at.
    KeepsClaimsOfDeleted,
    /// Claims that the policy deletes some day are given away as if it retained them.
    GivesClaimsAway,
}

impl Flaw {
    /// All of them.
    pub const ALL: &'static [Self] = &[
        Self::NoUid,
        Self::NoTicket,
        Self::NaiveTicket,
        Self::EarlyFree,
        Self::StaleList,
        Self::ErrorIsAbsence,
        Self::SkipsReadiness,
        Self::WrongOrder,
        Self::DeletesClaims,
        Self::ForgetsPartition,
        Self::NoSwap,
        Self::IgnoresConflict,
        Self::NoVersion,
        Self::TakesTaken,
        Self::ForgetsStarted,
        Self::AnyClaim,
        Self::KeepsDoomed,
        Self::LeavesLeftovers,
        Self::TakesStrangers,
        Self::FreshNames,
        Self::WaitsForReadiness,
        Self::NamesAnotherPod,
        Self::NamesAnotherVersion,
        Self::NamesAnotherClaim,
        Self::NamesAnotherTemplate,
        Self::CreatesTwice,
        Self::OldBudget,
        Self::ComparesTemplates,
        Self::NoisyStatus,
        Self::KeepsClaimsOfScaled,
        Self::KeepsClaimsOfDeleted,
        Self::GivesClaimsAway,
    ];

    /// The promise that it breaks first.
    pub fn breaks(self) -> &'static str {
        match self {
            Self::NoUid | Self::NamesAnotherPod | Self::NamesAnotherVersion | Self::NamesAnotherClaim => "S4",
            Self::NamesAnotherTemplate => "S5",
            Self::NoTicket
            | Self::NaiveTicket
            | Self::EarlyFree
            | Self::StaleList
            | Self::NoSwap
            | Self::IgnoresConflict
            | Self::NoVersion
            | Self::OldBudget => "S10",
            Self::ErrorIsAbsence => "S2",
            Self::SkipsReadiness => "S8",
            Self::WrongOrder => "S9",
            Self::DeletesClaims => "S6",
            Self::ForgetsPartition => "S11",
            Self::ForgetsStarted | Self::AnyClaim => "S7",
            Self::TakesStrangers | Self::TakesTaken => "S12",
            Self::FreshNames | Self::CreatesTwice => "S1",
            Self::ComparesTemplates => "S16",
            Self::NoisyStatus => "S17",
            Self::WaitsForReadiness
            | Self::KeepsDoomed
            | Self::LeavesLeftovers
            | Self::KeepsClaimsOfScaled
            | Self::KeepsClaimsOfDeleted
            | Self::GivesClaimsAway => "L2",
        }
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::NoUid => "no-uid",
            Self::NoTicket => "no-ticket",
            Self::NaiveTicket => "naive-ticket",
            Self::EarlyFree => "early-free",
            Self::StaleList => "stale-list",
            Self::ErrorIsAbsence => "error-is-absence",
            Self::SkipsReadiness => "skips-readiness",
            Self::WrongOrder => "wrong-order",
            Self::DeletesClaims => "deletes-claims",
            Self::ForgetsPartition => "forgets-partition",
            Self::NoSwap => "no-swap",
            Self::IgnoresConflict => "ignores-conflict",
            Self::NoVersion => "no-version",
            Self::TakesTaken => "takes-taken",
            Self::ForgetsStarted => "forgets-started",
            Self::AnyClaim => "any-claim",
            Self::KeepsDoomed => "keeps-doomed",
            Self::LeavesLeftovers => "leaves-leftovers",
            Self::TakesStrangers => "takes-strangers",
            Self::FreshNames => "fresh-names",
            Self::WaitsForReadiness => "waits-for-readiness",
            Self::NamesAnotherPod => "names-another-pod",
            Self::NamesAnotherVersion => "names-another-version",
            Self::NamesAnotherClaim => "names-another-claim",
            Self::NamesAnotherTemplate => "names-another-template",
            Self::CreatesTwice => "creates-twice",
            Self::OldBudget => "old-budget",
            Self::ComparesTemplates => "compares-templates",
            Self::NoisyStatus => "noisy-status",
            Self::KeepsClaimsOfScaled => "keeps-claims-of-scaled",
            Self::KeepsClaimsOfDeleted => "keeps-claims-of-deleted",
            Self::GivesClaimsAway => "gives-claims-away",
        }
    }
}
