//! What both halves of the oracle and the runs count on: who is wanted, who is available, how many are down, and whether
//! the declaration is reached. Written with other means than the planner's own counts.

use std::collections::BTreeSet;

use petset_core::Ordinal;
use petset_core::backend::PodPhase;
use petset_core::plan::{Ownership, PodView, Strategy};
use petset_core::status::Ticket;

use crate::common::World;

/// The wanted ordinals that can be named at all, as bounds: the first, and one past the last.
pub(crate) fn range(world: &World) -> (u64, u64) {
    let wanted = if world.spec.deletion.is_some() { 0 } else { u64::from(world.spec.replicas) };
    let first = u64::from(world.spec.start);
    (first, (first + wanted).min(1 << 32))
}

pub(crate) fn is_wanted(world: &World, ordinal: Ordinal) -> bool {
    let (first, end) = range(world);
    (first..end).contains(&u64::from(ordinal.0))
}

/// Ours, selected, running, ready, staying, and for long enough.
pub(crate) fn is_available(world: &World, pod: &PodView) -> bool {
    let waited = |since: petset_core::Timestamp| {
        let passed = i128::from(world.now.as_micros()) - i128::from(since.as_micros());
        let enough = i128::try_from(world.spec.min_ready.as_micros()).unwrap_or(i128::MAX);
        // Nothing can be waited for beyond the end of time.
        enough == 0 || passed >= enough || world.now.as_micros() == i64::MAX
    };
    pod.owner == Ownership::Ours
        && pod.selected
        && !pod.terminating
        && pod.phase == PodPhase::Running
        && pod.ready_since.is_some_and(waited)
}

pub(crate) fn partition(world: &World) -> u64 {
    match world.spec.strategy {
        Strategy::RollingUpdate { partition, .. } => partition.into(),
        Strategy::OnDelete => 0,
    }
}

pub(crate) fn budget(world: &World) -> u64 {
    match world.spec.strategy {
        Strategy::RollingUpdate { max_unavailable, .. } => u64::from(max_unavailable).max(1),
        Strategy::OnDelete => 1,
    }
}

/// How many pets other than `except` are down or on their way: wanted and not available, or with a ticket.
pub(crate) fn others_down(world: &World, tickets: &[Ticket], except: Ordinal) -> u64 {
    let (first, end) = range(world);
    let available: BTreeSet<Ordinal> = world
        .pods
        .iter()
        .filter(|pod| is_wanted(world, pod.ordinal) && is_available(world, pod))
        .map(|pod| pod.ordinal)
        .collect();
    let wanted = end - first;
    let up = available.len() as u64;
    let unavailable_others = wanted - up - u64::from(is_wanted(world, except) && !available.contains(&except));
    let going: BTreeSet<Ordinal> = tickets
        .iter()
        .map(|ticket| ticket.ordinal)
        .filter(|ordinal| *ordinal != except && (available.contains(ordinal) || !is_wanted(world, *ordinal)))
        .collect();
    unavailable_others + going.len() as u64
}

/// On another revision than its side of the partition wants; below the partition anything goes.
pub(crate) fn is_outdated(world: &World, pod: &PodView) -> bool {
    let index = u64::from(pod.ordinal.0) - range(world).0;
    index >= partition(world) && pod.revision.as_ref() != Some(&world.spec.update)
}

/// Whether the declaration is reached: every wanted pet is available, on its side, on its claims; nothing else is ours.
pub(crate) fn is_goal(world: &World) -> bool {
    let (first, end) = range(world);
    let rolls = matches!(world.spec.strategy, Strategy::RollingUpdate { .. });
    let pets = (first..end).all(|ordinal| {
        let Ok(ordinal) = u32::try_from(ordinal).map(Ordinal) else { return false };
        let pod = world.pod(ordinal).filter(|pod| is_available(world, pod));
        pod.is_some_and(|pod| !rolls || !is_outdated(world, pod))
    });
    let strangers = world.pods.iter().any(|pod| pod.owner == Ownership::Ours && !is_wanted(world, pod.ordinal));
    pets && !strangers && world.tickets.is_empty()
}
