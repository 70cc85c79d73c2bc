//! The stand-in for a runtime: what pods do by themselves, in virtual time.

use std::sync::Arc;
use std::time::Duration;

use petset_core::backend::{PodPhase, PodRef};
use petset_core::{Clock, INITIALIZED, Ordinal, SetKey};
use tokio::time::Instant;

use super::agenda::{Agenda, Job};
use crate::Effect;
use crate::world::State;

/// How long programs need. What a program is like follows from the first word of its image: `bad` never becomes ready,
/// `slow` needs ten times as long, `init` is said to be initialized some time after it became ready, `stubborn` ends only
/// when its grace period is over, `frail` ends by itself with an error, the first three times.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    /// From the creation of a pod to its readiness.
    pub(super) ready: Duration,
    /// From the request to end to the end.
    pub(super) end: Duration,
}

/// The runtime.
#[derive(Debug)]
pub(super) struct Runtime {
    pace: Pace,
    /// How often a frail program has ended by itself.
    failed: u32,
}

/// So often a frail program ends by itself before it holds.
const FRAIL: u32 = 3;

impl Runtime {
    pub(super) fn new(pace: Pace) -> Self {
        Self { pace, failed: 0 }
    }

    /// Something happened to a pod: what follows from it, and when.
    pub(super) fn note(&mut self, state: &State, effect: &Effect, agenda: &mut Agenda) {
        let created = matches!(effect, Effect::PodCreated { .. });
        let (Effect::PodCreated { pod, .. } | Effect::PodDeletionStarted { pod, .. }) = effect else { return };
        let Some(running) = state.running(&pod.set, pod.ordinal) else { return };
        let image = running.template.spec.containers.first().and_then(|container| container.image.as_deref());
        let word = image.unwrap_or_default().split([':', '-']).next().unwrap_or_default();
        let PodRef { set, ordinal, uid } = pod.clone();
        let now = Instant::now();
        if created {
            match word {
                "bad" => {}
                "slow" => agenda.add(now + self.pace.ready * 10, Job::Ready(set, ordinal, uid)),
                "init" => {
                    agenda.add(now + self.pace.ready, Job::Ready(set.clone(), ordinal, uid.clone()));
                    agenda.add(now + self.pace.ready * 2, Job::Initialized(set, ordinal, uid));
                }
                "frail" if self.failed < FRAIL => {
                    self.failed += 1;
                    agenda.add(now + self.pace.ready, Job::Fail(set, ordinal, uid));
                }
                _ => agenda.add(now + self.pace.ready, Job::Ready(set, ordinal, uid)),
            }
        } else {
            let grace = Duration::from_secs(running.template.spec.grace_seconds().into());
            let needs = if word == "stubborn" { grace } else { self.pace.end.min(grace) };
            agenda.add(now + needs, Job::End(set, ordinal, uid));
        }
    }
}

/// The program of a pod becomes ready; false when that pod is not there any more, or has ended.
pub(super) fn ready(state: &mut State, pod: &PodRef) -> bool {
    let now = state.clock.now();
    if !is_running(state, &pod.set, pod.ordinal, pod) {
        return false;
    }
    state.change_pod(&pod.set, pod.ordinal, |running| {
        let status = &mut running.pod.status;
        status.ready_since = status.ready_since.or(Some(now));
        status.containers.iter_mut().for_each(|container| container.ready = true);
    })
}

/// Somebody says that a pod is initialized; false when that pod is not there any more.
pub(super) fn initialized(state: &mut State, pod: &PodRef) -> bool {
    let is_there = state.running(&pod.set, pod.ordinal).is_some_and(|running| running.pod.uid == pod.uid);
    is_there
        && state.change_pod(&pod.set, pod.ordinal, |running| {
            Arc::make_mut(&mut running.pod.annotations).insert(INITIALIZED.to_owned(), "true".to_owned());
        })
}

/// The program of a pod stops being ready; false when that pod is not there any more, or has ended.
pub(super) fn flap(state: &mut State, pod: &PodRef) -> bool {
    is_running(state, &pod.set, pod.ordinal, pod)
        && state.change_pod(&pod.set, pod.ordinal, |running| {
            running.pod.status.ready_since = None;
            running.pod.status.containers.iter_mut().for_each(|container| container.ready = false);
        })
}

/// The program of a pod ends with an error; false when that pod is not there any more, or has ended.
pub(super) fn fail(state: &mut State, pod: &PodRef) -> bool {
    if !is_running(state, &pod.set, pod.ordinal, pod) {
        return false;
    }
    state.change_pod(&pod.set, pod.ordinal, |running| {
        let status = &mut running.pod.status;
        status.phase = PodPhase::Failed;
        status.ready_since = None;
        status.containers.iter_mut().for_each(|container| container.ready = false);
    })
}

/// The end of a pod is confirmed; false when that pod is not there any more.
pub(super) fn end(state: &mut State, pod: &PodRef) -> bool {
    let is_there = state.running(&pod.set, pod.ordinal).is_some_and(|running| running.pod.uid == pod.uid);
    is_there && state.end_pod(&pod.set, pod.ordinal)
}

fn is_running(state: &State, set: &SetKey, ordinal: Ordinal, pod: &PodRef) -> bool {
    state
        .running(set, ordinal)
        .is_some_and(|running| running.pod.uid == pod.uid && running.pod.status.phase == PodPhase::Running)
}
