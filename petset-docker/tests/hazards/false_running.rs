//! An engine may say for a while that a container runs which is dead, and lose the supervisor of one that lives.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use bollard::query_parameters::InspectContainerOptions;
use futures::StreamExt;
use petset_core::backend::{Pod, PodBackend, WatchEvent};

use crate::engine::{processes, run};
use crate::ground::{behind, own_engine, witnessed};
use crate::place::Place;
use crate::support::{create, end, ids, only, open, until, until_gone, until_ready};
use crate::witness::{read, starts};

const LOOK: Duration = Duration::from_millis(20);

/// Whether the engine says that it runs, and the number of its first process.
async fn state(place: &Place, id: &str) -> (bool, i64) {
    let seen = place.engine.inspect_container(id, None::<InspectContainerOptions>).await.expect("it is there");
    let state = seen.state.expect("a state");
    (state.running == Some(true), state.pid.unwrap_or_default())
}

fn kill_process(pid: &str) {
    run(Command::new("kill").args(["-KILL", pid])).expect("killed");
}

#[tokio::test(flavor = "multi_thread")]
async fn s1_s2_a_dead_container_that_is_said_to_run_is_not_replaced_before_the_truth_is_known() {
    let Some(engine) = own_engine("a_dead_container_that_is_said_to_run") else { return };
    let place = Place::on(Some(engine.host()));
    let (hand, node) = behind(&place, engine.socket()).await;
    let request = witnessed(&place, &node).await;
    create(&node.pods(), request).await;
    let before = until_ready(&node.pods(), &place).await;
    let dead = ids(&place, "container").await.remove(0);
    let (_, pid) = state(&place, &dead).await;
    let unhearing = engine.deafen().expect("it hears nothing");
    kill_process(&pid.to_string());
    while Path::new(&format!("/proc/{pid}")).exists() {
        tokio::time::sleep(LOOK).await;
    }
    assert!(state(&place, &dead).await.0, "it says that it runs");
    // Everything is looked at afresh.
    hand.silence(true);
    let mut hints = node.pods().watch();
    hand.silence(false);
    while hints.next().await.expect("it never ends") != WatchEvent::Gap {}
    let there = only(&node.pods(), &place).await.expect("what is said to run counts as running");
    assert_eq!((&there.uid, there.status.containers[0].restarts), (&before.uid, 0));
    assert_eq!(ids(&place, "container").await, [dead.as_str()], "nothing takes its place");
    drop(unhearing);
    until(&node.pods(), &place, "a restart", |pod| pod.status.containers[0].restarts == 1).await;
    let after = until_ready(&node.pods(), &place).await;
    assert_eq!(after.uid, before.uid);
    while starts(&read(&engine.volumes()).expect("never two at once")) < 2 {
        tokio::time::sleep(LOOK).await;
    }
    assert!(!ids(&place, "container").await.contains(&dead));
    end(&node.pods(), &after).await;
    until_gone(&node.pods(), &place).await;
    assert_eq!(starts(&read(&engine.volumes()).expect("never two at once")), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn s1_l1_a_container_whose_supervisor_was_killed_is_one_container_and_ready_again() {
    let Some(engine) = own_engine("a_container_whose_supervisor_was_killed") else { return };
    let place = Place::on(Some(engine.host()));
    let node = open(&place).await;
    let request = witnessed(&place, &node).await;
    create(&node.pods(), request).await;
    until_ready(&node.pods(), &place).await;
    for round in 1..=3 {
        let app = ids(&place, "container").await.remove(0);
        let supervisors = processes(&format!("-id\0{app}"));
        assert_eq!(supervisors.len(), 1, "one supervises it");
        kill_process(&supervisors[0]);
        let is_again = |pod: &Pod| pod.status.containers[0].restarts >= round && pod.status.ready_since.is_some();
        until(&node.pods(), &place, "a restart", is_again).await;
        read(&engine.volumes()).expect("never two at once");
    }
    let pod = only(&node.pods(), &place).await.expect("it is there");
    end(&node.pods(), &pod).await;
    until_gone(&node.pods(), &place).await;
    read(&engine.volumes()).expect("never two at once");
}
