//! L2: from every state the goal is reached when nothing goes wrong any more and nobody lends a hand.
//!
//! From each new state one fair run is made: the controllers finish what they hold, what is under way lands, then one
//! controller and the runtime take turns. It must reach the goal within the number of passes that L1 promises. Most runs
//! end soon in a state from which a run was made before.

use super::config::Config;
use super::model::{ClaimState, Phase, STRANGER, Stage, State};
use super::plans::Plans;
use super::safety::Broken;
use super::table::fingerprint;

const KNOWN: usize = 1 << 18;

/// States from which the goal is reached, as far as they are remembered.
#[derive(Debug)]
pub(super) struct Recovered {
    known: Vec<u64>,
}

impl Recovered {
    pub(super) fn new() -> Self {
        Self { known: vec![0; KNOWN] }
    }

    fn place(fingerprint: u64) -> usize {
        usize::try_from(fingerprint % KNOWN as u64).expect("it is smaller than the table")
    }

    /// Makes the fair run. Other promises that it breaks are the search's to find: its steps are steps of the search too.
    pub(super) fn check(&mut self, plans: &mut Plans<'_>, state: &State) -> Result<(), Broken> {
        self.run(plans, state).or_else(|broken| if broken.0 == "L2" { Err(broken) } else { Ok(()) })
    }

    fn run(&mut self, plans: &mut Plans<'_>, state: &State) -> Result<(), Broken> {
        let mut state = state.clone();
        state.faults = super::model::Faults::default();
        for by in 0..plans.config.controllers {
            state.finish(plans, by)?;
        }
        while !state.flying.is_empty() {
            let act = state.flying.take(0);
            state.land(plans.config, act)?;
        }
        state.settle(plans.config);
        let standing = state.slots.iter().filter(|slot| slot.pod.stands()).count();
        let bound = 4 * plans.config.spec(state.script).wanted() + 2 * standing + 8;
        let mut passed = Vec::with_capacity(8);
        for _ in 0..=bound {
            let seen = fingerprint(&state);
            if self.known[Self::place(seen)] == seen || is_goal(plans.config, &state) {
                for seen in passed.into_iter().chain([seen]) {
                    self.known[Self::place(seen)] = seen;
                }
                return Ok(());
            }
            passed.push(seen);
            if state.removed {
                state.clear(plans.config, 0);
            } else {
                state.read_set(0);
            }
            state.finish(plans, 0)?;
            state.everything_works(plans.config);
        }
        Err(Broken("L2", "the goal is not reached although nothing goes wrong any more"))
    }
}

impl State {
    /// The controller goes to the end of its pass, without a break.
    fn finish(&mut self, plans: &mut Plans<'_>, by: usize) -> Result<(), Broken> {
        loop {
            match self.controllers[by].stage {
                Stage::Idle => return Ok(()),
                Stage::HasSet | Stage::HasClaims => self.read_pods(plans, by, false)?,
                Stage::HasPods => self.read_claims(plans, by)?,
                Stage::Must | Stage::May => self.swap(plans, by),
                Stage::Acting => self.act(plans, by, 0)?,
            }
        }
    }

    /// The runtime does all that it has to do.
    fn everything_works(&mut self, config: &Config) {
        for pet in 0..self.slots.len() {
            let slot = self.slots[pet];
            let broken = config.broken != 0 && slot.pod.revision == config.broken;
            if slot.pod.terminating || slot.pod.life == STRANGER {
                self.pod_ended(config, pet);
            } else if matches!(slot.pod.phase, Phase::Pending | Phase::Unready) && !broken {
                self.becomes_ready(config, pet);
            }
            if slot.claim.state == ClaimState::Terminating && !self.slots[pet].pod.stands() {
                self.claim_ended(config, pet);
            }
        }
        self.settle(config);
    }
}

/// The declaration is reached, or only people can go on: the template is one that never works, or a volume that held data
/// is gone (S7).
fn is_goal(config: &Config, state: &State) -> bool {
    let spec = config.spec(state.script);
    if state.removed {
        return state.leftovers(config).is_empty() && !state.slots.iter().any(|slot| slot.pod.terminating);
    }
    let deleting = spec.deleted || spec.orphaned;
    if deleting {
        return false;
    }
    if config.broken == spec.template {
        return true;
    }
    let mut waits_for_people = false;
    let mut reached = state.status.live | state.status.gone | state.status.deleting == 0;
    for (pet, slot) in state.slots.iter().enumerate() {
        let wanted = pet < spec.wanted();
        let ours = slot.pod.stands() && slot.pod.life == spec.life;
        let remembered = state.status.started & (1 << pet) != 0;
        let replaced = state.status.lost & (1 << pet) != 0;
        let emptied = remembered && (slot.claim.state == ClaimState::Absent || replaced);
        waits_for_people |= wanted && emptied;
        let updated = pet < spec.partition.into() || slot.pod.revision == spec.template;
        reached &= if wanted { ours && slot.pod.serves() && updated } else { !ours };
    }
    reached || waits_for_people
}
