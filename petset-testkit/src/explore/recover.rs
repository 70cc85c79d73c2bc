//! L2: from every state the goal is reached when nothing goes wrong any more and nobody lends a hand.
//!
//! From each new state one fair run is made: the controllers finish what they hold, what is under way lands, then one
//! controller and the runtime take turns. It must reach the goal within the number of passes that L1 promises. Most runs
//! end soon in a state from which a run was made before, and it is known how many passes that one needed.
//!
//! S17: at the goal the passes after it come to rest. The first ones may still say that it is reached; then there is one
//! that changes nothing, and as the planner is a function, every later one is like it.

use super::config::Config;
use super::model::{ClaimState, Faults, Phase, STRANGER, Slot, Stage, State};
use super::plans::Plans;
use super::safety::Broken;
use super::table::fingerprint;

const KNOWN: usize = 1 << 18;
/// So many passes at the goal may still change something.
const LAST_WORDS: usize = 4;

/// States from which the goal is reached, and in how many passes, as far as they are remembered.
#[derive(Debug)]
pub(super) struct Recovered {
    known: Vec<(u64, usize)>,
}

impl Recovered {
    pub(super) fn new() -> Self {
        Self { known: vec![(0, 0); KNOWN] }
    }

    /// In how many passes the goal is reached from here, if that is remembered.
    fn left(&self, fingerprint: u64) -> Option<usize> {
        let (known, left) = self.known[Self::place(fingerprint)];
        (known == fingerprint).then_some(left)
    }

    fn place(fingerprint: u64) -> usize {
        usize::try_from(fingerprint % KNOWN as u64).expect("it is smaller than the table")
    }

    /// Makes the fair run. Other promises that it breaks are the search's to find: its steps are steps of the search too.
    pub(super) fn check(&mut self, plans: &mut Plans<'_>, state: &State) -> Result<(), Broken> {
        let told = ["L1", "L2", "S17"];
        self.run(plans, state).or_else(|broken| if told.contains(&broken.0) { Err(broken) } else { Ok(()) })
    }

    fn run(&mut self, plans: &mut Plans<'_>, state: &State) -> Result<(), Broken> {
        let mut state = state.clone();
        state.faults = Faults::default();
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
            let known = self.left(seen);
            let goal = if known.is_some() { Goal::Ahead } else { goal(plans.config, &state) };
            if goal == Goal::Reached {
                rests(plans, &state)?;
            }
            if let Some(left) = known.or_else(|| (goal != Goal::Ahead).then_some(0)) {
                let needed = passed.len() + left;
                for (done, seen) in passed.into_iter().chain([seen]).enumerate() {
                    self.known[Self::place(seen)] = (seen, needed - done);
                }
                if needed > bound {
                    return Err(Broken("L1", "the goal is reached, and it takes more passes than L1 promises"));
                }
                return Ok(());
            }
            passed.push(seen);
            state.pass(plans)?;
            state.everything_works(plans.config);
        }
        Err(Broken("L2", "the goal is not reached although nothing goes wrong any more"))
    }
}

fn rests(plans: &mut Plans<'_>, goal: &State) -> Result<(), Broken> {
    let mut state = goal.clone();
    for _ in 0..=LAST_WORDS {
        let before = state.clone();
        state.pass(plans)?;
        if state == before {
            return Ok(());
        }
        state.everything_works(plans.config);
    }
    Err(Broken("S17", "passes at the goal go on writing"))
}

impl State {
    /// The first controller makes a whole pass.
    fn pass(&mut self, plans: &mut Plans<'_>) -> Result<(), Broken> {
        if self.removed {
            self.clear(plans, 0)?;
        } else {
            self.read_set(0);
        }
        self.finish(plans, 0)
    }

    /// The controller goes to the end of its pass, without a break.
    fn finish(&mut self, plans: &mut Plans<'_>, by: usize) -> Result<(), Broken> {
        loop {
            match self.controllers[by].stage {
                Stage::Idle => return Ok(()),
                Stage::HasSet if self.controllers[by].read > 0 => {
                    let read = self.controllers[by].read;
                    for pet in (0..plans.config.pets()).filter(|pet| read & 1 << pet == 0) {
                        self.read_pod(plans, by, pet)?;
                    }
                }
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

/// How far the declaration is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Goal {
    /// Not there yet.
    Ahead,
    /// It is reached.
    Reached,
    /// Only people can go on: the template is one that never works, or a volume that held data is gone (S7).
    WithPeople,
}

fn goal(config: &Config, state: &State) -> Goal {
    let spec = config.spec(state.script);
    if state.removed {
        // Nothing is left that could be written.
        let is_gone = |slot: &Slot| !slot.pod.stands() || !(1..=spec.life).contains(&slot.pod.life);
        return if state.slots.iter().all(is_gone) { Goal::Reached } else { Goal::Ahead };
    }
    if spec.deleted || spec.orphaned {
        return Goal::Ahead;
    }
    if config.broken == spec.template {
        return Goal::WithPeople;
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
    match (reached, waits_for_people) {
        (true, _) => Goal::Reached,
        (false, true) => Goal::WithPeople,
        (false, false) => Goal::Ahead,
    }
}
