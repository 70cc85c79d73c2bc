//! How it came to a state, told from the start.

use super::act::{Act, Kind};
use super::config::{Config, Spec};
use super::model::State;
use super::plans::Plans;
use super::search::Violation;
use super::step::{Step, successors};
use super::table::{Seen, fingerprint};

/// The steps from the start to the violation, one line each.
pub(super) fn tell(plans: &mut Plans<'_>, seen: &Seen, violation: &Violation) -> Vec<String> {
    let mut way = vec![violation.from];
    while let Some(parent) = way.last().map(|last| seen.parent(*last)).filter(|parent| *parent != 0) {
        way.push(parent);
    }
    way.reverse();
    let mut state = plans.config.start();
    let mut lines = Vec::new();
    let mut out = Vec::new();
    for next in way.into_iter().skip(1) {
        out.clear();
        successors(plans, &state, &mut out);
        let (step, after, _) = out
            .drain(..)
            .find(|(_, after, result)| result.is_ok() && fingerprint(after) == next)
            .expect("each state on the way follows from the one before");
        lines.push(line(plans.config, &after, step));
        state = after;
    }
    if let Some(step) = violation.step {
        lines.push(line(plans.config, &state, step));
    }
    lines
}

fn line(config: &Config, state: &State, step: Step) -> String {
    let name = |by: usize| ["controller a", "controller b"][by];
    match step {
        Step::Declare => {
            format!("somebody declares {}", declaration(*config.spec(state.script)))
        }
        Step::Ready(pet) => format!("pod {pet} becomes ready"),
        Step::Unready(pet) => format!("pod {pet} is not ready any more"),
        Step::Fails(pet) => format!("pod {pet} ends by itself"),
        Step::Ends(pet) => format!("pod {pet} is gone"),
        Step::Binds(pet) => format!("claim {pet} has its volume"),
        Step::ClaimEnds(pet) => format!("claim {pet} is gone"),
        Step::ClaimVanishes(pet) => format!("a stranger deletes claim {pet}"),
        Step::Lands(late) => format!("a late request arrives: {}", act(late)),
        Step::ReadSet(by) => format!("{} reads the set", name(by)),
        Step::Clear(by) => format!("{} finds the set gone, and lists the pods", name(by)),
        Step::ReadPods(by) => format!("{} lists the pods", name(by)),
        Step::ReadPod(by, pet) => format!("{} reads pod {pet} of its list", name(by)),
        Step::ReadClaim(by, pet) => format!("{} reads claim {pet} of its list", name(by)),
        Step::ReadFails(by) => format!("{} lists the pods, which fails", name(by)),
        Step::ReadClaims(by) => format!("{} lists the claims", name(by)),
        Step::Swap(by) => format!("{} writes the status: {}", name(by), tickets(state)),
        Step::Skip(by) => format!("{} leaves the status for later", name(by)),
        Step::Act(by, done) => format!("{}: {}", name(by), act(done)),
        Step::Lost(by, lost) => format!("{}: {}: fails without effect", name(by), act(lost)),
        Step::Late(by, late) => format!("{}: {}: no answer", name(by), act(late)),
        Step::Crash(by) => format!("{} dies, and a new one takes its place", name(by)),
    }
}

fn declaration(spec: Spec) -> String {
    let Spec { replicas, partition, max_unavailable, template, deleted, orphaned, life } = spec;
    let end = match (deleted, orphaned) {
        (_, true) => ", to be deleted without its pods",
        (true, false) => ", to be deleted",
        (false, false) => "",
    };
    format!(
        "life {life}, {replicas} replicas, template {template}, partition {partition}, \
         maxUnavailable {max_unavailable}{end}"
    )
}

fn tickets(state: &State) -> String {
    let pets = |mask: u8| (0..8).filter(|pet| mask & (1 << pet) != 0).map(|pet| pet.to_string()).collect::<Vec<_>>();
    let status = state.status;
    let [live, gone, started] = [status.live, status.gone, status.started].map(|mask| pets(mask).join(","));
    format!("tickets of [{live}], of gone ones [{gone}], started [{started}], current {}", status.current)
}

fn act(act: Act) -> String {
    let Act { kind, pet, revision, life, as_seen, void, frees: _ } = act;
    let what = match kind {
        Kind::Nothing => return "nothing".to_owned(),
        Kind::Adopt => "adopt pod",
        Kind::Release => "release pod",
        Kind::Provision => "provision claim",
        Kind::Own => "own claim",
        Kind::Disown => "disown claim",
        Kind::DeleteClaim => "delete claim",
        Kind::Create => return format!("create pod {pet} on revision {revision} for life {life}"),
        Kind::Delete => "delete pod",
        Kind::RemoveSet => return "forget the set".to_owned(),
    };
    let seen = if as_seen { ", if it is as it was seen" } else { "" };
    let void = if void { ", meant for an incarnation that is gone" } else { "" };
    format!("{what} {pet}{seen}{void}")
}
