//! The end of pods, and its proof.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use petset_core::backend::{DeleteOptions, Deleted, PodBackend as _, PodRef};
use petset_core::{ErrorKind, PodUid, Version};
use serde_json::json;

use super::bench::{Bench, container, is_alive, pid_in, shell, until_file};
use crate::pods::cell::Weight;

#[tokio::test]
async fn s3_the_polite_signal_comes_first_and_the_pod_is_listed_until_its_end() {
    let bench = Bench::new().await;
    let [asked, go] = ["asked", "go"].map(|name| bench.file(name));
    let script = format!(
        "trap 'echo yes > {}; while ! test -e {}; do sleep 0.01; done; exit 0' TERM; while :; do sleep 0.05; done",
        asked.display(),
        go.display()
    );
    let pod = bench.run(&script).await;
    bench.until_ready().await;
    bench.delete(&pod, None).await;
    until_file(&asked, |text| text == "yes\n").await;
    assert!(bench.list().await[0].terminating);
    assert!(!bench.is_free());
    fs::write(go, "").unwrap();
    bench.until_gone().await;
    assert!(bench.is_free());
    let left: Vec<_> = fs::read_dir(bench.pet_dir()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(left.iter().all(|name| Path::new(name).extension().is_some_and(|kind| kind == "lock")), "{left:?}");
}

#[tokio::test]
async fn s3_the_hard_signal_waits_for_the_grace_period() {
    let bench = Bench::new().await;
    let pod = bench.run("trap '' TERM; while :; do sleep 0.05; done").await;
    bench.until_ready().await;
    let start = Instant::now();
    bench.delete(&pod, Some(2)).await;
    // A later request neither shortens the grace period nor fails.
    bench.delete(&pod, Some(0)).await;
    bench.until_gone().await;
    assert!(start.elapsed() >= Duration::from_millis(1990), "{:?}", start.elapsed());
}

#[tokio::test]
async fn s4_another_incarnation_is_untouched() {
    let bench = Bench::new().await;
    let pod = bench.run("exec sleep 600").await;
    let ready = bench.until_ready().await;
    let other = PodRef { uid: PodUid::new("other"), ..pod.reference() };
    assert_eq!(bench.pods().delete(&other, DeleteOptions::default()).await.unwrap(), Deleted::AlreadyGone);
    let old = DeleteOptions { version: Some(Version::new("0")), ..DeleteOptions::default() };
    assert_eq!(bench.pods().delete(&pod.reference(), old).await.unwrap_err().kind(), ErrorKind::Conflict);
    let change = petset_core::backend::PodChange {
        owner: Some(None),
        version: Some(Version::new("0")),
        ..petset_core::backend::PodChange::default()
    };
    assert_eq!(bench.pods().update(&pod.reference(), change).await.unwrap_err().kind(), ErrorKind::Conflict);
    assert_eq!(bench.list().await, [ready]);
}

#[tokio::test]
async fn s2_a_forked_daemon_holds_the_name_until_it_has_ended() {
    let bench = Bench::new().await;
    let [daemon, asked, go] = ["daemon", "asked", "go"].map(|name| bench.file(name));
    let script = format!(
        "setsid sh -c 'trap \"echo yes > {asked}\" TERM; echo $$$$ > {daemon}; while ! test -e {go}; do sleep 0.02; done' & \
         exec sleep 600",
        asked = asked.display(),
        daemon = daemon.display(),
        go = go.display()
    );
    let pod = bench.run(&script).await;
    bench.until_ready().await;
    let pid = pid_in(&daemon).await;
    bench.delete(&pod, Some(60)).await;
    until_file(&asked, |text| text == "yes\n").await;
    assert!(is_alive(pid) && !bench.is_free());
    assert!(bench.list().await[0].terminating);
    fs::write(go, "").unwrap();
    bench.until_gone().await;
    assert!(!is_alive(pid) && bench.is_free());
}

#[tokio::test]
async fn s2_a_child_that_closed_every_descriptor_is_found_by_its_mark() {
    let bench = Bench::new().await;
    let child = bench.file("child");
    // The shell of this machine may know no descriptors above 9, so a helper closes them.
    let close = "import os,time; os.closerange(3, 1000); os.setsid(); open(os.environ['OUT'],'w').write(str(os.getpid())); \
                 time.sleep(600)";
    let mut spec = shell(&format!("python3 -c \"{close}\" & exec sleep 600"));
    spec["containers"][0]["env"] = json!([{ "name": "OUT", "value": child.to_str().unwrap() }]);
    if std::process::Command::new("python3").arg("--version").output().is_err() {
        eprintln!("skipped: no python3 to close descriptors with");
        return;
    }
    let pod = bench.create(bench.request(spec)).await;
    bench.until_ready().await;
    let pid = pid_in(&child).await;
    bench.delete(&pod, None).await;
    bench.until_gone().await;
    assert!(!is_alive(pid));
}

#[tokio::test]
async fn claims_are_held_until_the_end_is_confirmed() {
    let bench = Bench::new().await;
    bench.claim("www-web-0");
    let mut request = bench.request(shell("exec sleep 600"));
    request.claims.insert("www".to_owned(), "www-web-0".to_owned());
    let pod = bench.create(request).await;
    let held = (String::from("www-web-0"), pod.uid.clone());
    assert!(bench.claims.held.lock().unwrap().contains(&held));
    bench.until_ready().await;
    bench.delete(&pod, None).await;
    bench.until_gone().await;
    assert!(bench.claims.held.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_pod_that_never_started_ends_as_well() {
    let bench = Bench::new().await;
    let spec = json!({ "initContainers": [container("init", "exit 1")], "containers": [container("main", "exit 0")] });
    let pod = bench.create(bench.request(spec)).await;
    bench.until("a crash loop", |pod| pod.status.reason.as_deref() == Some("CrashLoopBackOff")).await;
    bench.delete(&pod, None).await;
    bench.until_gone().await;
    bench.run("exec sleep 600").await;
    bench.until_ready().await;
}

#[tokio::test]
async fn s4_s1_a_late_change_of_an_ended_incarnation_does_not_touch_its_successor() {
    let bench = Bench::new().await;
    let pod = bench.run("exec sleep 600").await;
    bench.until_ready().await;
    let late = bench.pods().shared.pod(&bench.set, "web-0").unwrap().unwrap();
    bench.delete(&pod, Some(0)).await;
    bench.until_gone().await;
    let path = bench.pet_dir().join("pod.json");
    let error = late.change(Weight::Durable, |record| record.labels.clear()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(!path.exists(), "an ended pod is on record again");
    let next = bench.run("exec sleep 600").await;
    bench.until_ready().await;
    late.note(|record| record.waiting = Some(("Late".to_owned(), String::new())));
    assert_eq!(late.change(Weight::Seen, |record| record.owner = None).unwrap_err().kind(), ErrorKind::NotFound);
    let record = fs::read_to_string(&path).unwrap();
    assert!(record.contains(next.uid.as_str()) && !record.contains(pod.uid.as_str()), "{record}");
    assert_eq!(bench.pods().delete(&pod.reference(), DeleteOptions::default()).await.unwrap(), Deleted::AlreadyGone);
}
