//! Restarts in place.

use petset_core::backend::{ContainerState, DeleteOptions, Pod, PodBackend};
use serde_json::json;

use crate::gate::Gate;
use crate::place::Place;
use crate::support::until_ready;
use crate::support::{RUN, create, ids, kill, only, open, options, request, running, script, sh, until, until_gone};

#[tokio::test(flavor = "multi_thread")]
async fn a_container_that_fails_again_and_again_is_backed_off() {
    let place = Place::new();
    let node = open(&place).await;
    create(&node.pods(), request(&place, &json!({ "containers": [script("main", "echo why >&2; exit 3")] }))).await;
    let is_told = |pod: &Pod| pod.status.reason.as_deref() == Some("CrashLoopBackOff");
    let pod = until(&node.pods(), &place, "a back-off", is_told).await;
    let message = pod.status.message.unwrap();
    assert!(message.contains("exit code 3") && message.contains("why"), "{message}");
    until(&node.pods(), &place, "more restarts", |pod| pod.status.containers[0].restarts >= 4).await;
    assert_eq!(ids(&place, "container").await.len(), 1, "one container of the name at a time");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_container_comes_back_in_its_pod() {
    let place = Place::new();
    let node = open(&place).await;
    let two = json!({ "containers": [script("main", RUN), script("side", RUN)] });
    create(&node.pods(), request(&place, &two)).await;
    let before = until_ready(&node.pods(), &place).await;
    let victim = ids(&place, "container").await.remove(0);
    kill(&place, &victim).await;
    let is_again = |pod: &Pod| {
        pod.status.ready_since.is_some() && pod.status.containers.iter().map(|one| one.restarts).sum::<u32>() == 1
    };
    let after = until(&node.pods(), &place, "a restart", is_again).await;
    assert_eq!(after.uid, before.uid);
    assert!(after.status.ready_since > before.status.ready_since, "readiness had a break");
    assert!(!ids(&place, "container").await.contains(&victim), "a fresh container, as in Kubernetes");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_is_not_there_is_told() {
    let place = Place::new();
    let node = open(&place).await;
    let mut request = running(&place);
    let template = std::sync::Arc::make_mut(&mut request.template);
    template.spec.containers[0].command = vec!["/no/such/program".to_owned()];
    create(&node.pods(), request).await;
    let is_told = |pod: &Pod| pod.status.reason.as_deref() == Some("RunContainerError");
    let pod = until(&node.pods(), &place, "a reason", is_told).await;
    assert!(pod.status.message.unwrap().contains("/no/such/program"));
    assert!(matches!(pod.status.containers[0].state, ContainerState::Waiting { .. }));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failing_init_container_holds_the_rest_back() {
    let place = Place::new();
    let node = open(&place).await;
    let spec = json!({ "initContainers": [script("first", "exit 1")], "containers": [script("main", RUN)] });
    create(&node.pods(), request(&place, &spec)).await;
    let pod = until(&node.pods(), &place, "restarts", |pod| pod.status.containers[0].restarts >= 2).await;
    assert!(
        matches!(&pod.status.containers[1].state, ContainerState::Waiting { reason, .. } if reason == "PodInitializing")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_container_is_not_ready_while_its_log_is_read_and_a_log_that_hangs_holds_nothing_up() {
    let place = Place::new();
    let gate = Gate::start(&place.path("docker.sock"), "/logs").unwrap();
    let node = place.builder().host(gate.host()).pod_options(options()).open().await.unwrap();
    create(&node.pods(), running(&place)).await;
    until_ready(&node.pods(), &place).await;
    kill(&place, &ids(&place, "container").await[0]).await;
    gate.until_closed().await;
    let pod = only(&node.pods(), &place).await.expect("it is there");
    assert!(pod.status.ready_since.is_none(), "{pod:#?}");
    assert!(
        matches!(pod.status.containers[0].state, ContainerState::Terminated { exit_code: Some(137), .. }),
        "{pod:#?}"
    );
    until(&node.pods(), &place, "a restart", |pod| pod.status.containers[0].restarts == 1).await;
    until_ready(&node.pods(), &place).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_container_that_has_ended_is_not_ready_while_another_one_of_its_pod_still_ends() {
    let place = Place::new();
    let node = open(&place).await;
    let slow = "trap '' TERM; until [ -e /tmp/go ]; do sleep 0.05; done";
    let two = json!({ "containers": [script("quick", RUN), script("slow", slow)] });
    create(&node.pods(), request(&place, &two)).await;
    let pod = until_ready(&node.pods(), &place).await;
    let options = DeleteOptions { grace_seconds: Some(600), version: None };
    node.pods().delete(&pod.reference(), options).await.expect("ends");
    let is_told = |pod: &Pod| {
        pod.status.ready_since.is_none() && matches!(pod.status.containers[0].state, ContainerState::Terminated { .. })
    };
    let ending = until(&node.pods(), &place, "the end of one", is_told).await;
    let [quick, slow] = &ending.status.containers[..] else { panic!("{ending:#?}") };
    assert!(!quick.ready && matches!(slow.state, ContainerState::Running { .. }), "{ending:#?}");
    assert!(
        ending.terminating && ending.status.reason.is_none(),
        "an end that was asked for is no trouble: {ending:#?}"
    );
    sh(&node.pods(), &ending, "slow", ": > /tmp/go").await;
    until_gone(&node.pods(), &place).await;
}
