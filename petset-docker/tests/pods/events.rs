//! The engine's stream of events, cut.

use bollard::models::ContainerCreateBody;
use bollard::query_parameters::{CreateContainerOptions, InspectContainerOptions};
use futures::StreamExt;
use petset_core::backend::{PodBackend, WatchEvent};

use crate::place::Place;
use crate::proxy::Proxy;
use crate::support::{IMAGE, create, end, ids, kill, only, open, options, running, until, until_gone, until_ready};

#[tokio::test(flavor = "multi_thread")]
async fn l3_a_cut_is_a_gap_and_what_happened_meanwhile_is_seen() {
    let place = Place::new();
    let proxy = Proxy::start(&place.path("docker.sock")).unwrap();
    let node = place.builder().host(proxy.host()).pod_options(options()).open().await.unwrap();
    create(&node.pods(), running(&place)).await;
    let before = until_ready(&node.pods(), &place).await;
    proxy.damage();
    let mut hints = node.pods().watch();
    kill(&place, &ids(&place, "container").await[0]).await;
    assert!(node.pods().list(&place.set("web")).await.is_err(), "half an answer is none (S15)");
    proxy.mend();
    while hints.next().await.expect("it never ends") != WatchEvent::Gap {}
    let is_again = |pod: &petset_core::backend::Pod| pod.status.containers[0].restarts == 1;
    let after = until(&node.pods(), &place, "a restart", is_again).await;
    assert_eq!(after.uid, before.uid);
}

#[tokio::test(flavor = "multi_thread")]
async fn s2_a_creation_of_which_nothing_is_known_is_looked_into() {
    let place = Place::new();
    let proxy = Proxy::start(&place.path("docker.sock")).unwrap();
    let node = place.builder().host(proxy.host()).pod_options(options()).open().await.unwrap();
    proxy.damage_all_with("/containers/create");
    let error = node.pods().create(running(&place)).await.expect_err("half an answer");
    assert!(!error.is_already_exists() && !error.is_not_found(), "{error:?}");
    proxy.mend();
    assert!(only(&node.pods(), &place).await.is_none());
    create(&node.pods(), running(&place)).await;
    until_ready(&node.pods(), &place).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn l2_a_sandbox_that_comes_after_its_record_went_is_in_the_way_for_a_moment_only() {
    let place = Place::new();
    let node = open(&place).await;
    let first = create(&node.pods(), running(&place)).await;
    let labels = labels_of(&place, first.uid.as_str()).await;
    end(&node.pods(), &first).await;
    until_gone(&node.pods(), &place).await;
    // The same request once more, by a hand that this node knows nothing of.
    let name = Some(format!("web-0.{}.petset", place.namespace));
    let options = CreateContainerOptions { name, ..CreateContainerOptions::default() };
    let body =
        ContainerCreateBody { image: Some(IMAGE.to_owned()), labels: Some(labels), ..ContainerCreateBody::default() };
    place.engine.create_container(Some(options), body).await.expect("a sandbox");
    until_gone(&node.pods(), &place).await;
    create(&node.pods(), running(&place)).await;
    until_ready(&node.pods(), &place).await;
}

async fn labels_of(place: &Place, container: &str) -> std::collections::HashMap<String, String> {
    let seen = place.engine.inspect_container(container, None::<InspectContainerOptions>).await.expect("there");
    seen.config.and_then(|config| config.labels).expect("labels")
}
