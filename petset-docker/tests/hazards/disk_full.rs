//! A full disk, the engine's or the node's own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use petset_core::ErrorKind;
use petset_core::backend::{Pod, PodBackend};
use serde_json::json;

use crate::engine::{Engine, is_missing, run};
use crate::ground::claimed;
use crate::place::Place;
use crate::support::{RUN, create, end, ids, kill, only, open, running, script, sh, until, until_gone, until_ready};

/// A file that takes all the room that is left, until this is dropped.
struct Ballast(PathBuf);

impl Ballast {
    fn fill(path: PathBuf) -> Self {
        let mut file = fs::File::create(&path).expect("an empty file fits");
        for size in [1 << 20, 4096, 1] {
            while std::io::Write::write(&mut file, &vec![1; size]).is_ok_and(|written| written == size) {}
        }
        Self(path)
    }
}

impl Drop for Ballast {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

fn says_full(text: &str) -> bool {
    text.contains("no space left on device")
}

#[tokio::test(flavor = "multi_thread")]
async fn s6_l1_a_full_disk_of_the_engine_is_told_and_nothing_is_lost() {
    if is_missing("a_full_disk_of_the_engine").expect("an engine of one's own") {
        return;
    }
    let engine = Engine::start_small("96m").expect("it starts");
    let place = Place::on(Some(engine.host()));
    let node = open(&place).await;
    let pods = node.pods();
    let mut main = script("main", RUN);
    main["volumeMounts"] = json!([{ "name": "data", "mountPath": "/data" }]);
    let request = claimed(&place, &node, &json!({ "containers": [main] })).await;
    create(&pods, request.clone()).await;
    let pod = until_ready(&pods, &place).await;
    sh(&pods, &pod, "main", "echo kept > /data/a").await;

    let ballast = Ballast::fill(engine.path("data/ballast"));
    kill(&place, &ids(&place, "container").await[0]).await;
    let is_told = |pod: &Pod| pod.status.message.as_deref().is_some_and(says_full);
    let full = until(&pods, &place, "a full disk", is_told).await;
    assert_eq!((&full.uid, full.status.ready_since), (&pod.uid, None));
    drop(ballast);
    let healed = until_ready(&pods, &place).await;
    assert_eq!(healed.uid, pod.uid);
    assert_eq!(sh(&pods, &healed, "main", "cat /data/a").await, "kept");
    end(&pods, &healed).await;
    until_gone(&pods, &place).await;

    let ballast = Ballast::fill(engine.path("data/ballast"));
    let error = pods.create(request.clone()).await.expect_err("there is no room for a container");
    assert_eq!(error.kind(), ErrorKind::Exhausted, "{error:?}");
    assert!(says_full(&error.chain().to_string()), "{}", error.chain());
    drop(ballast);
    until_gone(&pods, &place).await;
    create(&pods, request).await;
    let again = until_ready(&pods, &place).await;
    assert_eq!(sh(&pods, &again, "main", "cat /data/a").await, "kept");
}

/// A small file system of the test's own.
struct Disk(PathBuf);

impl Disk {
    fn mount(path: &Path, size: &str) -> Result<Self, crate::Error> {
        fs::create_dir(path)?;
        run(Command::new("mount").args(["-t", "tmpfs", "-o", &format!("size={size}"), "petset-test"]).arg(path))?;
        Ok(Self(path.to_owned()))
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = run(Command::new("umount").arg("--lazy").arg(&self.0));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn s2_what_cannot_be_written_down_is_not_done() {
    if is_missing("what_cannot_be_written_down").expect("an engine of one's own") {
        return;
    }
    let place = Place::new();
    let _disk = Disk::mount(&place.path("node"), "16m").expect("mounted");
    let node = open(&place).await;
    let pods = node.pods();

    let ballast = Ballast::fill(place.path("node").join("ballast"));
    let mut large = running(&place);
    large.labels.insert("note".to_owned(), "x".repeat(4 << 20));
    let error = pods.create(large).await.expect_err("there is no room for its record");
    assert_eq!(error.kind(), ErrorKind::Exhausted, "{error:?}");
    assert!(only(&pods, &place).await.is_none());
    assert!(ids(&place, "sandbox").await.is_empty(), "made, and not on record");
    drop(ballast);
    // A file whose write failed has to be opened anew.
    pods.shutdown().await;
    drop((pods, node));
    let node = open(&place).await;
    let pods = node.pods();
    create(&pods, running(&place)).await;
    let pod = until_ready(&pods, &place).await;
    end(&pods, &pod).await;
    until_gone(&pods, &place).await;
}
