//! The whole controller over a world in memory: 1,000 sets of 3 pets, from nothing to ready and then at rest.
//!
//! `cargo bench -p petset-core --bench engine`

#![expect(clippy::print_stdout, reason = "a bench prints its table")]

use std::alloc::System;
use std::sync::Arc;
use std::time::{Duration, Instant};

use petset_core::manifest::Manifest;
use petset_core::store::{MemoryStore, SetStore};
use petset_core::{Backends, Controller, Engine, EngineOptions, SetKey, until};
use petset_testkit::{FakeWorld, fixtures};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const SETS: usize = 1_000;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(run())
}

async fn run() -> Result<(), Box<dyn std::error::Error>> {
    let world = FakeWorld::new();
    let store = Arc::new(MemoryStore::new());
    let backends = Backends {
        pods: Arc::new(world.pods()),
        volumes: Arc::new(world.volumes()),
        names: Arc::new(world.names()),
        store: Arc::clone(&store) as Arc<dyn SetStore>,
    };
    let keys: Vec<SetKey> = (0..SETS).map(|number| SetKey::new("default", format!("set-{number}"))).collect();
    let mut manifests = Vec::new();
    for key in &keys {
        manifests.push(Manifest::try_from(fixtures::set(&key.name).replicas(3).claim("www").build())?);
    }

    let region = Region::new(ALLOCATOR);
    let started = Instant::now();
    let sets = Controller::new(backends.clone()).spawn();
    for manifest in manifests {
        sets.apply(manifest).await?;
    }
    let applied = started.elapsed();
    for key in &keys {
        sets.wait(key, until::rolled_out(), Duration::from_secs(60)).await?;
    }
    let ready = started.elapsed();
    sets.shutdown().await;
    let change = region.change();
    let to_ready = world.counts();

    // At rest: every set is looked at again and again, and nothing is written.
    let engine = Engine::new(backends, EngineOptions::default());
    for key in &keys {
        let _ = engine.pass(key).await?;
    }
    let (before, version) = (world.counts(), versions(&store, &keys).await?);
    let rest = Instant::now();
    for key in &keys {
        let _ = engine.pass(key).await?;
    }
    let rest = rest.elapsed();
    let quiet = world.counts().since(&before);
    let status_writes =
        versions(&store, &keys).await?.iter().zip(&version).filter(|(left, right)| left != right).count();

    println!("{:<44} {:>12}  budget", "engine: 1,000 sets × 3 pets, 1 claim", "figure");
    println!("{:<44} {:>12.3}  -", "applied (s)", applied.as_secs_f64());
    println!("{:<44} {:>12.3}  <= 3 s", "all ready (s)", ready.as_secs_f64());
    println!("{:<44} {:>12}  3,000 pods + 3,000 claims + names", "backend writes until ready", to_ready.writes());
    println!("{:<44} {:>12}  -", "backend reads until ready", to_ready.reads());
    println!("{:<44} {:>12}  0", "backend writes in 1,000 passes at goal", quiet.writes());
    println!("{:<44} {:>12}  0", "status writes in 1,000 passes at goal", status_writes);
    println!("{:<44} {:>12.1}  -", "one pass at goal (µs)", rest.as_secs_f64() * 1e6 / 1e3);
    println!("{:<44} {:>12}  -", "allocations until ready", change.allocations);
    println!("{:<44} {:>12}  -", "peak memory, whole process (MiB)", peak_mib());
    Ok(())
}

async fn versions(store: &MemoryStore, keys: &[SetKey]) -> Result<Vec<String>, petset_core::Error> {
    let mut versions = Vec::new();
    for key in keys {
        versions.extend(store.get(key).await?.map(|stored| stored.version.to_string()));
    }
    Ok(versions)
}

/// The kernel's own high-water mark of this process; 0 where it does not say.
fn peak_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok()).unwrap_or(0) / 1024
}
