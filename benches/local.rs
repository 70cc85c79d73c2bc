//! Ten pets on this machine, against a bare loop that starts the same processes in the same view, and against the same
//! loop when it also puts on disk what must survive a crash: for each pet its claim and volume, its address, its pod
//! before and after the lock, and that it was started.
//!
//! `cargo bench --bench local`

#![expect(clippy::print_stdout, reason = "a bench prints its table")]

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use petset::backend::PodBackend;
use petset::local::node::Node;
use petset::{Cascade, Controller, Manifest, until};

type Error = Box<dyn std::error::Error + Send + Sync>;

const PETS: usize = 10;
const ROUNDS: usize = 5;
/// Files that are on disk, with their directory, before and while a pet starts.
const RECORDS: usize = 6;
const SOON: Duration = Duration::from_secs(60);

/// What turns a new process into a pet's: the very same text that the backend uses.
const VIEW: &str = include_str!("../petset-local/src/pods/view.sh");
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

fn main() -> Result<(), Error> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(run())
}

async fn run() -> Result<(), Error> {
    let probe = tempfile::tempdir()?;
    if !Node::open(probe.path()).await?.pods().capabilities().mounts {
        println!("skipped: the kernel gives this user no mount namespaces");
        return Ok(());
    }
    println!(
        "{:<24} {:>9} {:>9} {:>7} {:>12} {:>7}  budget",
        "local: 10 pets, 1 claim", "ours (s)", "bare (s)", "ratio", "durable (s)", "ratio"
    );
    for (policy, at_once) in [("OrderedReady", false), ("Parallel", true)] {
        let mut rounds = Vec::new();
        for _ in 0..ROUNDS {
            let bare = bare_loop(at_once, 0)?;
            let durable = bare_loop(at_once, RECORDS)?;
            rounds.push((ours(policy).await?, bare, durable));
        }
        rounds.sort_by(|left, right| (left.0 / left.2).total_cmp(&(right.0 / right.2)));
        let (ours, bare, durable) = rounds[ROUNDS / 2];
        let (to_bare, to_durable) = (ours / bare, ours / durable);
        println!(
            "{policy:<24} {ours:>9.3} {bare:>9.3} {to_bare:>7.2} {durable:>12.3} {to_durable:>7.2}  <= 1.15 of the same calls"
        );
    }
    Ok(())
}

/// From the declaration to ten ready pets.
async fn ours(policy: &str) -> Result<f64, Error> {
    let dir = tempfile::tempdir()?;
    let node = Node::open(dir.path()).await?;
    let sets = Controller::new(node).spawn();
    let manifest = Manifest::parse(&format!(
        "
apiVersion: petset.rs/v1
kind: PetSet
metadata: {{name: bench}}
spec:
  replicas: {PETS}
  podManagementPolicy: {policy}
  template:
    metadata: {{labels: {{app: bench}}}}
    spec:
      terminationGracePeriodSeconds: 1
      containers:
      - name: main
        command: [sleep, '1000']
        volumeMounts: [{{name: data, mountPath: /mnt}}]
  volumeClaimTemplates:
  - metadata: {{name: data}}
    spec: {{accessModes: [ReadWriteOnce], resources: {{requests: {{storage: 1Mi}}}}}}
"
    ))?;
    let started = Instant::now();
    sets.apply(manifest).await?;
    sets.wait("bench", until::rolled_out(), SOON).await?;
    let took = started.elapsed().as_secs_f64();
    sets.delete("bench", Cascade::Ordered).await?;
    sets.wait("bench", until::gone(), SOON).await?;
    sets.shutdown().await;
    Ok(took)
}

/// The same processes, started by a loop that puts `records` files a pet on disk: one after the other, or all at once.
fn bare_loop(at_once: bool, records: usize) -> Result<f64, Error> {
    let dir = tempfile::tempdir()?;
    let started = Instant::now();
    let mut children = Vec::new();
    for number in 0..PETS {
        let place = dir.path().join(number.to_string());
        for record in 0..records {
            remember(&place, record)?;
        }
        let child = start(&place, number)?;
        if !at_once {
            wait_until_it_runs(&child)?;
        }
        children.push(child);
    }
    for child in &children {
        wait_until_it_runs(child)?;
    }
    let took = started.elapsed().as_secs_f64();
    for mut child in children {
        child.kill()?;
        child.wait()?;
    }
    Ok(took)
}

fn start(dir: &Path, number: usize) -> Result<Child, Error> {
    for name in ["data", "view"] {
        fs::create_dir_all(dir.join(name))?;
    }
    fs::write(dir.join("hosts"), "127.0.0.1 localhost\n")?;
    fs::write(dir.join("resolv.conf"), "nameserver 127.0.0.1\n")?;
    let mut command = Command::new("unshare");
    command.args(["--mount", "--uts", "--propagation", "private"]);
    if !rustix::process::geteuid().is_root() {
        command.args(["--user", "--map-root-user"]);
    }
    let path = |name: &str| dir.join(name).display().to_string();
    command.args([
        "--",
        "/bin/sh",
        "-c",
        VIEW,
        "petset",
        VIEW,
        &path("report"),
        &format!("bench-{number}"),
        &path("view"),
    ]);
    command.args(["/", PATH, ""]);
    for (name, target) in [("hosts", "/etc/hosts"), ("resolv.conf", "/etc/resolv.conf"), ("data", "/mnt")] {
        command.args(["rw", &path(name), target]);
    }
    command.args(["--", "sleep", "1000"]);
    Ok(command.stdin(Stdio::null()).stdout(Stdio::null()).spawn()?)
}

/// A small file that is whole after a crash, or not there.
fn remember(dir: &Path, number: usize) -> Result<(), Error> {
    fs::create_dir_all(dir)?;
    let (half, whole) = (dir.join("record.half"), dir.join(format!("record-{number}")));
    let mut file = fs::File::create(&half)?;
    file.write_all(&[b'x'; 1024])?;
    file.sync_all()?;
    fs::rename(half, whole)?;
    fs::File::open(dir)?.sync_all()?;
    Ok(())
}

/// The kernel says which program a process runs.
fn wait_until_it_runs(child: &Child) -> Result<(), Error> {
    let name = format!("/proc/{}/comm", child.id());
    let deadline = Instant::now() + SOON;
    while fs::read_to_string(&name)?.trim() != "sleep" {
        if Instant::now() > deadline {
            return Err("the program does not start".into());
        }
        std::thread::sleep(Duration::from_micros(200));
    }
    Ok(())
}
