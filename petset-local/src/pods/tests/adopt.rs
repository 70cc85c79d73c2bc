//! The controller ends, pods do not.

use std::fs;
use std::time::Duration;

use petset_core::backend::{ContainerState, Hints, PodBackend as _};
use petset_core::{ErrorKind, SetKey};
use serde_json::{Value, json};

use super::bench::{Bench, container, is_alive, pid_in, shell};
use crate::pods::LocalPods;
use crate::pods::adopt::adopt;
use crate::pods::process::Process;
use crate::pods::procfs::boot_id;

fn edit(bench: &Bench, change: impl FnOnce(&mut Value)) {
    let path = bench.pet_dir().join("pod.json");
    let mut record: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    change(&mut record);
    fs::write(&path, serde_json::to_vec(&record).unwrap()).unwrap();
}

#[tokio::test]
async fn s19_a_new_controller_adopts_the_same_process() {
    let mut bench = Bench::new().await;
    let pid = bench.file("pid");
    bench.run(&format!("echo $$$$ > {}; exec sleep 600", pid.display())).await;
    let before = bench.until_ready().await;
    let first = pid_in(&pid).await;
    bench.close().await;
    assert!(is_alive(first));
    assert_eq!(LocalPods::inspect(&bench.root()).unwrap(), std::slice::from_ref(&before));
    bench.open().await;
    let after = bench.until_ready().await;
    assert_eq!((after.uid, pid_in(&pid).await), (before.uid.clone(), first));
    assert_eq!(after.status.containers[0].restarts, 0);
    assert_eq!(after.status.ready_since, before.status.ready_since);
    // The adopted process is looked after: its end is seen.
    Process::of_pid(first).unwrap().unwrap().signal(rustix::process::Signal::KILL).unwrap();
    bench.until("a restart", |pod| pod.status.containers[0].restarts == 1 && pod.status.ready_since.is_some()).await;
}

#[tokio::test]
async fn s1_a_process_whose_pid_was_never_recorded_is_found_by_its_lock() {
    let mut bench = Bench::new().await;
    let pid = bench.file("pid");
    bench.run(&format!("echo $$$$ > {}; exec sleep 600", pid.display())).await;
    bench.until_ready().await;
    let first = pid_in(&pid).await;
    bench.close().await;
    edit(&bench, |record| {
        let container = &mut record["containers"][0];
        container["process"] = Value::Null;
        container["ready"] = json!(false);
        container["started"] = json!(false);
        container["state"] = json!({ "waiting": { "reason": "PodInitializing", "message": "" } });
        record["readySince"] = Value::Null;
    });
    bench.open().await;
    let pod = bench.until_ready().await;
    assert_eq!((pid_in(&pid).await, pod.status.containers[0].restarts), (first, 0));
    assert!(is_alive(first));
}

#[tokio::test]
async fn s1_a_reused_pid_is_never_signalled() {
    let mut bench = Bench::new().await;
    let pid = bench.file("pid");
    let pod = bench.run(&format!("echo $$$$ > {}; exec sleep 600", pid.display())).await;
    bench.until_ready().await;
    let mut stranger = std::process::Command::new("sleep").arg("600").spawn().unwrap();
    bench.close().await;
    edit(&bench, |record| record["containers"][0]["process"]["pid"] = json!(stranger.id()));
    bench.open().await;
    // The real process is a leftover of a run whose end is unknown: it is ended before another one is started.
    bench.until("a restart", |pod| pod.status.containers[0].restarts == 1 && pod.status.ready_since.is_some()).await;
    bench.delete(&pod, Some(0)).await;
    bench.until_gone().await;
    assert!(is_alive(stranger.id()), "a program of somebody else was ended");
    stranger.kill().unwrap();
    stranger.wait().unwrap();
}

#[tokio::test]
async fn s3_a_new_controller_goes_on_with_the_end() {
    let mut bench = Bench::new().await;
    let pod = bench.run("trap '' TERM; while :; do sleep 0.05; done").await;
    bench.until_ready().await;
    let start = std::time::Instant::now();
    bench.delete(&pod, Some(2)).await;
    bench.close().await;
    bench.open().await;
    assert!(bench.list().await[0].terminating);
    bench.until_gone().await;
    assert!(start.elapsed() >= Duration::from_millis(1990));
}

#[tokio::test]
async fn an_end_that_nobody_saw_is_a_restart() {
    let mut bench = Bench::new().await;
    let go = bench.file("go");
    let made = bench
        .run(&format!(
            "if test -e {0}; then exec sleep 600; fi; while ! test -e {0}; do sleep 0.01; done",
            go.display()
        ))
        .await;
    bench.until_ready().await;
    bench.close().await;
    fs::write(go, "").unwrap();
    while !bench.is_free() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    bench.open().await;
    let pod = bench
        .until("a restart", |pod| pod.status.containers[0].restarts == 1 && pod.status.ready_since.is_some())
        .await;
    assert_eq!(pod.uid, made.uid);
}

#[tokio::test]
async fn s8_s13_a_pod_whose_process_ended_unseen_is_not_found_ready() {
    let mut bench = Bench::new().await;
    let pid = bench.file("pid");
    bench.run(&format!("echo $$$$ > {}; exec sleep 600", pid.display())).await;
    let before = bench.until_ready().await;
    let running = pid_in(&pid).await;
    bench.close().await;
    let find = || {
        let boot = boot_id().unwrap();
        let known = adopt(&bench.root(), &boot, &Hints::new()).unwrap();
        known.cells.values().next().unwrap().pod()
    };
    assert_eq!(find(), before);
    let process = Process::of_pid(running).unwrap().unwrap();
    process.signal(rustix::process::Signal::KILL).unwrap();
    process.gone().await;
    let found = find();
    assert_eq!(found.status.ready_since, None);
    assert!(!found.status.containers[0].ready);
    assert_ne!(found.version, before.version);
    bench.open().await;
    let ready = bench.until_ready().await;
    assert!(ready.status.ready_since > before.status.ready_since);
}

#[tokio::test]
async fn a_finished_init_container_is_not_run_again() {
    let mut bench = Bench::new().await;
    let runs = bench.file("runs");
    let init = format!("echo run >> {}", runs.display());
    let spec =
        json!({ "initContainers": [container("init", &init)], "containers": [container("main", "exec sleep 600")] });
    bench.create(bench.request(spec)).await;
    bench.until_ready().await;
    bench.open().await;
    let pod = bench.until_ready().await;
    assert_eq!(fs::read_to_string(&runs).unwrap(), "run\n");
    assert!(matches!(pod.status.containers[0].state, ContainerState::Terminated { exit_code: Some(0), .. }));
}

#[tokio::test]
async fn s15_an_unreadable_record_is_an_error_for_its_set_only() {
    let mut bench = Bench::new().await;
    let mut request = bench.request(shell("exec sleep 600"));
    request.set = SetKey::new("default", "other");
    let other = bench.create(request).await;
    let pod = bench.run("exec sleep 600").await;
    bench.until_ready().await;
    bench.close().await;
    let path = bench.pet_dir().join("pod.json");
    let good = fs::read(&path).unwrap();
    fs::write(&path, &good[..good.len() / 2]).unwrap();
    bench.open().await;
    assert_eq!(bench.pods().list(&bench.set).await.unwrap_err().kind(), ErrorKind::Corrupt);
    assert_eq!(bench.pods().create(bench.request(shell("exit 0"))).await.unwrap_err().kind(), ErrorKind::Corrupt);
    assert_eq!(bench.pods().list(&other.set).await.unwrap().len(), 1);
    fs::write(&path, good).unwrap();
    bench.open().await;
    assert_eq!(bench.until_ready().await.uid, pod.uid);
    bench.delete(&other, Some(0)).await;
    while !bench.pods().list(&other.set).await.unwrap().is_empty() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn s1_processes_without_a_record_keep_the_name_taken() {
    let mut bench = Bench::new().await;
    bench.run("exec sleep 600").await;
    bench.until_ready().await;
    bench.close().await;
    fs::remove_file(bench.pet_dir().join("pod.json")).unwrap();
    bench.open().await;
    assert_eq!(bench.pods().list(&bench.set).await.unwrap_err().kind(), ErrorKind::Corrupt);
    assert!(bench.pods().create(bench.request(shell("exit 0"))).await.is_err());
}

#[tokio::test]
async fn the_end_of_the_last_handle_ends_no_pod() {
    let mut bench = Bench::new().await;
    let pid = bench.file("pid");
    bench.run(&format!("echo $$$$ > {}; exec sleep 600", pid.display())).await;
    bench.until_ready().await;
    bench.abandon();
    bench.open().await;
    bench.until_ready().await;
    assert!(is_alive(pid_in(&pid).await));
}
