//! Volumes of a pod, as its containers see them.

use std::sync::Arc;

use petset_core::ErrorKind;
use petset_core::backend::PodBackend;
use petset_core::backend::{ConfigBundle, PodRequest, VolumeProvisioner};
use serde_json::{Value, json};

use crate::place::Place;
use crate::support::{RUN, create, end, open, request, script, sh, until_gone, until_ready};

fn with_config(mut request: PodRequest) -> PodRequest {
    let map = json!({ "metadata": { "name": "conf" }, "data": { "my.cnf": "port=1\n", "other": "x" } });
    let map = serde_json::from_value(map).expect("a config map");
    let config_maps = [("conf".to_owned(), map)].into();
    request.config = Arc::new(ConfigBundle { config_maps, ..ConfigBundle::default() });
    request
}

fn mounted(mut container: Value, mounts: Value) -> Value {
    container["volumeMounts"] = mounts;
    container
}

#[tokio::test(flavor = "multi_thread")]
async fn files_of_config_volumes_are_there_and_cannot_be_changed() {
    let place = Place::new();
    let node = open(&place).await;
    let main = mounted(
        script("main", RUN),
        json!([
            { "name": "conf", "mountPath": "/etc/conf" },
            { "name": "conf", "mountPath": "/etc/my.cnf", "subPath": "my.cnf" },
            { "name": "all", "mountPath": "/all" },
        ]),
    );
    let spec = json!({
        "containers": [main],
        "volumes": [
            { "name": "conf", "configMap": { "name": "conf", "defaultMode": 0o600 } },
            { "name": "all", "projected": { "sources": [
                { "configMap": { "name": "conf", "items": [{ "key": "other", "path": "deep/er/other" }] } },
                { "downwardAPI": { "items": [{ "path": "labels", "fieldRef": { "fieldPath": "metadata.labels" } }] } },
            ] } },
        ],
    });
    create(&node.pods(), with_config(request(&place, &spec))).await;
    let pod = until_ready(&node.pods(), &place).await;
    let see = async |script: &str| sh(&node.pods(), &pod, "main", script).await;
    assert_eq!(see("ls /etc/conf; stat -c %a /etc/conf/my.cnf").await, "my.cnf\nother\n600");
    assert_eq!(see("cat /etc/my.cnf /all/deep/er/other /all/labels").await, "port=1\nxapp=\"web\"");
    for path in ["/etc/conf/new", "/etc/conf/other", "/etc/my.cnf"] {
        assert_eq!(see(&format!("(echo x > {path}) 2>/dev/null || echo no")).await, "no", "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_directory_is_shared_by_a_pod_and_gone_with_it() {
    let place = Place::new();
    let node = open(&place).await;
    let mounts = json!([{ "name": "disk", "mountPath": "/disk" }, { "name": "fast", "mountPath": "/fast" }]);
    let mut main = mounted(script("main", RUN), mounts.clone());
    main["securityContext"] = json!({ "runAsUser": 1234 });
    let spec = json!({
        "containers": [main, mounted(script("side", RUN), mounts)],
        "volumes": [
            { "name": "disk", "emptyDir": {} },
            { "name": "fast", "emptyDir": { "medium": "Memory", "sizeLimit": "1Mi" } },
        ],
    });
    create(&node.pods(), request(&place, &spec)).await;
    let pod = until_ready(&node.pods(), &place).await;
    sh(&node.pods(), &pod, "main", "echo one > /disk/a; echo two > /fast/a").await;
    assert_eq!(sh(&node.pods(), &pod, "side", "cat /disk/a /fast/a").await, "one\ntwo");
    assert_eq!(sh(&node.pods(), &pod, "side", "df -k /fast | tail -1 | awk '{print $2}'").await, "1024");
    assert_eq!(place.volumes().await.len(), 2);
    end(&node.pods(), &pod).await;
    until_gone(&node.pods(), &place).await;
    assert!(place.volumes().await.is_empty(), "they lived with the pod");
}

async fn claimed(place: &Place, node: &petset_docker::node::Node, spec: &Value) -> PodRequest {
    let claim = place.request("web", 0);
    let name = claim.name.clone();
    node.volumes().provision(claim).await.expect("a claim");
    let mut request = request(place, spec);
    request.claims = [("data".to_owned(), name)].into();
    request
}

#[tokio::test(flavor = "multi_thread")]
async fn s5_a_part_of_a_claim_is_the_same_part_for_the_next_pod() {
    let place = Place::new();
    let node = open(&place).await;
    let mounts = json!([
        { "name": "data", "mountPath": "/part", "subPath": "deep/mysql" },
        { "name": "data", "mountPath": "/whole" },
    ]);
    let spec = json!({
        "containers": [mounted(script("main", RUN), mounts)],
        "securityContext": { "fsGroup": 4321 },
    });
    let request = claimed(&place, &node, &spec).await;
    create(&node.pods(), request.clone()).await;
    let pod = until_ready(&node.pods(), &place).await;
    sh(&node.pods(), &pod, "main", "echo kept > /part/a").await;
    assert_eq!(
        sh(&node.pods(), &pod, "main", "cat /whole/deep/mysql/a; stat -c '%g %a' /whole").await,
        "kept\n4321 2775"
    );
    end(&node.pods(), &pod).await;
    until_gone(&node.pods(), &place).await;
    create(&node.pods(), request).await;
    let pod = until_ready(&node.pods(), &place).await;
    assert_eq!(sh(&node.pods(), &pod, "main", "cat /part/a").await, "kept");
}

#[tokio::test(flavor = "multi_thread")]
async fn s22_a_link_in_a_volume_leads_nowhere_else() {
    let place = Place::new();
    let node = open(&place).await;
    let whole = json!([{ "name": "data", "mountPath": "/whole" }]);
    let request = claimed(&place, &node, &json!({ "containers": [mounted(script("main", RUN), whole)] })).await;
    create(&node.pods(), request).await;
    let pod = until_ready(&node.pods(), &place).await;
    sh(&node.pods(), &pod, "main", "ln -s / /whole/escape").await;
    end(&node.pods(), &pod).await;
    until_gone(&node.pods(), &place).await;
    let part = json!([{ "name": "data", "mountPath": "/part", "subPath": "escape/etc" }]);
    let mut next = crate::support::request(&place, &json!({ "containers": [mounted(script("main", RUN), part)] }));
    next.claims = [("data".to_owned(), "data-web-0".to_owned())].into();
    create(&node.pods(), next).await;
    let is_told = |pod: &petset_core::backend::Pod| pod.status.reason.as_deref() == Some("CreateContainerConfigError");
    let pod = crate::support::until(&node.pods(), &place, "a reason", is_told).await;
    assert!(pod.status.message.unwrap().contains("symbolic link"));
}

#[tokio::test(flavor = "multi_thread")]
async fn s7_a_pod_without_its_claim_is_not_made_and_no_volume_is() {
    let place = Place::new();
    let node = open(&place).await;
    let mut request = request(&place, &json!({ "containers": [script("main", RUN)] }));
    request.claims = [("data".to_owned(), "data-web-0".to_owned())].into();
    let error = node.pods().create(request).await.expect_err("nobody made the claim");
    assert_eq!(error.kind(), ErrorKind::NotFound, "{error:?}");
    assert!(place.volumes().await.is_empty());
}
