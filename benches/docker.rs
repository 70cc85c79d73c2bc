//! Pets on a Docker Engine, against a bare loop that makes the same pods; and every call that is made, counted.
//!
//! `cargo bench --bench docker --features docker`, after `scripts/services docker images`.

#![expect(clippy::print_stdout, reason = "a bench prints its table")]

#[path = "docker/bare.rs"]
mod bare;
#[path = "docker/meter.rs"]
mod meter;

use std::time::{Duration, Instant};

use meter::{Calls, Meter};
use petset::docker::node::Node;
use petset::{Cascade, Controller, Manifest, Sets, until};

type Error = Box<dyn std::error::Error + Send + Sync>;

const IMAGE: &str = "petset.test/busybox:1";
/// What every container runs, that of the pod too.
const RUN: &str = "trap 'exit 0' TERM; while :; do sleep 600 & wait; done";
const ROUNDS: usize = 3;
const SOON: Duration = Duration::from_secs(120);
/// How long a set at its goal is looked at, and how often it looks at itself meanwhile.
const IDLE: Duration = Duration::from_secs(10);
const RESYNC: Duration = Duration::from_secs(2);

/// What pets are brought up how.
#[derive(Debug, Clone, Copy)]
struct Case {
    policy: &'static str,
    pets: usize,
    at_once: bool,
}

const CASES: [Case; 2] =
    [Case { policy: "Parallel", pets: 10, at_once: true }, Case { policy: "OrderedReady", pets: 5, at_once: false }];

fn main() -> Result<(), Error> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(run())
}

async fn run() -> Result<(), Error> {
    if let Err(error) = bare::is_there().await {
        println!("skipped: no engine with {IMAGE} (scripts/services docker images): {error}");
        return Ok(());
    }
    let mut counted = Vec::new();
    println!("{:<24} {:>9} {:>9} {:>7}  budget", "docker: 1 claim a pet", "ours (s)", "bare (s)", "ratio");
    for case in CASES {
        let mut rounds = Vec::new();
        for _ in 0..ROUNDS {
            let (bare, bare_calls) = bare::up_and_down(case).await?;
            let (ours, calls) = ours(case).await?;
            rounds.push((ours, bare));
            counted.push((case, calls, bare_calls));
        }
        rounds.sort_by(|left, right| (left.0 / left.1).total_cmp(&(right.0 / right.1)));
        let (ours, bare) = rounds[ROUNDS / 2];
        let name = format!("{} {}", case.pets, case.policy);
        println!("{name:<24} {ours:>9.3} {bare:>9.3} {:>7.2}  <= 1.15", ours / bare);
    }
    for (case, calls, bare) in counted.iter().step_by(ROUNDS) {
        println!("\n{} {}: calls until all are ready, and per pet", case.pets, case.policy);
        println!("  a bare loop makes {}", bare.all());
        calls.print(case.pets);
    }
    idle().await
}

async fn node(dir: &std::path::Path, meter: &Meter) -> Result<Node, Error> {
    let command = ["/bin/sh", "-c", RUN].map(str::to_owned);
    Ok(Node::builder(dir.join("node")).host(meter.host()).sandbox(IMAGE, command).open().await?)
}

/// From the declaration to ready pets: seconds and calls.
async fn ours(case: Case) -> Result<(f64, Calls), Error> {
    let dir = tempfile::tempdir()?;
    let meter = Meter::start(dir.path().join("docker.sock"))?;
    let sets = Controller::new(node(dir.path(), &meter).await?).spawn();
    let manifest = manifest(case)?;
    meter.take();
    let started = Instant::now();
    sets.apply(manifest).await?;
    sets.wait("bench/bench", until::rolled_out(), SOON).await?;
    let took = started.elapsed().as_secs_f64();
    let calls = meter.take();
    end(sets).await?;
    Ok((took, calls))
}

/// What a set of ten asks for when there is nothing to do.
async fn idle() -> Result<(), Error> {
    let dir = tempfile::tempdir()?;
    let meter = Meter::start(dir.path().join("docker.sock"))?;
    let sets = Controller::new(node(dir.path(), &meter).await?).resync(RESYNC).spawn();
    sets.apply(manifest(CASES[0])?).await?;
    sets.wait("bench/bench", until::rolled_out(), SOON).await?;
    // What the last start had to do is done within one look at everything.
    tokio::time::sleep(RESYNC * 2).await;
    meter.take();
    tokio::time::sleep(IDLE).await;
    let calls = meter.take();
    let looks = IDLE.as_secs() / RESYNC.as_secs();
    println!(
        "\n10 pets at their goal, {} s with {looks} looks at everything: {} writes (0)",
        IDLE.as_secs(),
        calls.writes()
    );
    calls.print(usize::try_from(looks)?);
    end(sets).await
}

async fn end(sets: Sets) -> Result<(), Error> {
    sets.delete("bench/bench", Cascade::Ordered).await?;
    sets.wait("bench/bench", until::gone(), SOON).await?;
    sets.shutdown().await;
    bare::forget_volumes().await
}

fn manifest(case: Case) -> Result<Manifest, Error> {
    let Case { policy, pets, .. } = case;
    Ok(Manifest::parse(&format!(
        "
apiVersion: petset.rs/v1
kind: PetSet
metadata: {{name: bench, namespace: bench}}
spec:
  replicas: {pets}
  podManagementPolicy: {policy}
  persistentVolumeClaimRetentionPolicy: {{whenDeleted: Delete}}
  template:
    metadata: {{labels: {{app: bench}}}}
    spec:
      terminationGracePeriodSeconds: 5
      containers:
      - name: main
        image: {IMAGE}
        command: [/bin/sh, -c, \"{RUN}\"]
        volumeMounts: [{{name: data, mountPath: /data}}]
  volumeClaimTemplates:
  - metadata: {{name: data}}
    spec: {{accessModes: [ReadWriteOnce], resources: {{requests: {{storage: 1Mi}}}}}}
"
    ))?)
}
