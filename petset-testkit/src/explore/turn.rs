//! What a controller does next: the engine's order, one step at a time.

use super::act::{Act, Kind};
use super::bridge::{Leftovers, View};
use super::config::Config;
use super::effect::Landed;
use super::flaw::Flaw;
use super::model::{Claim, ClaimState, Controller, PETS, Phase, Stage, State, Status};
use super::plans::Plans;
use super::safety::{self, Broken};

impl State {
    /// Reads the set and its version.
    pub(super) fn read_set(&mut self, by: usize) {
        let before = self.controllers[by];
        self.controllers[by] =
            Controller { stage: Stage::HasSet, script: self.script, status: self.status, stale: false, ..before };
    }

    /// Lists the pods; decides when that was the last thing to read. A list that fails ends the pass.
    pub(super) fn read_pods(&mut self, plans: &mut Plans<'_>, by: usize, fails: bool) -> Result<(), Broken> {
        if fails && plans.config.flaw != Some(Flaw::ErrorIsAbsence) {
            self.controllers[by] = Controller::default();
            return Ok(());
        }
        let pods = self.slots.map(|slot| slot.pod);
        let controller = &mut self.controllers[by];
        // What is decided is held against what was there, and not against what was seen of it.
        (controller.pods, controller.unseen) = (pods, fails);
        if controller.stage == Stage::HasSet && plans.config.claims || controller.stage == Stage::Idle {
            controller.stage = Stage::HasPods;
            return Ok(());
        }
        self.decide(plans, by)
    }

    /// Reads one pod of a list that is of several moments; decides when that was the last one.
    pub(super) fn read_pod(&mut self, plans: &mut Plans<'_>, by: usize, pet: usize) -> Result<(), Broken> {
        let pod = self.slots[pet].pod;
        let controller = &mut self.controllers[by];
        controller.pods[pet] = pod;
        controller.read |= 1 << pet;
        self.decide_when_all_is_read(plans, by)
    }

    /// Reads one claim of a list that is of several moments; decides when that was the last thing to read.
    pub(super) fn read_claim(&mut self, plans: &mut Plans<'_>, by: usize, pet: usize) -> Result<(), Broken> {
        let claim = self.slots[pet].claim;
        let controller = &mut self.controllers[by];
        controller.claims[pet] = Claim { late: false, ..claim };
        controller.claims_read |= 1 << pet;
        self.decide_when_all_is_read(plans, by)
    }

    fn decide_when_all_is_read(&mut self, plans: &mut Plans<'_>, by: usize) -> Result<(), Broken> {
        let all = (1 << plans.config.pets()) - 1;
        let Controller { read, claims_read, .. } = self.controllers[by];
        let is_read = read == all && (claims_read == all || !plans.config.claims);
        if is_read { self.decide(plans, by) } else { Ok(()) }
    }

    /// Lists the claims; decides when that was the last thing to read.
    pub(super) fn read_claims(&mut self, plans: &mut Plans<'_>, by: usize) -> Result<(), Broken> {
        let controller = &mut self.controllers[by];
        controller.claims = self.slots.map(|slot| Claim { late: false, ..slot.claim });
        if controller.stage == Stage::HasSet {
            controller.stage = Stage::HasClaims;
            return Ok(());
        }
        self.decide(plans, by)
    }

    /// Decides on what was read, and checks what was decided.
    pub(super) fn decide(&mut self, plans: &mut Plans<'_>, by: usize) -> Result<(), Broken> {
        let config = plans.config;
        let Controller { stale, script, status, pods, unseen, claims, moved, ended, claim_ended, .. } =
            self.controllers[by];
        let mut view = View { script, status, pods, unseen, claims };
        if config.flaw == Some(Flaw::StaleList) {
            // The status was read after the pods: its tickets are of the incarnations that stand now.
            ended_in(ended).for_each(|pet| view.status.ended(pet));
        }
        let decision = plans.decide(&view);
        safety::decision(config, &view, &decision)?;
        let mut next = decision.status;
        ended_in(ended).for_each(|pet| next.ended(pet));
        ended_in(claim_ended).for_each(|pet| next.claim_ended(pet));
        let mut acts = decision.acts;
        acts.retain(|act| {
            let has = |mask: u8| mask & (1 << act.pet) != 0;
            !match act.kind {
                Kind::Delete | Kind::Adopt | Kind::Release => has(ended) || act.as_seen && has(moved),
                Kind::Own | Kind::Disown | Kind::DeleteClaim | Kind::Create => has(claim_ended),
                Kind::RemoveSet => stale,
                Kind::Nothing | Kind::Provision => false,
            }
        });
        let stage = match (decision.needed, decision.status.current != status.current) {
            (true, _) => Stage::Must,
            (false, true) => Stage::May,
            (false, false) => Stage::Acting,
        };
        let status = if stage == Stage::Acting { Status::default() } else { next };
        self.controllers[by] = Controller { stage, stale, status, acts, ..Controller::default() };
        let swaps = !matches!(config.flaw, Some(Flaw::NoSwap | Flaw::IgnoresConflict));
        if stage == Stage::Must && stale && swaps {
            self.controllers[by] = Controller::default();
        }
        if stage == Stage::Acting {
            self.begin(by);
        }
        Ok(())
    }

    /// Writes the status, if the set is as it was read.
    pub(super) fn swap(&mut self, plans: &Plans<'_>, by: usize) {
        let Controller { stale, status, .. } = self.controllers[by];
        match (stale, plans.config.flaw) {
            (true, Some(Flaw::IgnoresConflict)) => {}
            (true, flaw) if flaw != Some(Flaw::NoSwap) => {
                self.controllers[by] = Controller::default();
                return;
            }
            (true | false, _) => {
                // Where there is nothing to write, only the version is looked at.
                if self.status != status {
                    for (_, slot) in
                        self.slots.iter_mut().enumerate().filter(|(pet, _)| status.deleting & 1 << pet != 0)
                    {
                        // From here on its claim is gone on purpose, whoever deletes it.
                        slot.ran = false;
                    }
                    self.status = status;
                    self.set_changed(plans.config, Some(by));
                }
            }
        }
        self.begin(by);
    }

    /// What the shipped planner would end of a set that is no more.
    pub(super) fn leftovers(&self, plans: &mut Plans<'_>) -> Leftovers {
        plans.leftovers(self.script, self.slots.map(|slot| slot.pod))
    }

    /// Finds the set gone, lists the pods, and goes on to end what is left.
    pub(super) fn clear(&mut self, plans: &mut Plans<'_>, by: usize) -> Result<(), Broken> {
        let Leftovers { acts, mistake } = self.leftovers(plans);
        self.controllers[by] = Controller { stage: Stage::Acting, acts, ..Controller::default() };
        self.rest(by);
        mistake.map_or(Ok(()), Err)
    }

    /// Goes from deciding to doing. What the set lets go of is let go of now.
    pub(super) fn begin(&mut self, by: usize) {
        let controller = &mut self.controllers[by];
        controller.stage = Stage::Acting;
        controller.status = Status::default();
        for act in controller.acts.iter().filter(|act| act.frees) {
            self.slots[usize::from(act.pet)].freed = true;
        }
        self.rest(by);
    }

    /// Does one of the next actions, which are all of one kind and under way together.
    pub(super) fn act(&mut self, plans: &Plans<'_>, by: usize, at: usize) -> Result<(), Broken> {
        let act = self.controllers[by].acts.take(at);
        if self.land(plans.config, act)? == Landed::Refused {
            self.fail(by, act);
        }
        let controller = &mut self.controllers[by];
        controller.wide = act.kind.starts_slowly() && controller.acts.0[0].kind == act.kind;
        self.rest(by);
        Ok(())
    }

    /// An action failed: the later ones of its pet are left for the next pass, and of those that start slowly all that
    /// were not begun.
    pub(super) fn fail(&mut self, by: usize, failed: Act) {
        let controller = &mut self.controllers[by];
        let stops = failed.kind.starts_slowly() && !controller.wide;
        controller.acts.retain(|act| act.pet != failed.pet && !(stops && act.kind == failed.kind));
        controller.wide &= controller.acts.0[0].kind == failed.kind;
        self.rest(by);
    }

    /// Ends a pass that has nothing left to do.
    pub(super) fn rest(&mut self, by: usize) {
        if self.controllers[by].stage == Stage::Acting && self.controllers[by].acts.is_empty() {
            self.controllers[by] = Controller::default();
        }
    }

    /// A pod becomes ready; what it wrote is in its claim. What it writes to a claim that the policy takes away is lost
    /// as declared.
    pub(super) fn becomes_ready(&mut self, config: &Config, pet: usize) {
        let doomed = self.status.deleting & 1 << pet != 0;
        let slot = &mut self.slots[pet];
        slot.pod.phase = Phase::Ready;
        if matches!(slot.claim.state, ClaimState::Bound | ClaimState::Terminating) && !doomed {
            slot.claim.empty = false;
            slot.ran |= slot.pod.life == config.spec(self.script).life;
        }
        self.pod_moved(pet);
    }
}

fn ended_in(mask: u8) -> impl Iterator<Item = usize> {
    (0..PETS).filter(move |pet| mask & (1 << pet) != 0)
}
