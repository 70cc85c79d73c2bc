//! The world as small as it can be: what pods, claims, the status and the controllers are, in a few bytes each.
//!
//! Uids and versions are not counted. What matters about a remembered uid is whether that incarnation still stands, and
//! about a remembered version whether it is still the newest; so every memory of them is a mark that the world turns
//! when it changes. This loses nothing, and keeps the number of states finite without bounding the number of lives.

use super::act::Acts;

/// At most so many pets.
pub const PETS: usize = 3;

/// The owner of what belongs to a stranger.
pub const STRANGER: u8 = 9;

/// Where a pod is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub enum Phase {
    /// There is none.
    #[default]
    Absent,
    /// Created, not ready yet.
    Pending,
    /// Running and ready.
    Ready,
    /// Running, and not ready any more.
    Unready,
    /// Ended by itself.
    Failed,
}

/// A pod; its uid is that of its slot's present incarnation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Pod {
    /// Where it is in its life.
    pub phase: Phase,
    /// Its end was asked for.
    pub terminating: bool,
    /// The template that it was made from.
    pub revision: u8,
    /// The life of the set that owns it, or [`STRANGER`].
    pub life: u8,
}

impl Pod {
    /// Whether a pod stands here, ending or not.
    pub fn stands(self) -> bool {
        self.phase != Phase::Absent
    }

    /// Ready, and not about to end.
    pub fn serves(self) -> bool {
        self.phase == Phase::Ready && !self.terminating
    }
}

/// Where a claim is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub enum ClaimState {
    /// There is none.
    #[default]
    Absent,
    /// Without a volume yet.
    Pending,
    /// With its volume.
    Bound,
    /// Its end was asked for.
    Terminating,
}

/// A claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Claim {
    /// Where it is in its life.
    pub state: ClaimState,
    /// The life of the set that owns it, 0 for nobody.
    pub life: u8,
    /// No pod was ready on it yet.
    pub empty: bool,
    /// It became the set's when whoever forgets that set may have looked at its claims before
    /// ([`Gap::ClaimOfAGoneSet`](super::Gap::ClaimOfAGoneSet)).
    pub late: bool,
}

/// Whether the library owes the set a ready pod (S10).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub enum Debt {
    /// It does not.
    #[default]
    None,
    /// The pod that it took down is ending.
    Ending,
    /// The pod that it took down is gone.
    Gone,
}

/// A pet's place, with what the promises need to know about its past.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Slot {
    /// The pod.
    pub pod: Pod,
    /// The claim.
    pub claim: Claim,
    /// A ready pod was taken down by the library and is not replaced by a ready one (S10).
    pub debt: Debt,
    /// The pod was let go by a set that is parallel or being deleted, which no budget binds (S10).
    pub freed: bool,
    /// This identity was ready on its claim, and nobody deleted that claim on purpose (S7).
    pub ran: bool,
}

/// What the status says, as far as decisions need it. One bit per pet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Status {
    /// Tickets for the incarnation that stands.
    pub live: u8,
    /// Tickets for incarnations that are gone.
    pub gone: u8,
    /// Pets that were started.
    pub started: u8,
    /// Of those, pets whose claim that they were started on is gone.
    pub lost: u8,
    /// Pets whose claims are being deleted.
    pub deleting: u8,
    /// The current revision; 0 when there was none yet.
    pub current: u8,
}

impl Status {
    /// The claim of `pet` is no more.
    pub fn claim_ended(&mut self, pet: usize) {
        self.lost |= self.started & 1 << pet;
    }

    /// The incarnation of `pet` is no more.
    pub fn ended(&mut self, pet: usize) {
        let bit = 1 << pet;
        if self.live & bit != 0 {
            self.live &= !bit;
            self.gone |= bit;
        }
    }
}

/// How far a controller's pass is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub enum Stage {
    /// Between passes.
    #[default]
    Idle,
    /// It read the set.
    HasSet,
    /// It read the set and the pods.
    HasPods,
    /// It read the set and the claims.
    HasClaims,
    /// It has a plan, and a status that must be written first.
    Must,
    /// It has a plan, and a status that may be written first.
    May,
    /// It does what the plan says.
    Acting,
}

/// A controller: what it holds in its hands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Controller {
    /// How far its pass is.
    pub stage: Stage,
    /// The set changed since it was read: a compare-and-swap will fail.
    pub stale: bool,
    /// How far the script was when the set was read.
    pub script: u8,
    /// The status as read; with a plan, the one to write.
    pub status: Status,
    /// The pods as read.
    pub pods: [Pod; PETS],
    /// The list of the pods failed, and counts as an empty one; no sound controller goes on then.
    pub unseen: bool,
    /// The claims as read.
    pub claims: [Claim; PETS],
    /// Pods that were read so far, where they are read one by one.
    pub read: u8,
    /// Claims that were read so far, where they are read one by one.
    pub claims_read: u8,
    /// Pods that changed since they were read.
    pub moved: u8,
    /// Pods that ended since they were read.
    pub ended: u8,
    /// Claims that ended since they were read.
    pub claim_ended: u8,
    /// What is left to do.
    pub acts: Acts<8>,
    /// A first one of the requests that come next was done, which start slowly.
    pub wide: bool,
}

impl Controller {
    /// How many of the requests come next, side by side.
    pub fn batch(&self) -> usize {
        let first = self.acts.0[0].kind;
        let alike = self.acts.iter().take_while(|act| act.kind.is_like(first)).count();
        if first.starts_slowly() && !self.wide { alike.min(1) } else { alike }
    }

    /// Whether it has read this pod and not decided on it yet.
    pub fn remembers(&self, pet: usize) -> bool {
        self.stage == Stage::HasPods || self.read & 1 << pet != 0
    }

    /// Whether it has read this claim and not decided on it yet.
    pub fn remembers_claim(&self, pet: usize) -> bool {
        self.stage == Stage::HasClaims || self.claims_read & 1 << pet != 0
    }
}

/// How much may still go wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Faults {
    /// Controllers that die between two steps.
    pub crash: u8,
    /// Requests that nobody waits for any more and that land whenever they like, or never.
    pub late: u8,
    /// Requests that fail without effect.
    pub lost: u8,
    /// Ready pods that lose their readiness.
    pub flap: u8,
    /// Pods that end by themselves.
    pub fail: u8,
    /// Claims that a stranger deletes.
    pub vanish: u8,
    /// Reads that fail.
    pub read: u8,
}

/// Everything.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct State {
    /// The pets' places.
    pub slots: [Slot; PETS],
    /// What the status says.
    pub status: Status,
    /// How far the script is.
    pub script: u8,
    /// The set was removed.
    pub removed: bool,
    /// Requests under way that nobody waits for, in order.
    pub flying: Acts<3>,
    /// The controllers.
    pub controllers: [Controller; 2],
    /// How much may still go wrong.
    pub faults: Faults,
    /// How many more pods than the budget allows may be down, since they were rightly taken down before it was lowered
    /// (S10).
    pub spare: u8,
}
