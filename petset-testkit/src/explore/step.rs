//! Everything that can happen next.

use super::act::{Act, Kind};
use super::config::Config;
use super::flaw::Flaw;
use super::model::{ClaimState, Controller, Debt, PETS, Phase, STRANGER, Stage, State};
use super::plans::Plans;
use super::safety::{self, Broken};

/// One thing that happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// Somebody changes the declaration.
    Declare,
    /// A pod becomes ready.
    Ready(usize),
    /// A pod loses its readiness.
    Unready(usize),
    /// A pod ends by itself.
    Fails(usize),
    /// A pod that was asked to end is gone.
    Ends(usize),
    /// A claim has its volume.
    Binds(usize),
    /// A claim that was asked to end is gone.
    ClaimEnds(usize),
    /// A stranger deletes a claim.
    ClaimVanishes(usize),
    /// A request that nobody waits for arrives.
    Lands(Act),
    /// A controller reads the set.
    ReadSet(usize),
    /// A controller finds the set gone, and lists the pods.
    Clear(usize),
    /// A controller lists the pods.
    ReadPods(usize),
    /// A controller reads one pod of its list.
    ReadPod(usize, usize),
    /// A controller reads one claim of its list.
    ReadClaim(usize, usize),
    /// A controller lists the pods, and that fails.
    ReadFails(usize),
    /// A controller lists the claims.
    ReadClaims(usize),
    /// A controller writes the status.
    Swap(usize),
    /// A controller leaves a status for later that says nothing that safety needs.
    Skip(usize),
    /// A controller's request is done and answered.
    Act(usize, Act),
    /// A controller's request fails without effect.
    Lost(usize, Act),
    /// A controller's request has no answer, and may be done at any time.
    Late(usize, Act),
    /// A controller dies, and another one takes its place.
    Crash(usize),
}

/// What follows a step.
pub(super) type Next = (Step, State, Result<(), Broken>);

/// Everything that can follow `state`.
pub(super) fn successors(plans: &mut Plans<'_>, state: &State, out: &mut Vec<Next>) {
    let config = plans.config;
    declare(config, state, out);
    (0..PETS).for_each(|pet| runtime(config, state, pet, out));
    for at in 0..state.flying.len() {
        let mut next = state.clone();
        let act = next.flying.take(at);
        let result = next.land(config, act).map(|_| ());
        out.push((Step::Lands(act), next, result));
    }
    (0..config.controllers).for_each(|by| controller(plans, state, by, out));
    for (_, next, result) in out {
        next.settle(config);
        next.flying.0[..].sort_unstable_by_key(|act| (act.kind == Kind::Nothing, *act));
        if result.is_ok() {
            *result = safety::state(config, next);
        }
    }
}

fn declare(config: &Config, state: &State, out: &mut Vec<Next>) {
    let Some(next_spec) = config.script.get(usize::from(state.script) + 1) else { return };
    let anew = next_spec.life != config.spec(state.script).life;
    if anew != state.removed {
        return;
    }
    let mut next = state.clone();
    next.lower(config.spec(state.script).max_unavailable, next_spec.max_unavailable);
    next.script += 1;
    next.removed = false;
    if anew {
        for slot in &mut next.slots {
            (slot.debt, slot.freed, slot.ran) = (Debt::None, false, false);
        }
    }
    next.set_changed(config, None);
    out.push((Step::Declare, next, Ok(())));
}

fn runtime(config: &Config, state: &State, pet: usize, out: &mut Vec<Next>) {
    let slot = &state.slots[pet];
    let mut add = |step: Step, change: &dyn Fn(&mut State)| {
        let mut next = state.clone();
        change(&mut next);
        out.push((step, next, Ok(())));
    };
    let phase = |next: &mut State, phase: Phase| {
        next.slots[pet].pod.phase = phase;
        next.pod_moved(pet);
    };
    let pod = slot.pod;
    let broken = config.broken != 0 && pod.revision == config.broken;
    if pod.terminating || pod.life == STRANGER {
        add(Step::Ends(pet), &|next| next.pod_ended(config, pet));
    } else {
        if matches!(pod.phase, Phase::Pending | Phase::Unready) && !broken {
            add(Step::Ready(pet), &|next| next.becomes_ready(config, pet));
        }
        if pod.phase == Phase::Ready && state.faults.flap > 0 {
            add(Step::Unready(pet), &|next| {
                next.faults.flap -= 1;
                phase(next, Phase::Unready);
            });
        }
        if matches!(pod.phase, Phase::Pending | Phase::Ready | Phase::Unready) && state.faults.fail > 0 {
            add(Step::Fails(pet), &|next| {
                next.faults.fail -= 1;
                phase(next, Phase::Failed);
            });
        }
    }
    if slot.claim.state == ClaimState::Pending {
        add(Step::Binds(pet), &|next| next.slots[pet].claim.state = ClaimState::Bound);
    }
    if slot.claim.state == ClaimState::Terminating && !pod.stands() {
        add(Step::ClaimEnds(pet), &|next| next.claim_ended(config, pet));
    }
    if slot.claim.state == ClaimState::Bound && state.faults.vanish > 0 {
        add(Step::ClaimVanishes(pet), &|next| {
            next.faults.vanish -= 1;
            next.slots[pet].claim.state = ClaimState::Terminating;
        });
    }
}

fn controller(plans: &mut Plans<'_>, state: &State, by: usize, out: &mut Vec<Next>) {
    let config = plans.config;
    let Controller { stage, read, claims_read, acts, .. } = state.controllers[by];
    let mut add = |step: Step, change: &mut dyn FnMut(&mut State) -> Result<(), Broken>| {
        let mut next = state.clone();
        let result = change(&mut next);
        out.push((step, next, result));
    };
    let backwards = config.flaw == Some(Flaw::StaleList);
    match stage {
        Stage::Idle if state.removed => {
            let left = state.leftovers(plans);
            if !left.acts.is_empty() || left.mistake.is_some() {
                add(Step::Clear(by), &mut |next| next.clear(plans, by));
            }
        }
        Stage::Idle if backwards => add(Step::ReadPods(by), &mut |next| next.read_pods(plans, by, false)),
        Stage::Idle => add(Step::ReadSet(by), &mut |next| {
            next.read_set(by);
            Ok(())
        }),
        Stage::HasPods if backwards => {
            if !state.removed {
                add(Step::ReadSet(by), &mut |next| {
                    next.read_set(by);
                    next.decide(plans, by)
                });
            }
        }
        Stage::HasSet if config.piecemeal => {
            for pet in (0..config.pets()).filter(|pet| read & 1 << pet == 0) {
                add(Step::ReadPod(by, pet), &mut |next| next.read_pod(plans, by, pet));
            }
            for pet in (0..config.pets()).filter(|pet| config.claims && claims_read & 1 << pet == 0) {
                add(Step::ReadClaim(by, pet), &mut |next| next.read_claim(plans, by, pet));
            }
        }
        Stage::HasSet | Stage::HasClaims => {
            add(Step::ReadPods(by), &mut |next| next.read_pods(plans, by, false));
            if state.faults.read > 0 {
                add(Step::ReadFails(by), &mut |next| {
                    next.faults.read -= 1;
                    next.read_pods(plans, by, true)
                });
            }
            if stage == Stage::HasSet && config.claims {
                add(Step::ReadClaims(by), &mut |next| next.read_claims(plans, by));
            }
        }
        Stage::HasPods => add(Step::ReadClaims(by), &mut |next| next.read_claims(plans, by)),
        Stage::Must | Stage::May => {
            add(Step::Swap(by), &mut |next| {
                next.swap(plans, by);
                Ok(())
            });
            if stage == Stage::May && !acts.is_empty() {
                add(Step::Skip(by), &mut |next| {
                    next.begin(by);
                    Ok(())
                });
            }
        }
        Stage::Acting => {
            for (at, act) in acts.iter().enumerate().take(state.controllers[by].batch()) {
                add(Step::Act(by, act), &mut |next| next.act(plans, by, at));
                if state.faults.lost > 0 {
                    add(Step::Lost(by, act), &mut |next| {
                        next.faults.lost -= 1;
                        next.controllers[by].acts.take(at);
                        next.fail(by, act);
                        Ok(())
                    });
                }
                if state.faults.late > 0 {
                    add(Step::Late(by, act), &mut |next| {
                        next.faults.late -= 1;
                        next.controllers[by].acts.take(at);
                        next.flying.push(act);
                        next.fail(by, act);
                        Ok(())
                    });
                }
            }
        }
    }
    if stage != Stage::Idle && state.faults.crash > 0 {
        add(Step::Crash(by), &mut |next| {
            next.faults.crash -= 1;
            next.controllers[by] = Controller::default();
            Ok(())
        });
    }
}
