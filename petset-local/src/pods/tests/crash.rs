//! A controller that is killed again and again, at any instruction.

use std::fs;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use petset_core::backend::PodBackend as _;
use petset_testkit::seed::{self, Dice};

use super::bench::Bench;

const DIR: &str = "PETSET_TEST_CRASH_DIR";
const ROUNDS: u32 = 25;

/// What the pod runs: it says when it does not run alone.
fn script(bench: &Bench) -> String {
    let path = |name: &str| bench.file(name).display().to_string();
    format!(
        "exec 8>{}; flock -n 8 || echo double >> {}; echo run >> {}; exec sleep 600",
        path("alone"),
        path("double"),
        path("runs")
    )
}

/// Not a test of its own: the controller that the test below starts and kills. It creates and deletes for ever.
#[tokio::test]
async fn controller() {
    let Some(dir) = std::env::var_os(DIR) else { return };
    let bench = Bench::at(dir.into()).await;
    loop {
        if let Some(pod) = bench.list().await.first().cloned() {
            if !pod.terminating {
                bench.until_ready().await;
                bench.delete(&pod, None).await;
            }
            bench.until_gone().await;
        } else {
            bench.run(&script(&bench)).await;
        }
    }
}

fn start(bench: &Bench) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "pods::tests::crash::controller", "--nocapture"])
        .env(DIR, bench.dir_path())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

#[tokio::test]
async fn s1_s19_a_controller_killed_at_any_instruction_never_leaves_two_incarnations_or_a_lost_pod() {
    if Command::new("flock").arg("--version").output().is_err() {
        eprintln!("skipped: no flock program to see two incarnations with");
        return;
    }
    let seed = seed::from_env();
    eprintln!("PETSET_SEED={seed}");
    let mut dice = Dice::of(seed, "crash", 1);
    let mut bench = Bench::new().await;
    bench.close().await;
    for _ in 0..ROUNDS {
        let mut controller = start(&bench);
        tokio::time::sleep(Duration::from_millis(20 + dice.below(300))).await;
        controller.kill().unwrap();
        controller.wait().unwrap();
        // Whatever runs is on record.
        let listed = crate::pods::LocalPods::inspect(&bench.root()).unwrap();
        assert!(bench.is_free() || listed.len() == 1, "a process without a pod");
    }
    bench.open().await;
    let doubles = fs::read_to_string(bench.file("double")).unwrap_or_default();
    assert_eq!(doubles, "", "two incarnations ran at once");
    let runs = fs::read_to_string(bench.file("runs")).unwrap_or_default().lines().count();
    assert!(runs > 0, "the controllers got nothing done");
    eprintln!("{runs} starts in {ROUNDS} rounds");
    if let Some(pod) = bench.pods().list(&bench.set).await.unwrap().first() {
        bench.delete(pod, None).await;
    }
    bench.until_gone().await;
    assert!(bench.is_free());
}
