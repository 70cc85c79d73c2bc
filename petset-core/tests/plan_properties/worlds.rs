//! Random worlds: small ones that a set can really come to, and absurd ones that nothing but a decoder's mistake makes.

use std::sync::Arc;
use std::time::Duration;

use petset_core::backend::{ClaimPhase, PodPhase};
use petset_core::plan::{ClaimView, Ownership, RetryAt, Strategy as Update, Target};
use petset_core::status::Ticket;
use petset_core::store::Cascade;
use petset_core::{ClaimUid, Ordinal, PodUid, RevisionName, Timestamp};
use proptest::collection::{btree_map, btree_set, vec};
use proptest::option::weighted;
use proptest::prelude::*;

use crate::common::{Spec, World};

fn revision() -> impl Strategy<Value = RevisionName> {
    prop_oneof![Just("A"), Just("B"), Just("C")].prop_map(RevisionName::new)
}

fn owner() -> impl Strategy<Value = Ownership> {
    prop_oneof![12 => Just(Ownership::Ours), 1 => Just(Ownership::Nobody), 1 => Just(Ownership::Foreign), 1 => Just(Ownership::Former)]
}

/// The numbers of a declaration.
#[derive(Debug, Clone, Copy)]
struct Numbers {
    replicas: u32,
    start: u32,
    partition: u32,
    max: u32,
    min_ready: Duration,
}

fn small_numbers() -> impl Strategy<Value = Numbers> {
    let partition = prop_oneof![3 => Just(0), 2 => 0..8_u32];
    let min_ready = prop_oneof![2 => Just(0), 1 => 1..30_u64].prop_map(Duration::from_secs);
    (0..7_u32, 0..3_u32, partition, 1..4_u32, min_ready)
        .prop_map(|(replicas, start, partition, max, min_ready)| Numbers { replicas, start, partition, max, min_ready })
}

fn absurd_numbers() -> impl Strategy<Value = Numbers> {
    let most = i32::MAX.unsigned_abs();
    let replicas = prop_oneof![4 => 0..=10_u32, 4 => 0..=1000_u32, 1 => Just(most), 1 => Just(u32::MAX)];
    let start = prop_oneof![4 => 0..4_u32, 1 => Just(most), 1 => Just(u32::MAX - 1), 1 => Just(u32::MAX)];
    let edge = || prop_oneof![4 => 0..12_u32, 1 => Just(most), 1 => Just(u32::MAX)];
    let min_ready = prop_oneof![Just(Duration::ZERO), (0..60_u64).prop_map(Duration::from_secs), Just(Duration::MAX)];
    (replicas, start, edge(), edge(), min_ready).prop_map(|(replicas, start, partition, max, min_ready)| Numbers {
        replicas,
        start,
        partition,
        max,
        min_ready,
    })
}

fn spec(numbers: impl Strategy<Value = Numbers>) -> impl Strategy<Value = Spec> {
    let templates = prop_oneof![2 => Just(vec![]), 2 => Just(vec!["www"]), 1 => Just(vec!["data", "www"])];
    let deletion = prop_oneof![10 => Just(None), 1 => Just(Some(Cascade::Ordered)), 1 => Just(Some(Cascade::Orphan))];
    let policies = (any::<bool>(), any::<bool>(), any::<bool>(), weighted(0.05, Just(())), weighted(0.2, Just(())));
    (numbers, policies, templates, deletion, revision(), revision()).prop_map(
        |(numbers, (ordered, when_scaled, when_deleted, paused, on_delete), templates, deletion, current, update)| {
            Spec {
                replicas: numbers.replicas,
                start: numbers.start,
                ordered,
                strategy: match on_delete {
                    Some(()) => Update::OnDelete,
                    None => Update::RollingUpdate { partition: numbers.partition, max_unavailable: numbers.max },
                },
                min_ready: numbers.min_ready,
                when_scaled,
                when_deleted,
                templates: templates.into_iter().map(Arc::from).collect(),
                deletion,
                current,
                update,
                binds_before_use: when_scaled != ordered,
                paused: paused.is_some(),
            }
        },
    )
}

/// A pod at a place counted from a little below the range.
#[derive(Debug, Clone)]
struct PodSeed {
    owner: Ownership,
    selected: bool,
    revision: Option<RevisionName>,
    phase: PodPhase,
    ready_for: Option<i64>,
    terminating: bool,
    initialized: bool,
    address: bool,
}

fn pod() -> impl Strategy<Value = PodSeed> {
    let phase = prop_oneof![
        8 => Just(PodPhase::Running),
        1 => Just(PodPhase::Pending),
        1 => Just(PodPhase::Failed),
        1 => Just(PodPhase::Succeeded),
        1 => Just(PodPhase::Unknown)
    ];
    let often = |chance| proptest::bool::weighted(chance);
    let ready_for = weighted(0.75, prop_oneof![0..60_000_000_i64, -5_000_000..0_i64]);
    (owner(), often(0.93), weighted(0.95, revision()), phase, ready_for, often(0.15), often(0.94), any::<bool>())
        .prop_map(|(owner, selected, revision, phase, ready_for, terminating, initialized, address)| PodSeed {
            owner,
            selected,
            revision,
            phase,
            ready_for,
            terminating,
            initialized,
            address,
        })
}

#[derive(Debug, Clone, Copy)]
struct ClaimSeed {
    phase: ClaimPhase,
    owner: Ownership,
}

fn claim() -> impl Strategy<Value = ClaimSeed> {
    let phase = prop_oneof![
        10 => Just(ClaimPhase::Bound),
        1 => Just(ClaimPhase::Pending),
        1 => Just(ClaimPhase::Lost),
        1 => Just(ClaimPhase::Terminating)
    ];
    (phase, prop_oneof![2 => Just(Ownership::Nobody), 2 => Just(Ownership::Ours), 1 => Just(Ownership::Foreign)])
        .prop_map(|(phase, owner)| ClaimSeed { phase, owner })
}

/// What is remembered of the claims that a pet ran on.
#[derive(Debug, Clone, Copy)]
enum Known {
    Nothing,
    Own,
    Others,
}

fn world(numbers: impl Strategy<Value = Numbers>, now: impl Strategy<Value = i64>) -> impl Strategy<Value = World> {
    let place = 0..11_u32;
    let pause = -5_000_000..20_000_000_i64;
    let template = prop_oneof![3 => Just("www"), 2 => Just("data"), 1 => Just("alike")];
    let known = prop_oneof![3 => Just(Known::Nothing), 2 => Just(Known::Own), 1 => Just(Known::Others)];
    let ticket = (place.clone(), prop_oneof![3 => Just(true), 2 => Just(false)]);
    (
        spec(numbers),
        now,
        btree_map(place.clone(), pod(), 0..9),
        btree_map((place.clone(), template), claim(), 0..14),
        vec(ticket, 0..4),
        (btree_map(place.clone(), known, 0..9), btree_set(place.clone(), 0..2)),
        (btree_map(place.clone(), pause.clone(), 0..2), btree_map(place, pause, 0..3)),
    )
        .prop_map(|(spec, now, pods, claims, tickets, (started, deleting), (retries, lapses))| {
            let at = |place: u32| Ordinal(spec.start.saturating_sub(2).saturating_add(place));
            let mut world = World::new(spec.clone());
            world.now = Timestamp::from_micros(now);
            for (place, seed) in pods {
                let since = seed.ready_for.map(|micros| Timestamp::from_micros(now.saturating_sub(micros)));
                if world.pod(at(place)).is_some() {
                    continue;
                }
                world.put_pod(at(place), seed.revision);
                world.edit(at(place), |pod| {
                    pod.owner = seed.owner;
                    pod.selected = seed.selected;
                    pod.phase = seed.phase;
                    pod.ready_since = since.filter(|_| seed.phase == PodPhase::Running);
                    pod.terminating = seed.terminating;
                    pod.initialized = seed.initialized;
                    pod.address = seed.address.then(|| [10, 0, 0, 1].into());
                });
            }
            for ((place, template), seed) in claims {
                world.put_claim(at(place), &Arc::from(template), seed.phase, seed.owner);
            }
            for (place, stands) in tickets {
                let uid = PodUid::new(format!("{}.{}", at(place), u8::from(stands)));
                world.tickets.push(Ticket { ordinal: at(place), uid });
            }
            for (place, known) in started {
                let own = world.claims.iter().filter(|claim| claim.ordinal == at(place));
                let uid = |claim: &ClaimView| match known {
                    Known::Nothing => None,
                    Known::Own => Some((Arc::clone(&claim.template), claim.uid.clone())),
                    Known::Others => Some((Arc::clone(&claim.template), ClaimUid::new("another"))),
                };
                let claims: Vec<_> = own.filter_map(uid).collect();
                world.started.insert(at(place), claims);
            }
            world.deleting_claims = deleting.into_iter().map(at).collect();
            let until = |micros: i64| Timestamp::from_micros(now.saturating_add(micros));
            let retry = |(place, micros)| {
                let on = match micros % 3 {
                    0 => None,
                    1 => Some(Target::Pod(PodUid::new(format!("{}.1", at(place))))),
                    _ => world
                        .claims
                        .iter()
                        .find(|claim| claim.ordinal == at(place))
                        .map(|claim| Target::Claim(claim.uid.clone())),
                };
                RetryAt { at: until(micros), failures: 1, message: Arc::from("refused"), on }
            };
            world.retries = retries.into_iter().map(|seed| (at(seed.0), retry(seed))).collect();
            world.lapses = lapses.into_iter().map(|(place, micros)| (at(place), until(micros))).collect();
            world
        })
}

/// A world of a handful of pets.
pub(crate) fn small() -> impl Strategy<Value = World> {
    world(small_numbers(), Just(3_600_000_000))
}

/// A world at the edges of its numbers.
pub(crate) fn absurd() -> impl Strategy<Value = World> {
    world(
        absurd_numbers(),
        prop_oneof![4 => Just(3_600_000_000), 1 => Just(i64::MIN), 1 => Just(i64::MAX), 2 => any::<i64>()],
    )
}

/// A small world of a set that is neither paused nor on its way out.
pub(crate) fn living() -> impl Strategy<Value = World> {
    small().prop_map(|mut world| {
        world.spec.deletion = None;
        world.spec.paused = false;
        world
    })
}
