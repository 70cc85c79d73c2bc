//! What is asked of containers, and what they are told, before they are ready and before they end.

use petset_core::backend::{Pod, PodRequest, VolumeProvisioner};
use petset_docker::node::Node;
use serde_json::{Value, json};

use crate::image::stopped_by;
use crate::place::Place;
use crate::support::{RUN, create, end, ids, inspected, open, request, script, sh, until, until_gone, until_ready};

#[tokio::test(flavor = "multi_thread")]
async fn a_container_is_asked_for_nothing_else_before_it_has_started_up() {
    let place = Place::new();
    let node = open(&place).await;
    let mut main = script("main", RUN);
    let probe = |test: &str| json!({ "exec": { "command": ["/bin/sh", "-c", test] }, "periodSeconds": 1 });
    main["startupProbe"] = probe("test -e /tmp/started");
    main["startupProbe"]["failureThreshold"] = json!(1000);
    // It would be ready, and would be ended, if anybody asked.
    main["readinessProbe"] = probe("echo >> /tmp/asked");
    main["livenessProbe"] = probe("test -e /tmp/started");
    main["livenessProbe"]["failureThreshold"] = json!(1);
    create(&node.pods(), request(&place, &json!({ "containers": [main] }))).await;
    let runs = |pod: &Pod| matches!(pod.status.phase, petset_core::backend::PodPhase::Running);
    let pod = until(&node.pods(), &place, "a start", runs).await;
    let waited = "for i in 1 2 3; do sleep 1; done; ls /tmp";
    assert_eq!(sh(&node.pods(), &pod, "main", waited).await, "", "nobody asked whether it is ready");
    sh(&node.pods(), &pod, "main", "touch /tmp/started").await;
    let ready = until_ready(&node.pods(), &place).await;
    assert_eq!(ready.status.containers[0].restarts, 0);
    assert!(sh(&node.pods(), &ready, "main", "ls /tmp").await.contains("asked"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_container_that_does_not_start_up_in_time_is_started_again() {
    let place = Place::new();
    let node = open(&place).await;
    let mut main = script("main", RUN);
    main["startupProbe"] = json!({ "exec": { "command": ["false"] }, "periodSeconds": 1, "failureThreshold": 2 });
    create(&node.pods(), request(&place, &json!({ "containers": [main], "terminationGracePeriodSeconds": 1 }))).await;
    let is_again = |pod: &Pod| pod.status.containers[0].restarts > 0;
    assert!(until(&node.pods(), &place, "a restart", is_again).await.status.ready_since.is_none());
}

/// `web-0` with its claim at `/work`, and a program that writes down there which of its signals it gets.
async fn with_log(place: &Place, node: &Node, change: impl FnOnce(&mut Value)) -> PodRequest {
    let claim = place.request("web", 0);
    let name = claim.name.clone();
    node.volumes().provision(claim).await.expect("a claim");
    let traps = "for s in TERM USR1 USR2; do trap \"echo $s >> /work/log; exit 0\" $s; done";
    let mut main = script("main", &format!("{traps}; while :; do sleep 0.05; done"));
    main["volumeMounts"] = json!([{ "name": "work", "mountPath": "/work" }]);
    change(&mut main);
    let mut request = request(place, &json!({ "containers": [main] }));
    request.claims = [("work".to_owned(), name)].into();
    request
}

/// What the pod had written when it was gone, as its successor finds it.
async fn log_after_end(place: &Place, node: &Node, request: PodRequest) -> String {
    create(&node.pods(), request.clone()).await;
    let pod = until_ready(&node.pods(), place).await;
    end(&node.pods(), &pod).await;
    until_gone(&node.pods(), place).await;
    create(&node.pods(), request).await;
    let next = until_ready(&node.pods(), place).await;
    sh(&node.pods(), &next, "main", "cat /work/log").await
}

#[tokio::test(flavor = "multi_thread")]
async fn s3_before_a_pod_that_is_deleted_is_signalled_its_handler_has_run() {
    let place = Place::new();
    let node = open(&place).await;
    let say = json!({ "exec": { "command": ["/bin/sh", "-c", "sleep 1; echo handler >> /work/log"] } });
    let request = with_log(&place, &node, |main| main["lifecycle"] = json!({ "preStop": say })).await;
    assert_eq!(log_after_end(&place, &node, request).await, "handler\nTERM");
}

#[tokio::test(flavor = "multi_thread")]
async fn s3_the_polite_signal_is_the_images_own() {
    let place = Place::new();
    let node = open(&place).await;
    let image = stopped_by(&place, "SIGUSR1").await;
    let request = with_log(&place, &node, |main| main["image"] = json!(image.name)).await;
    assert_eq!(log_after_end(&place, &node, request).await, "USR1");
}

#[tokio::test(flavor = "multi_thread")]
async fn s3_the_polite_signal_is_the_templates_where_it_says_one() {
    let place = Place::new();
    let node = open(&place).await;
    let image = stopped_by(&place, "SIGUSR1").await;
    let request = with_log(&place, &node, |main| {
        main["image"] = json!(image.name);
        main["lifecycle"] = json!({ "stopSignal": "SIGUSR2" });
    });
    let mut request = request.await;
    let spec = &mut std::sync::Arc::make_mut(&mut request.template).spec;
    spec.other.insert("os".to_owned(), json!({ "name": "linux" }));
    assert_eq!(log_after_end(&place, &node, request).await, "USR2");
    assert!(inspected(&place, &ids(&place, "container").await[0]).await.contains("SIGUSR2"));
}
