//! A node behind a hand on the wire, on the engine of this machine or on one of the test's own.

use std::path::PathBuf;

use bollard::models::VolumeCreateRequest;
use bollard::query_parameters::RemoveVolumeOptions;
use petset_core::backend::{PodRequest, VolumeProvisioner};
use petset_docker::node::Node;
use serde_json::{Value, json};

use crate::engine::{Engine, is_missing};
use crate::hand::Hand;
use crate::place::Place;
use crate::support::{IMAGE, options, request};
use crate::witness::PET;

/// Where the engine of this machine is.
pub(crate) fn engine() -> PathBuf {
    let said = std::env::var("DOCKER_HOST").ok();
    said.as_deref().and_then(|host| host.strip_prefix("unix://")).unwrap_or("/var/run/docker.sock").into()
}

/// A node that reaches its engine through a hand.
pub(crate) async fn behind(place: &Place, engine: PathBuf) -> (Hand, Node) {
    let hand = Hand::start(&place.path("hand.sock"), engine);
    let node =
        place.builder().host(hand.host()).pod_options(options()).open().await.expect("scripts/services docker images");
    (hand, node)
}

/// An engine of the test's own; `None` where there can be none.
pub(crate) fn own_engine(test: &str) -> Option<Engine> {
    (!is_missing(test).expect("an engine of one's own")).then(|| Engine::start().expect("it starts"))
}

/// `web-0` with the witness in its volume.
pub(crate) async fn witnessed(place: &Place, node: &Node) -> PodRequest {
    let field = |name: &str, path: &str| json!({ "name": name, "valueFrom": { "fieldRef": { "fieldPath": path } } });
    let main = json!({
        "name": "main", "image": IMAGE, "command": ["/bin/sh", "-c", PET],
        "env": [field("POD_NAME", "metadata.name"), field("POD_UID", "metadata.uid"), { "name": "VERSION", "value": "one" }],
        "volumeMounts": [{ "name": "data", "mountPath": "/data" }],
    });
    claimed(place, node, &json!({ "containers": [main] })).await
}

/// `web-0` with a claim `data`.
pub(crate) async fn claimed(place: &Place, node: &Node, spec: &Value) -> PodRequest {
    let claim = place.request("web", 0);
    let name = claim.name.clone();
    node.volumes().provision(claim).await.expect("a claim");
    let mut request = request(place, spec);
    request.claims = [("data".to_owned(), name)].into();
    request
}

/// More events than any engine remembers.
pub(crate) async fn more_events_than_are_kept(place: &Place) {
    let name = format!("event.{}", place.namespace);
    for _ in 0..150 {
        let request = VolumeCreateRequest { name: Some(name.clone()), ..VolumeCreateRequest::default() };
        place.engine.create_volume(request).await.expect("makes");
        place.engine.remove_volume(&name, None::<RemoveVolumeOptions>).await.expect("removes");
    }
}
