//! What requests do when they land, and how every memory of a pod, a claim or the set learns that it changed.

use super::act::{Act, Kind};
use super::config::{Config, Spec};
use super::flaw::Flaw;
use super::model::{Claim, ClaimState, Controller, Debt, PETS, Phase, Pod, Slot, Stage, State, Status};
use super::safety::Broken;

/// What became of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Landed {
    /// It was done, or was so already.
    Done,
    /// It was refused.
    Refused,
}

impl State {
    /// The pod changed: whoever remembers its version remembers an old one.
    pub(super) fn pod_moved(&mut self, pet: usize) {
        let bit = 1 << pet;
        for controller in &mut self.controllers {
            if controller.remembers(pet) {
                controller.moved |= bit;
            }
        }
        self.forget(&|act| usize::from(act.pet) == pet && act.as_seen);
    }

    /// The pod is no more: whoever remembers its uid remembers one that is gone.
    pub(super) fn pod_ended(&mut self, config: &Config, pet: usize) {
        self.pod_moved(pet);
        let slot = &mut self.slots[pet];
        slot.pod = Pod::default();
        slot.freed = false;
        if slot.debt == Debt::Ending {
            slot.debt = Debt::Gone;
        }
        self.status.ended(pet);
        for controller in &mut self.controllers {
            if controller.remembers(pet) {
                controller.ended |= 1 << pet;
            } else {
                controller.status.ended(pet);
            }
        }
        if config.flaw == Some(Flaw::NoUid) {
            let of_it = |act: &Act| act.kind == Kind::Delete && usize::from(act.pet) == pet;
            let all = self.controllers.iter_mut().flat_map(|controller| &mut controller.acts.0);
            for act in all.chain(&mut self.flying.0).filter(|act| of_it(act)) {
                act.void = true;
            }
        } else {
            let kinds = [Kind::Delete, Kind::Adopt, Kind::Release];
            self.forget(&|act| usize::from(act.pet) == pet && kinds.contains(&act.kind));
        }
    }

    /// The claim is no more.
    pub(super) fn claim_ended(&mut self, config: &Config, pet: usize) {
        self.slots[pet].claim = Claim::default();
        self.status.claim_ended(pet);
        for controller in &mut self.controllers {
            if controller.remembers_claim(pet) {
                controller.claim_ended |= 1 << pet;
            } else {
                controller.status.claim_ended(pet);
            }
        }
        let on_claims = |act: Act| match act.kind {
            Kind::Own | Kind::Disown | Kind::DeleteClaim => true,
            Kind::Create => config.flaw != Some(Flaw::AnyClaim),
            Kind::Nothing | Kind::Adopt | Kind::Release | Kind::Provision | Kind::Delete | Kind::RemoveSet => false,
        };
        self.forget(&|act| usize::from(act.pet) == pet && on_claims(act));
    }

    /// The set changed: every swap but that of `by` will fail, and so will every removal.
    pub(super) fn set_changed(&mut self, config: &Config, by: Option<usize>) {
        let honest = !matches!(config.flaw, Some(Flaw::NoSwap | Flaw::IgnoresConflict));
        for (at, controller) in self.controllers.iter_mut().enumerate() {
            if Some(at) == by || controller.stage == Stage::Idle {
                continue;
            }
            controller.stale = true;
            controller.acts.retain(|act| act.kind != Kind::RemoveSet);
            let is_over = controller.stage == Stage::Acting && controller.acts.is_empty();
            if controller.stage == Stage::Must && honest || is_over {
                *controller = Controller::default();
            }
        }
        self.flying.retain(|act| act.kind != Kind::RemoveSet);
    }

    /// Drops requests that would be refused for sure.
    fn forget(&mut self, what: &impl Fn(Act) -> bool) {
        for by in 0..self.controllers.len() {
            self.controllers[by].acts.retain(|act| !what(act));
            self.rest(by);
        }
        self.flying.retain(|act| !what(act));
    }

    /// A request arrives.
    pub(super) fn land(&mut self, config: &Config, act: Act) -> Result<Landed, Broken> {
        let pet = usize::from(act.pet);
        let slot = self.slots[pet];
        if act.kind != Kind::Create && slot.pod.stands() && slot.pod.life != act.life {
            let touches = matches!(act.kind, Kind::Adopt | Kind::Release) && slot.pod.life != 0;
            if touches || act.kind == Kind::Delete {
                return Err(Broken("S12", "a pod of somebody else is changed or ended"));
            }
        }
        if matches!(act.kind, Kind::Own | Kind::Disown) && ![0, act.life].contains(&slot.claim.life) {
            return Err(Broken("S12", "a claim of somebody else changes its owner"));
        }
        match act.kind {
            Kind::Nothing => {}
            Kind::Adopt | Kind::Release => {
                self.slots[pet].pod.life = if act.kind == Kind::Adopt { act.life } else { 0 };
                self.pod_moved(pet);
            }
            Kind::Create => return self.create(config, act),
            Kind::Delete => return self.delete(config, act),
            Kind::Provision => {
                if slot.claim.state != ClaimState::Absent {
                    return Ok(Landed::Done);
                }
                let owned = config.when_scaled || config.when_deleted;
                let life = if owned { act.life } else { 0 };
                let late = owned && self.is_late(config, act.life);
                let state = if config.binds_before_use { ClaimState::Pending } else { ClaimState::Bound };
                self.slots[pet].claim = Claim { state, life, empty: true, late };
            }
            Kind::Own => {
                let late = self.is_late(config, act.life);
                self.slots[pet].claim = Claim { life: act.life, late, ..slot.claim };
            }
            Kind::Disown => self.slots[pet].claim = Claim { life: 0, late: false, ..slot.claim },
            Kind::DeleteClaim => {
                if !config.when_scaled && !config.when_deleted {
                    return Err(Broken("S6", "a claim is deleted although the policy retains it"));
                }
                self.slots[pet].claim.state = ClaimState::Terminating;
                self.slots[pet].ran = false;
            }
            Kind::RemoveSet => {
                self.removed = true;
                self.status = Status::default();
                self.set_changed(config, None);
            }
        }
        Ok(Landed::Done)
    }

    /// Whether what becomes this life's now may go unseen by whoever forgets that life.
    fn is_late(&self, config: &Config, life: u8) -> bool {
        let removes = |act: Act| act.kind == Kind::RemoveSet;
        let forgets = |controller: &Controller| {
            let ends = |spec: &Spec| spec.deleted || spec.orphaned;
            let has_looked = (0..PETS).any(|pet| controller.remembers_claim(pet));
            has_looked && ends(config.spec(controller.script)) || controller.acts.iter().any(removes)
        };
        let is_over = self.removed || config.spec(self.script).life != life;
        is_over || self.flying.iter().any(removes) || self.controllers.iter().any(forgets)
    }

    fn create(&mut self, config: &Config, act: Act) -> Result<Landed, Broken> {
        let slot = &mut self.slots[usize::from(act.pet)];
        let is_refused = slot.pod.stands() && config.flaw != Some(Flaw::FreshNames);
        if is_refused {
            // Whoever has the name: that is no error.
            return Ok(Landed::Done);
        }
        if config.claims && slot.claim.state != ClaimState::Bound {
            return Ok(Landed::Refused);
        }
        if config.claims && slot.ran && slot.claim.empty {
            return Err(Broken("S7", "a pet that has run before starts on an empty claim"));
        }
        if slot.pod.stands() {
            return Err(Broken("S1", "two incarnations of one pet run"));
        }
        slot.pod = Pod { phase: Phase::Pending, terminating: false, revision: act.revision, life: act.life };
        Ok(Landed::Done)
    }

    fn delete(&mut self, config: &Config, act: Act) -> Result<Landed, Broken> {
        let pet = usize::from(act.pet);
        let spec = config.spec(self.script);
        let slot = &mut self.slots[pet];
        let is_refused = act.void && config.flaw != Some(Flaw::NoUid);
        if !slot.pod.stands() || slot.pod.terminating || is_refused {
            return Ok(Landed::Done);
        }
        if act.void {
            return Err(Broken("S4", "a deletion hits another incarnation than it was meant for"));
        }
        if slot.pod.phase == Phase::Ready && slot.pod.life == spec.life && !slot.freed && !self.removed {
            slot.debt = Debt::Ending;
        }
        slot.pod.terminating = true;
        self.pod_moved(pet);
        Ok(Landed::Done)
    }

    /// Debts that are paid: a ready successor stands, or the pod is gone and nobody wants the pet any more.
    pub(super) fn settle(&mut self, config: &Config) {
        let spec = config.spec(self.script);
        for (pet, slot) in self.slots.iter_mut().enumerate().take(PETS) {
            let replaced = slot.pod.serves() && slot.pod.life == spec.life;
            if replaced || slot.debt == Debt::Gone && pet >= spec.wanted() {
                slot.debt = Debt::None;
            }
        }
        if self.spare > 0 {
            self.spare = self.spare.min(self.open().saturating_sub(spec.max_unavailable));
        }
    }

    /// How many pets the library has taken down, or may be about to: those with a debt or a ticket.
    fn open(&self) -> u8 {
        let ticketed = self.status.live | self.status.gone;
        let open = |(slot, pet): &(&Slot, u8)| slot.debt != Debt::None || ticketed & (1 << *pet) != 0;
        let open = self.slots.iter().zip(0_u8..).filter(open).count();
        u8::try_from(open).expect("there are few pets")
    }

    /// The budget changes. What was taken down, or has a ticket, under the one before does not come back by that.
    pub(super) fn lower(&mut self, before: u8, now: u8) {
        self.spare = (before + self.spare).saturating_sub(now);
    }
}
