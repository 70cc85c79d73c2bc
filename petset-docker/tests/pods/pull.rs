//! Pulling an image from a registry.

use petset_core::backend::{ContainerState, Pod};
use serde_json::json;

use crate::place::Place;
use crate::registry::Registry;
use crate::support::{RUN, create, end, ids, kill, open, request, script, until, until_gone, until_ready};

fn of(place: &Place, image: &str, policy: &str) -> petset_core::backend::PodRequest {
    let mut main = script("main", RUN);
    (main["image"], main["imagePullPolicy"]) = (json!(image), json!(policy));
    request(place, &json!({ "containers": [main] }))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pull_tells_how_far_it_is_and_is_done_as_often_as_its_policy_says() {
    let place = Place::new();
    let registry = Registry::start(&place.namespace, &place.path("image")).await;
    let node = open(&place).await;
    let pods = node.pods();
    registry.slow(true);
    create(&pods, of(&place, &registry.image(), "IfNotPresent")).await;
    let is_pulling = |pod: &Pod| {
        matches!(&pod.status.containers[0].state, ContainerState::Waiting { reason, message }
            if reason == "Pulling" && message.contains(&registry.image()) && message.contains('%'))
    };
    let pod = until(&pods, &place, "a share of a pull", is_pulling).await;
    assert!(pod.status.ready_since.is_none());
    registry.slow(false);
    until_ready(&pods, &place).await;
    let asked = registry.asked();
    assert!(asked > 0);

    kill(&place, &ids(&place, "container").await[0]).await;
    let is_again = |pod: &Pod| pod.status.containers[0].restarts == 1 && pod.status.ready_since.is_some();
    let pod = until(&pods, &place, "a restart", is_again).await;
    assert_eq!(registry.asked(), asked, "it is there");
    end(&pods, &pod).await;
    until_gone(&pods, &place).await;

    create(&pods, of(&place, &registry.image(), "Always")).await;
    until_ready(&pods, &place).await;
    let again = registry.asked();
    assert!(again > asked, "it is there, and is asked for all the same");
    kill(&place, &ids(&place, "container").await[0]).await;
    until(&pods, &place, "a restart", is_again).await;
    assert!(registry.asked() > again, "each start asks");
    pods.shutdown().await;
}
