//! Commands in a container, and when not to run them.

use std::fs;
use std::sync::Arc;

use petset_core::backend::PodBackend as _;

use super::bench::Bench;
use crate::pods::exec::Runner;
use crate::pods::plan::{Purpose, plan};

#[tokio::test]
async fn s2_a_command_prepared_before_the_end_is_not_run_after_it() {
    let bench = Bench::new().await;
    let out = bench.file("out");
    let pod = bench.run("exec sleep 600").await;
    bench.until_ready().await;
    let node = Arc::clone(&bench.pods().shared);
    let cell = node.pod(&bench.set, "web-0").unwrap().unwrap();
    let id = cell.container(0).process.unwrap();
    let ready = plan(&node, &cell, 0, Purpose::Command).unwrap();
    let runner = Runner::new(node, cell, 0);
    let argv = ["/bin/sh", "-c", &format!("echo run >> {}", out.display())].map(str::to_owned);
    let (_group, child) = runner.spawn(id, &ready, &argv).unwrap().unwrap();
    assert!(child.wait_with_output().await.unwrap().status.success());
    bench.delete(&pod, Some(0)).await;
    bench.until_gone().await;
    assert!(runner.spawn(id, &ready, &argv).unwrap().is_none());
    // Nor in the next incarnation.
    bench.run("exec sleep 600").await;
    let next = bench.until_ready().await;
    assert!(runner.spawn(id, &ready, &argv).unwrap().is_none());
    assert_eq!(fs::read_to_string(out).unwrap(), "run\n");
    assert_eq!(bench.pods().list(&bench.set).await.unwrap(), [next]);
}

#[tokio::test]
async fn s1_a_command_holds_the_lock_of_its_pod() {
    let bench = Bench::new().await;
    bench.run("exec sleep 600").await;
    bench.until_ready().await;
    let node = Arc::clone(&bench.pods().shared);
    let cell = node.pod(&bench.set, "web-0").unwrap().unwrap();
    let id = cell.container(0).process.unwrap();
    let ready = plan(&node, &cell, 0, Purpose::Command).unwrap();
    let lock = cell.paths.lock();
    let argv = ["sleep", "600"].map(str::to_owned);
    let (group, child) = Runner::new(node, cell, 0).spawn(id, &ready, &argv).unwrap().unwrap();
    assert!(crate::pods::procfs::still_holds(child.id().unwrap(), &lock).unwrap());
    drop(group);
    assert!(!child.wait_with_output().await.unwrap().status.success());
}
