//! What is searched: a declaration and its changes, how many controllers there are, and what may go wrong.

use super::act::Acts;
use super::flaw::Flaw;
use super::model::{Claim, ClaimState, Faults, PETS, Phase, Pod, STRANGER, Slot, State, Status};

/// The declaration, as far as it changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Spec {
    /// How many pets.
    pub replicas: u8,
    /// How many pets stay on the current revision.
    pub partition: u8,
    /// How many may be unavailable.
    pub max_unavailable: u8,
    /// The template, from 1.
    pub template: u8,
    /// Whether the set is being deleted, in order.
    pub deleted: bool,
    /// Whether the set is being deleted and its pods stay.
    pub orphaned: bool,
    /// Which life of the set this is, from 1.
    pub life: u8,
}

impl Spec {
    /// A set of so many pets on template 1.
    pub const fn new(replicas: u8) -> Self {
        Self { replicas, partition: 0, max_unavailable: 1, template: 1, deleted: false, orphaned: false, life: 1 }
    }

    /// With so many pets.
    #[must_use]
    pub const fn scaled(self, replicas: u8) -> Self {
        Self { replicas, ..self }
    }

    /// On another template.
    #[must_use]
    pub const fn on(self, template: u8) -> Self {
        Self { template, ..self }
    }

    /// With another partition.
    #[must_use]
    pub const fn parted(self, partition: u8) -> Self {
        Self { partition, ..self }
    }

    /// With another budget.
    #[must_use]
    pub const fn budget(self, max_unavailable: u8) -> Self {
        Self { max_unavailable, ..self }
    }

    /// On its way out.
    #[must_use]
    pub const fn deleted(self) -> Self {
        Self { deleted: true, ..self }
    }

    /// On its way out, without its pods.
    #[must_use]
    pub const fn orphaned(self) -> Self {
        Self { orphaned: true, ..self }
    }

    /// Created anew under the same name.
    #[must_use]
    pub const fn anew(self) -> Self {
        Self { deleted: false, orphaned: false, life: self.life + 1, ..self }
    }

    /// The number of pets wanted now.
    pub fn wanted(&self) -> usize {
        if self.deleted || self.orphaned { 0 } else { self.replicas.into() }
    }
}

/// One search.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Config {
    /// Its name.
    pub name: &'static str,
    /// The declaration at first and after each change.
    pub script: Vec<Spec>,
    /// How many controllers.
    pub controllers: usize,
    /// `OrderedReady`, else `Parallel`.
    pub ordered: bool,
    /// Whether each pet has a claim.
    pub claims: bool,
    /// `whenScaled: Delete`.
    pub when_scaled: bool,
    /// `whenDeleted: Delete`.
    pub when_deleted: bool,
    /// A template whose pods never become ready, or 0.
    pub broken: u8,
    /// Whether it begins with everything ready, else with nothing.
    pub settled: bool,
    /// A pet whose name belongs to a stranger at first.
    pub stranger: Option<u8>,
    /// Whether pods and claims are listed one by one, so that a list is of several moments.
    pub piecemeal: bool,
    /// Whether a claim has its volume only some time after it was made, and no pod is created before.
    pub binds_before_use: bool,
    /// What may go wrong.
    pub faults: Faults,
    /// Whether it is checked that every state recovers, within the passes that are promised (L1, L2).
    pub recovery: bool,
    /// The seeded mistake, if any.
    #[cfg(feature = "flaws")]
    pub flaw: Option<Flaw>,
    /// None: only the tests of this crate can ask for one.
    #[cfg(not(feature = "flaws"))]
    pub(super) flaw: Option<Flaw>,
    /// Give up after so many states; the result then says that it is not complete.
    pub max_states: u64,
}

impl Config {
    /// A search over this script: two controllers, ordered, no claims, nothing goes wrong, everything ready at first.
    pub fn new(name: &'static str, script: Vec<Spec>) -> Self {
        Self {
            name,
            script,
            controllers: 2,
            ordered: true,
            claims: false,
            when_scaled: false,
            when_deleted: false,
            broken: 0,
            settled: true,
            stranger: None,
            piecemeal: false,
            binds_before_use: false,
            faults: Faults::default(),
            recovery: true,
            flaw: None,
            max_states: u64::MAX,
        }
    }

    /// With one controller.
    #[must_use]
    pub fn alone(self) -> Self {
        Self { controllers: 1, ..self }
    }

    /// `Parallel`.
    #[must_use]
    pub fn parallel(self) -> Self {
        Self { ordered: false, ..self }
    }

    /// With a claim for each pet.
    #[must_use]
    pub fn claims(self) -> Self {
        Self { claims: true, ..self }
    }

    /// Beginning with nothing.
    #[must_use]
    pub fn fresh(self) -> Self {
        Self { settled: false, ..self }
    }

    /// With lists of several moments.
    #[must_use]
    pub fn piecemeal(self) -> Self {
        Self { piecemeal: true, ..self }
    }

    /// With so much that may go wrong.
    #[must_use]
    pub fn faults(self, faults: Faults) -> Self {
        Self { faults, ..self }
    }

    /// The declaration at this point of the script.
    pub fn spec(&self, script: u8) -> &Spec {
        &self.script[usize::from(script)]
    }

    /// How many pets there ever are.
    pub fn pets(&self) -> usize {
        let declared = self.script.iter().map(|spec| usize::from(spec.replicas)).max().unwrap_or(0);
        declared.max(self.stranger.map_or(0, |pet| usize::from(pet) + 1))
    }

    /// Where it begins.
    #[doc(hidden)]
    pub fn start(&self) -> State {
        let spec = self.spec(0);
        let mut state = State {
            slots: [Slot::default(); PETS],
            status: Status::default(),
            script: 0,
            removed: false,
            flying: Acts::default(),
            controllers: Default::default(),
            faults: self.faults,
            spare: 0,
        };
        if self.settled {
            for slot in state.slots.iter_mut().take(spec.wanted()) {
                slot.pod = Pod { phase: Phase::Ready, terminating: false, revision: spec.template, life: spec.life };
                if self.claims {
                    let owned = self.when_scaled || self.when_deleted;
                    slot.claim =
                        Claim { life: if owned { spec.life } else { 0 }, state: ClaimState::Bound, ..Claim::default() };
                    slot.ran = true;
                }
            }
            state.status.current = spec.template;
            if self.claims {
                state.status.started = (1 << spec.wanted()) - 1;
            }
        }
        if let Some(pet) = self.stranger {
            state.slots[usize::from(pet)] = Slot {
                pod: Pod { phase: Phase::Ready, terminating: false, revision: 0, life: STRANGER },
                ..Slot::default()
            };
        }
        state
    }
}
