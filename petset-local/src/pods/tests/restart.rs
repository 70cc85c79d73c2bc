//! Restarts in place.

use std::fs;
use std::time::Duration;

use petset_core::Ordinal;
use petset_core::backend::{ContainerState, Pod};
use rustix::process::Signal;
use serde_json::json;

use super::bench::{Bench, container, is_alive, pid_in, shell, until_file};
use crate::pods::process::Process;
use crate::pods::procfs::still_holds;

#[tokio::test]
async fn a_crash_is_restarted_with_backoff_and_counted() {
    let mut bench = Bench::new().await;
    bench.options.backoff.initial = Duration::from_millis(300);
    bench.options.backoff.max = Duration::from_secs(3600);
    bench.open().await;
    let times = bench.file("times");
    let made = bench.run(&format!("date +%s%N >> {}; echo out of luck >&2; exit 7", times.display())).await;
    let pod = bench
        .until("a crash loop", |pod| {
            pod.status.reason.as_deref() == Some("CrashLoopBackOff") && pod.status.containers[0].restarts == 4
        })
        .await;
    assert_eq!(pod.uid, made.uid);
    let message = pod.status.message.unwrap();
    for part in ["exit code 7", "out of luck", "container `main`", "back-off 1s"] {
        assert!(message.contains(part), "{part} in {message}");
    }
    let times: Vec<u128> = fs::read_to_string(times).unwrap().lines().map(|line| line.parse().unwrap()).collect();
    let pauses: Vec<_> = times.windows(2).map(|pair| (pair[1] - pair[0]) / 1_000_000).collect();
    assert!(pauses[1] >= 300 && pauses[2] >= 600, "{pauses:?}");
}

#[tokio::test]
async fn a_failing_liveness_probe_restarts_the_container() {
    let bench = Bench::new().await;
    let [sick, runs] = ["sick", "runs"].map(|name| bench.file(name));
    let mut spec = shell(&format!("rm -f {}; echo run >> {}; exec sleep 600", sick.display(), runs.display()));
    spec["containers"][0]["livenessProbe"] = json!({
        "exec": { "command": ["/bin/sh", "-c", format!("! test -e {}", sick.display())] },
        "periodSeconds": 1, "failureThreshold": 2,
    });
    let made = bench.create(bench.request(spec)).await;
    until_file(&runs, |text| text.lines().count() == 1).await;
    fs::write(&sick, "").unwrap();
    let pod = bench.until("a restart", |pod| pod.status.containers[0].restarts == 1).await;
    assert_eq!(pod.uid, made.uid);
    until_file(&runs, |text| text.lines().count() == 2).await;
    assert!(!sick.exists());
}

#[tokio::test]
async fn a_restart_finds_nothing_of_the_run_before_and_siblings_live_on() {
    let bench = Bench::new().await;
    let [child, sibling, runs] = ["child", "sibling", "runs"].map(|name| bench.file(name));
    let main = format!(
        "echo run >> {runs}; if [ $(wc -l < {runs}) = 1 ]; then setsid sleep 600 & echo $! > {child}; sleep 0.2; exit 1; \
         fi; grep -qs 'State:.*[SRD] ' /proc/$(cat {child})/status && echo overlap >> {runs}; exec sleep 600",
        runs = runs.display(),
        child = child.display(),
    );
    let other = format!("echo $$$$ > {}; exec sleep 600", sibling.display());
    bench.create(bench.request(json!({ "containers": [container("main", &main), container("other", &other)] }))).await;
    let pod = bench
        .until("a restart", |pod| pod.status.containers[0].restarts == 1 && pod.status.ready_since.is_some())
        .await;
    assert_eq!(pod.status.containers[1].restarts, 0);
    assert_eq!(until_file(&runs, |text| text.lines().count() > 1).await, "run\nrun\n");
    assert!(!is_alive(pid_in(&child).await));
    assert!(is_alive(pid_in(&sibling).await));
}

#[tokio::test]
async fn a_missing_program_is_named_and_heals() {
    let bench = Bench::new().await;
    let program = bench.file("program");
    bench.create(bench.request(json!({ "containers": [{ "name": "main", "command": [program] }] }))).await;
    let pod = bench.until("a reason", |pod| pod.status.reason.as_deref() == Some("ContainerCannotRun")).await;
    assert!(pod.status.message.unwrap().contains(program.to_str().unwrap()));
    fs::write(&program, "#!/bin/sh\nexec sleep 600\n").unwrap();
    fs::set_permissions(&program, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    bench.until_ready().await;
}

#[tokio::test]
async fn a_missing_config_map_is_named() {
    let bench = Bench::new().await;
    let mut spec = shell("exec sleep 600");
    spec["containers"][0]["envFrom"] = json!([{ "configMapRef": { "name": "settings" } }]);
    bench.create(bench.request(spec)).await;
    let pod = bench.until("a reason", |pod| pod.status.reason.as_deref() == Some("CreateContainerConfigError")).await;
    assert!(pod.status.message.as_ref().unwrap().contains("settings"), "{:?}", pod.status);
    assert!(matches!(&pod.status.containers[0].state, ContainerState::Waiting { .. }));
}

#[tokio::test]
async fn handlers_run_after_the_start_and_before_the_end() {
    let bench = Bench::new().await;
    let out = bench.file("out");
    let say =
        |word: &str| json!({ "exec": { "command": ["/bin/sh", "-c", format!("echo {word} >> {}", out.display())] } });
    let mut spec = shell(&format!("trap 'echo term >> {}; exit 0' TERM; sleep 600 & wait", out.display()));
    spec["containers"][0]["lifecycle"] = json!({ "postStart": say("started"), "preStop": say("stopping") });
    let pod = bench.create(bench.request(spec)).await;
    bench.until_ready().await;
    assert_eq!(fs::read_to_string(&out).unwrap(), "started\n");
    bench.delete(&pod, None).await;
    bench.until_gone().await;
    assert_eq!(fs::read_to_string(&out).unwrap(), "started\nstopping\nterm\n");
}

#[tokio::test]
async fn a_handler_whose_end_nobody_saw_runs_again_and_one_that_was_seen_does_not() {
    let mut bench = Bench::new().await;
    let [out, go] = ["out", "go"].map(|name| bench.file(name));
    let (log, let_go) = (out.display(), go.display());
    let handler = format!("echo start >> {log}; while ! test -e {let_go}; do sleep 0.02; done");
    let mut spec = shell("exec sleep 600");
    spec["containers"][0]["lifecycle"] = json!({ "postStart": { "exec": { "command": ["/bin/sh", "-c", handler] } } });
    bench.create(bench.request(spec)).await;
    until_file(&out, |text| text == "start\n").await;
    bench.close().await;
    fs::write(&go, "").unwrap();
    bench.open().await;
    bench.until_ready().await;
    assert_eq!(fs::read_to_string(&out).unwrap(), "start\nstart\n");
    bench.open().await;
    let pod = bench.until_ready().await;
    bench.delete(&pod, None).await;
    bench.until_gone().await;
    assert_eq!(fs::read_to_string(&out).unwrap(), "start\nstart\n");
}

#[tokio::test]
async fn s3_a_handler_that_takes_all_the_grace_leaves_some_for_the_polite_signal() {
    let bench = Bench::new().await;
    let out = bench.file("out");
    let mut spec = shell(&format!("trap 'echo term >> {}; exit 0' TERM; while :; do sleep 0.05; done", out.display()));
    spec["containers"][0]["lifecycle"] = json!({ "preStop": { "sleep": { "seconds": 600 } } });
    let pod = bench.create(bench.request(spec)).await;
    bench.until_ready().await;
    bench.delete(&pod, Some(1)).await;
    bench.until_gone().await;
    assert_eq!(fs::read_to_string(&out).unwrap(), "term\n");
}

#[tokio::test]
async fn s1_a_restart_waits_for_a_child_that_closed_its_descriptors() {
    let bench = Bench::new().await;
    let [main, child, runs] = ["main", "child", "runs"].map(|name| bench.file(name));
    // The child is in no group and holds no lock of its container: only its environment says whose it is. It ends late.
    // The shell of this machine may know no descriptors above 9, so a helper closes them.
    let detach = "import os,signal,sys,time; os.closerange(3, 1000); os.setsid(); \
                  signal.signal(signal.SIGTERM, lambda *_: (time.sleep(0.5), os._exit(0))); \
                  open(sys.argv[1],'w').write(str(os.getpid())); time.sleep(600)";
    if std::process::Command::new("python3").arg("--version").output().is_err() {
        eprintln!("skipped: no python3 to close descriptors with");
        return;
    }
    let script = format!(
        "echo run >> {runs}; if [ $(wc -l < {runs}) = 1 ]; then python3 -c \"{detach}\" {child} & \
         while ! test -s {child}; do sleep 0.01; done; echo $$$$ > {main}; \
         else grep -qs 'State:.*[SRD] ' /proc/$(cat {child})/status && echo overlap >> {runs}; fi; exec sleep 600",
        runs = runs.display(),
        child = child.display(),
        main = main.display(),
    );
    bench.run(&script).await;
    bench.until_ready().await;
    let (first, left) = (pid_in(&main).await, pid_in(&child).await);
    let lock = bench.pet_dir().join("pet.lock");
    assert!(still_holds(first, &lock).unwrap() && !still_holds(left, &lock).unwrap());
    Process::of_pid(first).unwrap().unwrap().signal(Signal::KILL).unwrap();
    bench.until("a restart", |pod| pod.status.containers[0].restarts == 1 && pod.status.ready_since.is_some()).await;
    assert_eq!(until_file(&runs, |text| text.lines().count() > 1).await, "run\nrun\n");
    assert!(!is_alive(left));
}

#[tokio::test]
async fn a_command_in_a_container_ends_with_it() {
    let bench = Bench::new().await;
    let [main, command] = ["main", "command"].map(|name| bench.file(name));
    bench.run(&format!("echo $$$$ > {}; exec sleep 600", main.display())).await;
    bench.until_ready().await;
    let first = pid_in(&main).await;
    let script = format!("echo $$ > {}; exec sleep 600", command.display());
    let argv = ["/bin/sh", "-c", &script].map(str::to_owned);
    let end = async {
        let running = pid_in(&command).await;
        Process::of_pid(first).unwrap().unwrap().signal(Signal::KILL).unwrap();
        let restarted = |pod: &Pod| pod.status.containers[0].restarts == 1 && pod.status.containers[0].ready;
        bench.until("a restart", restarted).await;
        assert!(!is_alive(running));
    };
    let (output, ()) = tokio::join!(bench.pods().exec(&bench.set, Ordinal(0), "main", &argv), end);
    assert!(!output.unwrap().status.success());
    assert_ne!(pid_in(&main).await, first);
}
