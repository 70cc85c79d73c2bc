//! Pods to test with.

use std::sync::Arc;
use std::time::Duration;

use bollard::query_parameters::{InspectContainerOptions, KillContainerOptionsBuilder, ListContainersOptionsBuilder};
use petset_core::backend::{ConfigBundle, Created, DeleteOptions, DnsSettings, Pod, PodBackend, PodRequest};
use petset_core::spec::PodTemplate;
use petset_core::{Ordinal, SetUid};
use petset_docker::node::Node;
use petset_docker::pods::{DockerPods, PodOptions, RestartBackoff};
use serde_json::{Value, json};

use crate::place::Place;

pub(crate) const IMAGE: &str = "petset.test/busybox:1";
/// Runs until it is asked to end.
pub(crate) const RUN: &str = "trap 'exit 0' TERM; while :; do sleep 600 & wait; done";
const PATIENCE: Duration = Duration::from_secs(90);
const LOOK: Duration = Duration::from_millis(30);

pub(crate) fn options() -> PodOptions {
    let mut options = PodOptions::default();
    options.backoff = RestartBackoff::new(Duration::from_millis(100), Duration::from_millis(400));
    IMAGE.clone_into(&mut options.sandbox_image);
    options.sandbox_command = ["/bin/sh", "-c", RUN].map(str::to_owned).into();
    options
}

pub(crate) async fn open(place: &Place) -> Node {
    place.builder().pod_options(options()).open().await.expect("scripts/services docker images")
}

/// A container that runs a script.
pub(crate) fn script(name: &str, script: &str) -> Value {
    json!({ "name": name, "image": IMAGE, "command": ["/bin/sh", "-c", script] })
}

/// `web-0` with this pod spec.
pub(crate) fn request(place: &Place, spec: &Value) -> PodRequest {
    let (set, ordinal) = (place.set("web"), Ordinal(0));
    let mut template: PodTemplate = serde_json::from_value(json!({ "spec": spec })).expect("a template");
    template.spec.hostname = Some(set.pod_name(ordinal));
    template.spec.subdomain = Some("nginx".to_owned());
    PodRequest {
        set,
        owner: SetUid::from("owner"),
        ordinal,
        revision: "web-1".into(),
        template: Arc::new(template),
        labels: [("app".to_owned(), "web".to_owned())].into(),
        claims: [].into(),
        claim_uids: [].into(),
        config: Arc::new(ConfigBundle::default()),
        dns: DnsSettings { domain: "cluster.local".to_owned(), ..DnsSettings::default() },
    }
}

/// A pod of one container that runs.
pub(crate) fn running(place: &Place) -> PodRequest {
    request(place, &json!({ "containers": [script("main", RUN)] }))
}

pub(crate) async fn create(pods: &DockerPods, request: PodRequest) -> Pod {
    match pods.create(request).await.expect("a pod") {
        Created::New(pod) => pod,
        Created::AlreadyThere(pod) => panic!("it was there already: {pod:?}"),
    }
}

pub(crate) async fn only(pods: &DockerPods, place: &Place) -> Option<Pod> {
    let mut found = pods.list(&place.set("web")).await.expect("lists");
    assert!(found.len() <= 1, "{found:?}");
    found.pop()
}

pub(crate) async fn until(pods: &DockerPods, place: &Place, what: &str, is: impl Fn(&Pod) -> bool) -> Pod {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    loop {
        let seen = only(pods, place).await;
        if let Some(pod) = seen.clone().filter(|pod| is(pod)) {
            return pod;
        }
        assert!(tokio::time::Instant::now() < deadline, "waited for {what}; there is {seen:#?}");
        tokio::time::sleep(LOOK).await;
    }
}

pub(crate) async fn until_ready(pods: &DockerPods, place: &Place) -> Pod {
    until(pods, place, "readiness", |pod| pod.status.ready_since.is_some()).await
}

pub(crate) async fn until_gone(pods: &DockerPods, place: &Place) {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    while let Some(pod) = only(pods, place).await {
        assert!(tokio::time::Instant::now() < deadline, "waited for the end of {pod:#?}");
        tokio::time::sleep(LOOK).await;
    }
}

pub(crate) async fn end(pods: &DockerPods, pod: &Pod) {
    let options = DeleteOptions { grace_seconds: Some(10), version: None };
    pods.delete(&pod.reference(), options).await.expect("ends");
}

/// Runs a script in a container; answers what it printed.
pub(crate) async fn sh(pods: &DockerPods, pod: &Pod, container: &str, script: &str) -> String {
    let argv = ["/bin/sh", "-c", script].map(str::to_owned);
    let (code, text) = pods.exec(&pod.reference(), container, &argv).await.expect("runs");
    let text = String::from_utf8(text).expect("text");
    assert_eq!(code, Some(0), "{script}: {text}");
    text.trim().to_owned()
}

/// The engine's ids of the namespace's containers of a role, by a fresh read.
pub(crate) async fn ids(place: &Place, role: &str) -> Vec<String> {
    let labels = vec![format!("petset.rs/namespace={}", place.namespace), format!("petset.rs/role={role}")];
    let filters = [("label".to_owned(), labels)].into();
    let options = ListContainersOptionsBuilder::default().all(true).filters(&filters).build();
    let mut found: Vec<_> = place
        .engine
        .list_containers(Some(options))
        .await
        .expect("lists")
        .into_iter()
        .filter_map(|one| one.id)
        .collect();
    found.sort();
    found
}

/// All that the engine tells of a container, as text.
pub(crate) async fn inspected(place: &Place, id: &str) -> String {
    let seen = place.engine.inspect_container(id, None::<InspectContainerOptions>).await.expect("there");
    serde_json::to_string(&seen).expect("text")
}

pub(crate) async fn kill(place: &Place, id: &str) {
    let options = KillContainerOptionsBuilder::default().signal("SIGKILL").build();
    place.engine.kill_container(id, Some(options)).await.expect("killed");
}
