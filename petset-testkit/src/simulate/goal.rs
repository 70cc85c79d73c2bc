//! The goal, as one predicate over the world and the store. It knows nothing of how it is reached.

use petset_core::backend::{ClaimPhase, PodPhase};
use petset_core::spec::{RetentionPolicyType, Service, UpdateStrategyType};
use petset_core::status::ConditionStatus;
use petset_core::store::{Cascade, StoredSet};
use petset_core::{Ordinal, SetKey, until};

use crate::world::State;

fn check(holds: bool, otherwise: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(otherwise()) }
}

/// Why a set that ended like this is not quite gone yet.
pub(super) fn gone(state: &State, set: &SetKey, end: Option<Cascade>) -> Result<(), String> {
    for running in state.pods.get(set).into_iter().flat_map(|pods| pods.values()) {
        let pod = &running.pod;
        check(pod.owner.is_none(), || format!("pod {} belongs to a set that is gone", pod.name()))?;
    }
    for claim in state.claims.get(set).into_iter().flat_map(|claims| claims.values()) {
        check(claim.owner.is_none(), || format!("claim {} belongs to a set that is gone", claim.name))?;
    }
    // Whoever talks to orphans still finds them.
    let names_stay = end == Some(Cascade::Orphan);
    check(names_stay || !state.records.contains_key(set), || format!("the names of {set} are still there"))
}

/// Why the declaration of a set, and of the service that governs it, is not reached yet.
pub(super) fn alive(
    state: &State,
    set: &SetKey,
    stored: &StoredSet,
    governing: Option<&Service>,
) -> Result<(), String> {
    check(stored.deletion.is_none(), || format!("{set} is to be deleted and still there"))?;
    let status = &stored.status;
    check(until::rolled_out().is_reached(Some(stored)), || format!("{set} does not say that it is rolled out"))?;
    let degraded = status.conditions.iter().find(|condition| condition.kind == "Degraded");
    check(degraded.is_none_or(|degraded| degraded.status == ConditionStatus::False), || {
        format!("{set} is degraded: {}", degraded.map_or("", |degraded| &degraded.message))
    })?;
    check(status.tickets.is_empty(), || format!("a ticket of {set} is still held"))?;
    let spec = &stored.set.spec;
    let wanted = spec.start().0..spec.start().0 + spec.replicas();
    check((status.replicas, status.ready_replicas) == (spec.replicas(), spec.replicas()), || {
        format!("{set} counts {} pods, {} of them ready", status.replicas, status.ready_replicas)
    })?;
    let mut ready = Vec::new();
    for ordinal in wanted.clone().map(Ordinal) {
        ready.push((ordinal, pet(state, set, stored, ordinal)?));
    }
    let all = state.pods.get(set).into_iter().flat_map(|pods| pods.values());
    for pod in all.map(|running| &running.pod).filter(|pod| !wanted.contains(&pod.ordinal.0)) {
        check(pod.owner.as_ref() != Some(&stored.uid), || format!("pod {} is not wanted any more", pod.name()))?;
    }
    let scaled_away = spec.retention().when_scaled == RetentionPolicyType::Delete;
    for claim in state.claims.get(set).into_iter().flat_map(|claims| claims.values()) {
        let stays = wanted.contains(&claim.ordinal.0) || !scaled_away || claim.owner.as_ref() != Some(&stored.uid);
        check(stays, || format!("claim {} is to go and still there", claim.name))?;
    }
    let named = state.records.get(set).map(|records| &records.pets);
    let named: Vec<_> =
        named.into_iter().flatten().filter(|pet| pet.ready).map(|pet| (pet.ordinal, pet.address)).collect();
    check(named == ready, || format!("the names of {set} are {named:?}, and the ready pets {ready:?}"))?;
    governing.map_or(Ok(()), |service| served(state, set, service))
}

/// Why peers do not find each other by their service yet: its named ports, and every pet below it by its own name.
fn served(state: &State, set: &SetKey, service: &Service) -> Result<(), String> {
    let name = &service.metadata.name;
    let records = state.records.get(set).ok_or_else(|| format!("{set} has no names"))?;
    let published = records.governing.as_ref().filter(|published| published.name == *name);
    let published = published.ok_or_else(|| format!("{set} is not named below service {name}"))?;
    let declared = service.spec.ports.iter().map(|port| (port.name.as_deref().unwrap_or_default(), port.port));
    let ports = published.ports.iter().map(|port| (port.name.as_str(), i32::from(port.port)));
    check(ports.eq(declared), || format!("service {name} is published with the ports {:?}", published.ports))?;
    let stranger = records.pets.iter().find(|pet| pet.hostname != set.pod_name(pet.ordinal));
    check(stranger.is_none(), || format!("a pet of {set} is named {stranger:?}"))
}

/// The address of a pet that is as it is declared.
fn pet(state: &State, set: &SetKey, stored: &StoredSet, ordinal: Ordinal) -> Result<std::net::IpAddr, String> {
    let spec = &stored.set.spec;
    let running = state.running(set, ordinal).ok_or_else(|| format!("there is no pod {}", set.pod_name(ordinal)))?;
    let pod = &running.pod;
    let name = pod.name();
    check(pod.owner.as_ref() == Some(&stored.uid), || format!("pod {name} is not the set's"))?;
    check(!pod.terminating, || format!("pod {name} is ending"))?;
    let is_ready = pod.status.phase == PodPhase::Running && pod.status.ready_since.is_some();
    check(is_ready, || format!("pod {name} is not ready"))?;
    let strategy = spec.update_strategy.clone().unwrap_or_default();
    let rolls = strategy.kind.unwrap_or_default() == UpdateStrategyType::RollingUpdate;
    let partition = strategy.rolling_update.and_then(|knobs| knobs.partition).unwrap_or(0);
    let index = i64::from(ordinal.0) - i64::from(spec.start().0);
    let image = |containers: &[petset_core::spec::Container]| containers.first().and_then(|main| main.image.clone());
    let is_updated = image(&running.template.spec.containers) == image(&spec.template.spec.containers);
    check(!rolls || index < partition.into() || is_updated, || format!("pod {name} has not the declared template"))?;
    for claim in &spec.volume_claim_templates {
        let own = set.claim_name(&claim.metadata.name, ordinal);
        let mounted = running.claims.get(&claim.metadata.name) == Some(&own);
        let claims = state.claims.get(set).into_iter().flat_map(|claims| claims.values());
        let bound = claims.filter(|claim| claim.name == own).any(|claim| claim.phase == ClaimPhase::Bound);
        check(mounted && bound, || format!("pod {name} is without its claim {own}"))?;
    }
    pod.status.addresses.first().copied().ok_or_else(|| format!("pod {name} has no address"))
}
