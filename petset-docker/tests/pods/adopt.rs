//! Pods outlive their controller.

use bollard::query_parameters::RemoveContainerOptions;
use petset_core::backend::{Created, DeleteOptions, PodBackend, PodPhase};
use serde_json::json;

use crate::place::Place;
use crate::support::{RUN, end, ids, inspected, kill, open, request, running, script, until, until_gone, until_ready};
use crate::support::{create, only};

#[tokio::test(flavor = "multi_thread")]
async fn s19_a_pod_is_adopted_as_it_is() {
    let place = Place::new();
    let node = open(&place).await;
    create(&node.pods(), running(&place)).await;
    let before = until_ready(&node.pods(), &place).await;
    let containers = ids(&place, "container").await;
    node.pods().shutdown().await;
    drop(node);

    let node = open(&place).await;
    let after = only(&node.pods(), &place).await.expect("it is on record");
    assert_eq!((&after.uid, &after.status), (&before.uid, &before.status), "ready since the same moment");
    assert_ne!(after.version, before.version, "no version means two things");
    assert_eq!(ids(&place, "container").await, containers, "nothing was restarted");
    end(&node.pods(), &after).await;
    until_gone(&node.pods(), &place).await;
    assert!(ids(&place, "container").await.is_empty() && ids(&place, "sandbox").await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn s19_an_asked_for_end_survives_the_controller() {
    let place = Place::new();
    let node = open(&place).await;
    let stubborn = script("main", "trap '' TERM; while :; do sleep 1; done");
    create(&node.pods(), request(&place, &json!({ "containers": [stubborn] }))).await;
    let pod = until_ready(&node.pods(), &place).await;
    let options = DeleteOptions { grace_seconds: Some(2), version: None };
    node.pods().delete(&pod.reference(), options).await.unwrap();
    node.pods().shutdown().await;
    drop(node);
    assert_eq!(ids(&place, "container").await.len(), 1, "it has not ended yet");

    let node = open(&place).await;
    assert!(only(&node.pods(), &place).await.is_none_or(|pod| pod.terminating));
    until_gone(&node.pods(), &place).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_end_that_nobody_saw_is_no_readiness() {
    let place = Place::new();
    let node = open(&place).await;
    create(&node.pods(), running(&place)).await;
    let before = until_ready(&node.pods(), &place).await;
    node.pods().shutdown().await;
    drop(node);
    kill(&place, &ids(&place, "container").await[0]).await;

    let node = open(&place).await;
    let found = only(&node.pods(), &place).await.expect("it is on record");
    assert!(found.status.ready_since.is_none_or(|since| Some(since) > before.status.ready_since), "{found:#?}");
    let again = until_ready(&node.pods(), &place).await;
    assert_eq!((&again.uid, again.status.containers[0].restarts), (&before.uid, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pod_ends_with_its_sandbox() {
    let place = Place::new();
    let node = open(&place).await;
    let pod = create(&node.pods(), running(&place)).await;
    until_ready(&node.pods(), &place).await;
    kill(&place, pod.uid.as_str()).await;
    let failed = until(&node.pods(), &place, "a failure", |pod| pod.status.phase == PodPhase::Failed).await;
    assert_eq!((&failed.uid, failed.status.ready_since), (&pod.uid, None));
    assert_eq!(failed.status.reason.as_deref(), Some("SandboxEnded"));
    end(&node.pods(), &failed).await;
    until_gone(&node.pods(), &place).await;
    let next = create(&node.pods(), running(&place)).await;
    assert_ne!(next.uid, pod.uid);
    until_ready(&node.pods(), &place).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn s2_a_pod_whose_sandbox_vanished_is_there_until_all_of_it_has_ended() {
    let place = Place::new();
    let node = open(&place).await;
    let slow = script("main", "trap 'sleep 2; exit 0' TERM; while :; do sleep 0.1; done");
    let pod = create(&node.pods(), request(&place, &json!({ "containers": [slow] }))).await;
    until_ready(&node.pods(), &place).await;
    let force = RemoveContainerOptions { force: true, ..Default::default() };
    place.engine.remove_container(pod.uid.as_str(), Some(force)).await.unwrap();
    let failed = until(&node.pods(), &place, "a failure", |pod| pod.status.phase == PodPhase::Failed).await;
    assert_eq!(failed.uid, pod.uid);
    end(&node.pods(), &failed).await;
    until_gone(&node.pods(), &place).await;
    assert!(ids(&place, "container").await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn s1_a_pod_whose_sandbox_vanished_while_nobody_looked_is_there_until_all_of_it_has_ended() {
    let place = Place::new();
    let node = open(&place).await;
    let slow = script("main", "trap 'sleep 2; exit 0' TERM; while :; do sleep 0.1; done");
    let spec = json!({ "initContainers": [script("first", "true")], "containers": [slow] });
    let pod = create(&node.pods(), request(&place, &spec)).await;
    until_ready(&node.pods(), &place).await;
    node.pods().shutdown().await;
    drop(node);
    let force = RemoveContainerOptions { force: true, ..Default::default() };
    place.engine.remove_container(pod.uid.as_str(), Some(force)).await.unwrap();

    let node = open(&place).await;
    let found = only(&node.pods(), &place).await.expect("its container runs");
    assert_eq!((&found.uid, found.status.ready_since), (&pod.uid, None), "{found:#?}");
    let again = node.pods().create(request(&place, &spec)).await.unwrap();
    assert!(matches!(again, Created::AlreadyThere(there) if there.uid == pod.uid));
    let failed = until(&node.pods(), &place, "a failure", |pod| pod.status.phase == PodPhase::Failed).await;
    end(&node.pods(), &failed).await;
    until_gone(&node.pods(), &place).await;
    assert!(ids(&place, "container").await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn l1_a_pod_whose_containers_were_all_removed_at_once_has_failed() {
    let place = Place::new();
    let node = open(&place).await;
    let pod = create(&node.pods(), running(&place)).await;
    until_ready(&node.pods(), &place).await;
    let force = RemoveContainerOptions { force: true, ..Default::default() };
    let app = ids(&place, "container").await.remove(0);
    let (sandbox, app) = tokio::join!(
        place.engine.remove_container(pod.uid.as_str(), Some(force.clone())),
        place.engine.remove_container(&app, Some(force)),
    );
    assert!(sandbox.is_ok() && app.is_ok());
    let failed = until(&node.pods(), &place, "a failure", |pod| pod.status.phase == PodPhase::Failed).await;
    assert_eq!(failed.uid, pod.uid);
}

#[tokio::test(flavor = "multi_thread")]
async fn init_containers_are_not_run_again() {
    let place = Place::new();
    let node = open(&place).await;
    let spec = json!({
        "initContainers": [script("one", "echo 1 >> /work/log"), script("two", "echo 2 >> /work/log")],
        "containers": [script("main", RUN)],
        "volumes": [{ "name": "work", "emptyDir": {} }],
    });
    let mut spec = spec;
    for group in ["initContainers", "containers"] {
        for container in spec[group].as_array_mut().unwrap() {
            container["volumeMounts"] = json!([{ "name": "work", "mountPath": "/work" }]);
        }
    }
    create(&node.pods(), request(&place, &spec)).await;
    until_ready(&node.pods(), &place).await;
    node.pods().shutdown().await;
    drop(node);
    // As `docker container prune` does.
    for id in ids(&place, "container").await {
        if !inspected(&place, &id).await.contains("\"Running\":true") {
            place.engine.remove_container(&id, None::<RemoveContainerOptions>).await.unwrap();
        }
    }
    assert_eq!(ids(&place, "container").await.len(), 1);
    let node = open(&place).await;
    let pod = until_ready(&node.pods(), &place).await;
    assert_eq!(crate::support::sh(&node.pods(), &pod, "main", "cat /work/log").await, "1\n2");
    assert_eq!(pod.status.containers.iter().filter(|container| container.init && container.ready).count(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handler_whose_end_nobody_saw_runs_again_and_one_that_was_seen_does_not() {
    let place = Place::new();
    let node = open(&place).await;
    let mut main = script("main", RUN);
    main["volumeMounts"] = json!([{ "name": "work", "mountPath": "/work" }]);
    // The first one hangs, as long as nobody lets it go.
    let handler = "echo start >> /work/log; mkdir /work/first && while ! test -e /work/go; do sleep 0.1; done; true";
    main["lifecycle"] = json!({ "postStart": { "exec": { "command": ["/bin/sh", "-c", handler] } } });
    let spec = json!({ "containers": [main], "volumes": [{ "name": "work", "emptyDir": {} }] });
    create(&node.pods(), request(&place, &spec)).await;
    let is_begun = |pod: &petset_core::backend::Pod| pod.status.phase == PodPhase::Running;
    let pod = until(&node.pods(), &place, "a start", is_begun).await;
    until_log(&node, &pod, "start").await;
    node.pods().shutdown().await;
    drop(node);

    let node = open(&place).await;
    let pod = until_ready(&node.pods(), &place).await;
    until_log(&node, &pod, "start\nstart").await;
    node.pods().shutdown().await;
    drop(node);

    let node = open(&place).await;
    let pod = until_ready(&node.pods(), &place).await;
    // Whatever is done at its adoption is done before its end.
    kill(&place, &ids(&place, "container").await[0]).await;
    until(&node.pods(), &place, "a restart", |pod| pod.status.containers[0].restarts == 1).await;
    until_ready(&node.pods(), &place).await;
    until_log(&node, &pod, "start\nstart\nstart").await;
}

/// Waits until the handlers have written this and nothing else.
async fn until_log(node: &petset_docker::node::Node, pod: &petset_core::backend::Pod, wanted: &str) {
    let argv = ["cat", "/work/log"].map(str::to_owned);
    let mut seen = String::new();
    for _ in 0..300 {
        if let Ok((Some(0), text)) = node.pods().exec(&pod.reference(), "main", &argv).await {
            seen = String::from_utf8(text).expect("text");
            if seen.trim() == wanted {
                return;
            }
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("waited for {wanted:?}, there is {seen:?}");
}
