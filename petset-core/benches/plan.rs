//! The planner alone: nothing to do, the first scale-up, a rollout; 10 to 10,000 pets. Counts before seconds.
//!
//! `cargo bench -p petset-core --bench plan`

#![expect(clippy::print_stdout, reason = "a bench prints its table")]

use std::alloc::System;
use std::collections::BTreeMap;
use std::hint::black_box;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use petset_core::backend::{ClaimPhase, PodPhase};
use petset_core::plan::{Action, ClaimView, Desired, Observed, Ownership, Plan, PodView, Strategy, plan};
use petset_core::status::{OrdinalSet, Started};
use petset_core::{ClaimUid, Ordinal, PodUid, RevisionName, Timestamp, Version};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// A world of `count` pets with one claim each.
struct World {
    pods: Vec<PodView>,
    claims: Vec<ClaimView>,
    templates: Vec<Arc<str>>,
    started: Started,
    none: OrdinalSet,
    retries: BTreeMap<Ordinal, petset_core::plan::RetryAt>,
    lapses: BTreeMap<Ordinal, Timestamp>,
    old: RevisionName,
    new: RevisionName,
    published: Option<u64>,
}

impl World {
    /// `standing` of the pets have a pod, on the old revision.
    fn new(count: u32, standing: u32) -> Self {
        let old = RevisionName::new("web-7d4b9c5f6x");
        let www: Arc<str> = "www".into();
        let pod = |index: u32| PodView {
            ordinal: Ordinal(index),
            uid: PodUid::new(format!("6e1b7c1e-0000-4000-8000-{index:012}")),
            version: Version::new(index.to_string()),
            owner: Ownership::Ours,
            selected: true,
            revision: Some(RevisionName::new("web-7d4b9c5f6x")),
            phase: PodPhase::Running,
            ready_since: Some(Timestamp::from_micros(1)),
            terminating: false,
            initialized: true,
            address: Some(IpAddr::V4(Ipv4Addr::from_bits(0x7f40_0001 + index))),
            trouble: None,
        };
        let claim = |index: u32| ClaimView {
            ordinal: Ordinal(index),
            template: Arc::clone(&www),
            uid: ClaimUid::new(format!("claim-{index}")),
            owner: Ownership::Nobody,
            phase: ClaimPhase::Bound,
            message: None,
        };
        Self {
            pods: (0..standing).map(pod).collect(),
            claims: (0..count).map(claim).collect(),
            templates: vec![Arc::clone(&www)],
            started: (0..count).map(Ordinal).collect(),
            none: OrdinalSet::default(),
            retries: BTreeMap::new(),
            lapses: BTreeMap::new(),
            old: old.clone(),
            new: RevisionName::new("web-5c8d6b4f2z"),
            published: None,
        }
    }

    fn run(&self, count: u32, ordered: bool, rolling: bool) -> Plan {
        let desired = Desired {
            replicas: count,
            start: Ordinal(0),
            ordered,
            strategy: Strategy::RollingUpdate { partition: 0, max_unavailable: 1 },
            min_ready: Duration::ZERO,
            delete_claims_when_scaled: false,
            delete_claims_when_deleted: false,
            claim_templates: &self.templates,
            deletion: None,
            current: &self.old,
            update: if rolling { &self.new } else { &self.old },
            binds_before_use: true,
            paused: false,
        };
        let observed = Observed {
            now: Timestamp::from_micros(2),
            pods: &self.pods,
            claims: &self.claims,
            tickets: &[],
            started: &self.started,
            deleting_claims: &self.none,
            retries: &self.retries,
            lapses: &self.lapses,
            names_seed: 7,
            published: self.published,
        };
        plan(black_box(&desired), black_box(&observed))
    }
}

struct Row {
    what: &'static str,
    pets: u32,
    nanoseconds: f64,
    allocations: usize,
    actions: usize,
    budget: &'static str,
}

fn measure(what: &'static str, pets: u32, budget: &'static str, run: impl Fn() -> Plan) -> Row {
    let region = Region::new(ALLOCATOR);
    let actions = black_box(run()).actions.len();
    let allocations = region.change().allocations;
    // The median of batches, each long enough for the clock.
    let per_batch = (2_000_000 / (u64::from(pets) * 10 + 100)).max(3);
    let mut batches: Vec<f64> = (0..31)
        .map(|_| {
            let started = Instant::now();
            for _ in 0..per_batch {
                let _ = black_box(run());
            }
            #[expect(clippy::cast_precision_loss, reason = "a handful of runs")]
            let runs = per_batch as f64;
            started.elapsed().as_secs_f64() * 1e9 / runs
        })
        .collect();
    batches.sort_by(f64::total_cmp);
    Row { what, pets, nanoseconds: batches[batches.len() / 2], allocations, actions, budget }
}

fn main() {
    let mut rows = Vec::new();
    for pets in [10, 100, 1_000, 10_000] {
        let mut world = World::new(pets, pets);
        let first = world.run(pets, true, false);
        world.published = first
            .actions
            .iter()
            .find_map(|action| if let Action::PublishNames { digest } = action { Some(*digest) } else { None });
        assert!(world.run(pets, true, false).is_idle(), "at goal there is nothing to do");
        let budget = match pets {
            10 => "<= 1 µs",
            1_000 => "<= 30 µs",
            _ => "linear",
        };
        rows.push(measure("nothing to do", pets, budget, || world.run(pets, true, false)));
        let empty = World::new(pets, 0);
        rows.push(measure("scale-up, Parallel", pets, "linear", || empty.run(pets, false, false)));
        let half = World::new(pets, pets / 2);
        rows.push(measure("scale-up, OrderedReady", pets, "linear", || half.run(pets, true, false)));
        rows.push(measure("rollout begins", pets, "linear", || world.run(pets, true, true)));
    }
    println!("{:<24} {:>7} {:>12} {:>12} {:>8}  budget", "plan", "pets", "time (µs)", "allocations", "actions");
    for Row { what, pets, nanoseconds, allocations, actions, budget } in rows {
        println!("{what:<24} {pets:>7} {:>12.2} {allocations:>12} {actions:>8}  {budget}", nanoseconds / 1e3);
    }
    println!("\npeer, nothing to do: Kubernetes' controller takes 200-240 µs and 1,560 allocations for 10 pets,");
    println!("3.3-6.0 ms and 27,000-29,000 allocations for 1,000");
}
