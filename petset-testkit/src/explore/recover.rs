//! L2: from every state the goal is reached when nothing goes wrong any more and nobody lends a hand.
//!
//! From each new state one fair run is made: the controllers finish what they hold, what is under way lands, then one
//! controller and the runtime take turns. It must reach the goal within the number of passes that L1 promises. Most runs
//! end soon in a state from which a run was made before, and it is known how many passes that one needed.
//!
//! S17: at the goal the passes after it come to rest. The first ones may still say that it is reached; then there is one
//! that changes nothing, and as the planner is a function, every later one is like it.

use super::config::{Config, Spec};
use super::gap::Gap;
use super::model::{ClaimState, Controller, Faults, PETS, Phase, STRANGER, Slot, Stage, State};
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
            if goal != Goal::Ahead {
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
                Stage::HasSet if self.controllers[by].read | self.controllers[by].claims_read > 0 => {
                    let Controller { read, claims_read, .. } = self.controllers[by];
                    let pets = 0..plans.config.pets();
                    for pet in pets.clone().filter(|pet| plans.config.claims && claims_read & 1 << pet == 0) {
                        self.read_claim(plans, by, pet)?;
                    }
                    for pet in pets.filter(|pet| read & 1 << pet == 0) {
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
            if slot.claim.state == ClaimState::Pending {
                self.slots[pet].claim.state = ClaimState::Bound;
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
    /// It is reached but for pets that only people can help, and for what those hold up.
    WithPeople,
}

fn goal(config: &Config, state: &State) -> Goal {
    let spec = config.spec(state.script);
    if state.removed {
        // Nothing is left that could be written.
        let is_gone = |slot: &Slot| !slot.pod.stands() || !(1..=spec.life).contains(&slot.pod.life);
        let reached = state.slots.iter().all(|slot| is_gone(slot) && is_retained(slot));
        return if reached { Goal::Reached } else { Goal::Ahead };
    }
    if spec.deleted || spec.orphaned {
        return Goal::Ahead;
    }
    let blocked =
        (0..spec.wanted()).filter(|pet| waits_for_people(config, state, *pet)).fold(0_u8, |all, pet| all | 1 << pet);
    let claims = (0..PETS).all(|pet| is_as_declared(config, *spec, pet, &state.slots[pet]));
    let pods = (0..PETS).all(|pet| pet_is_there(config, state, pet, blocked));
    let settled = state.status.live | state.status.gone | state.status.deleting == 0 || blocked != 0;
    match (claims && pods && settled, blocked) {
        (true, 0) => Goal::Reached,
        (true, _) => Goal::WithPeople,
        (false, _) => Goal::Ahead,
    }
}

/// Whether only people can help this pet: its template is one that never works, or a volume that held its data is gone
/// (S7).
fn waits_for_people(config: &Config, state: &State, pet: usize) -> bool {
    let (bit, slot) = (1 << pet, &state.slots[pet]);
    let is_broken = slot.pod.stands() && config.broken != 0 && slot.pod.revision == config.broken;
    // What the policy takes away is forgotten, and made anew where it is wanted.
    let remembered = state.status.started & !state.status.deleting & bit != 0;
    let replaced = state.status.lost & bit != 0;
    is_broken && config.broken == config.spec(state.script).template
        || remembered && (slot.claim.state == ClaimState::Absent || replaced)
}

/// Whether a pet is as it is declared, or waits for people, or for a pet that does: an ordered set starts nobody above
/// one that is not ready, and whoever is down counts against the budget.
fn pet_is_there(config: &Config, state: &State, pet: usize, blocked: u8) -> bool {
    let spec = config.spec(state.script);
    let pod = &state.slots[pet].pod;
    let ours = pod.stands() && pod.life == spec.life;
    if pet >= spec.wanted() {
        return !ours;
    }
    if blocked & 1 << pet != 0 {
        return true;
    }
    let may_lack = config.ordered && blocked & ((1 << pet) - 1) != 0;
    let is_updated = pet < spec.partition.into() || pod.revision == spec.template;
    let may_be_old = blocked.count_ones() >= spec.max_unavailable.into();
    if pod.stands() { ours && pod.serves() && (is_updated || may_be_old) } else { may_lack }
}

/// Whether the claim is with whom the retention policy says, as long as the set is there.
fn is_as_declared(config: &Config, spec: Spec, pet: usize, slot: &Slot) -> bool {
    let claim = &slot.claim;
    if claim.state == ClaimState::Absent {
        return true;
    }
    let deletes = config.when_scaled || config.when_deleted;
    match claim.life {
        0 => !deletes || pet >= spec.wanted() || claim.state == ClaimState::Terminating,
        life if life == spec.life => deletes && (pet < spec.wanted() || !config.when_scaled),
        _ => is_retained(slot),
    }
}

/// Whether the claim is nobody's that is over, but for what is known not to hold.
fn is_retained(slot: &Slot) -> bool {
    slot.claim.life == 0 || slot.claim.late || slot.claim.state == ClaimState::Absent
}

impl Gap {
    /// Whether it is seen in this state.
    pub(super) fn is_in(self, config: &Config, state: &State) -> bool {
        let spec = config.spec(state.script);
        match self {
            Self::ClaimOfAGoneSet => {
                let is_over = |life: u8| life != 0 && (state.removed || life < spec.life);
                state.slots.iter().any(|slot| slot.claim.late && is_over(slot.claim.life))
            }
        }
    }
}
