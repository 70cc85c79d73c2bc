//! A container that the engine cannot remove is dead for it, and keeps its name for ever.

use std::path::PathBuf;
use std::process::Command;

use bollard::query_parameters::InspectContainerOptions;
use petset_core::backend::{ContainerState, Created, Pod, PodBackend};

use crate::Error;
use crate::engine::{run, skip};
use crate::ground::{behind, engine};
use crate::hand::Of;
use crate::place::Place;
use crate::support::{create, end, ids, open, running, sh, until, until_gone, until_ready};

/// The pod says that it does not end, and why, that it is not ready, and nothing takes its place.
async fn is_told(place: &Place, pods: &petset_docker::pods::DockerPods, pod: &Pod, words: &str) {
    let tells = |pod: &Pod| {
        pod.status.reason.as_deref() == Some("Terminating")
            && pod.status.message.as_ref().is_some_and(|message| message.contains(words))
    };
    let there = until(pods, place, "the reason", tells).await;
    assert!(there.uid == pod.uid && there.terminating, "{there:#?}");
    assert!(there.status.ready_since.is_none(), "what does not run serves nobody: {there:#?}");
    let main = &there.status.containers[0];
    assert!(!main.ready && matches!(main.state, ContainerState::Terminated { .. }), "{main:?}");
    let taken = pods.create(running(place)).await.expect("an answer");
    assert!(matches!(taken, Created::AlreadyThere(there) if there.uid == pod.uid));
    assert_eq!(ids(place, "sandbox").await, [pod.uid.as_str()], "no other one under any name");
}

#[tokio::test(flavor = "multi_thread")]
async fn s2_a_removal_that_fails_for_ever_keeps_the_pod_in_its_place() {
    let place = Place::new();
    let (hand, node) = behind(&place, engine()).await;
    let pods = node.pods();
    let pod = create(&pods, running(&place)).await;
    until_ready(&pods, &place).await;
    let words = "driver \"overlay2\" failed to remove root filesystem: device or resource busy";
    hand.refuse(Of("DELETE", "/containers/"), 500, words);
    end(&pods, &pod).await;
    is_told(&place, &pods, &pod, words).await;
    hand.until_answered(3).await;
    is_told(&place, &pods, &pod, words).await;
    hand.mend();
    until_gone(&pods, &place).await;
    create(&pods, running(&place)).await;
    until_ready(&pods, &place).await;
}

/// A file that nobody can remove, until this is dropped.
struct Stuck(PathBuf);

impl Stuck {
    fn new(path: PathBuf) -> Result<Self, Error> {
        run(Command::new("chattr").arg("+i").arg(&path))?;
        Ok(Self(path))
    }
}

impl Drop for Stuck {
    fn drop(&mut self) {
        let _ = run(Command::new("chattr").arg("-i").arg(&self.0));
    }
}

/// Where the engine keeps what a container wrote outside of its volumes; `None` where that is not on this machine.
async fn written(place: &Place, id: &str) -> Option<PathBuf> {
    let seen = place.engine.inspect_container(id, None::<InspectContainerOptions>).await.expect("it is there");
    let upper = seen.graph_driver?.data.get("UpperDir").map(PathBuf::from)?;
    upper.is_dir().then_some(upper)
}

#[tokio::test(flavor = "multi_thread")]
async fn s2_a_container_that_is_dead_for_its_engine_keeps_the_pod_in_its_place() {
    let place = Place::new();
    let node = open(&place).await;
    let pods = node.pods();
    let pod = create(&pods, running(&place)).await;
    let ready = until_ready(&pods, &place).await;
    sh(&pods, &ready, "main", "echo here > /stuck").await;
    let app = ids(&place, "container").await.remove(0);
    let stuck = match written(&place, &app).await.map(|upper| Stuck::new(upper.join("stuck"))) {
        Some(Ok(stuck)) => stuck,
        other => {
            let why = format!("no file of a container can be made to stay: {:?}", other.map(|stuck| stuck.map(drop)));
            return skip("a_container_that_is_dead_for_its_engine", &why).expect("a file that stays");
        }
    };
    end(&pods, &pod).await;
    is_told(&place, &pods, &pod, "operation not permitted").await;
    let seen = place.engine.inspect_container(&app, None::<InspectContainerOptions>).await.expect("it is there");
    assert_eq!(seen.state.and_then(|state| state.dead), Some(true), "the engine gave it up");
    drop(stuck);
    until_gone(&pods, &place).await;
    create(&pods, running(&place)).await;
    until_ready(&pods, &place).await;
}
