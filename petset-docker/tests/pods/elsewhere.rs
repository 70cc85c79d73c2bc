//! An engine that has nothing of the node is not taken for one on which everything has ended.

use bollard::models::VolumeCreateRequest;
use bollard::query_parameters::{RemoveContainerOptions, RemoveVolumeOptions};
use petset_core::ErrorKind;
use petset_core::backend::{PodBackend, PodPhase};

use crate::place::{self, Place};
use crate::support::{create, end, ids, open, options, running, until, until_gone, until_ready};

async fn marks(place: &Place) -> Vec<String> {
    place::marks(&place.engine, &place.path("node")).await
}

/// Removes the node's mark, as an engine with another disk has none; answers its name.
async fn unmark(place: &Place) -> String {
    let mark = marks(place).await.pop().expect("the engine is marked");
    place.engine.remove_volume(&mark, None::<RemoveVolumeOptions>).await.expect("nobody uses it");
    mark
}

async fn mark(place: &Place, name: String) {
    let request = VolumeCreateRequest { name: Some(name), ..VolumeCreateRequest::default() };
    place.engine.create_volume(request).await.expect("as the error says");
}

async fn remove_all(place: &Place) {
    // Without its sandbox no container is made again.
    for id in [ids(place, "sandbox").await, ids(place, "container").await].concat() {
        let force = RemoveContainerOptions { force: true, ..RemoveContainerOptions::default() };
        place.engine.remove_container(&id, Some(force)).await.expect("removed");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn s1_a_node_does_not_open_on_an_engine_that_has_nothing_of_it() {
    let place = Place::new();
    let node = open(&place).await;
    create(&node.pods(), running(&place)).await;
    until_ready(&node.pods(), &place).await;
    node.pods().shutdown().await;
    drop(node);
    remove_all(&place).await;
    let name = unmark(&place).await;

    let error = place.builder().pod_options(options()).open().await.expect_err("nothing of it is there");
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{error:?}");
    assert!(error.chain().to_string().contains(&format!("docker volume create {name}")), "{}", error.chain());
    assert!(marks(&place).await.is_empty(), "it is not made by looking");

    mark(&place, name).await;
    let node = open(&place).await;
    let failed = until(&node.pods(), &place, "a failure", |pod| pod.status.phase == PodPhase::Failed).await;
    end(&node.pods(), &failed).await;
    until_gone(&node.pods(), &place).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn s2_a_pod_that_an_engine_with_another_disk_does_not_know_has_not_ended() {
    let place = Place::new();
    let node = open(&place).await;
    let pod = create(&node.pods(), running(&place)).await;
    until_ready(&node.pods(), &place).await;
    remove_all(&place).await;
    until(&node.pods(), &place, "a failure", |pod| pod.status.phase == PodPhase::Failed).await;
    assert!(ids(&place, "container").await.is_empty());
    let name = unmark(&place).await;
    end(&node.pods(), &pod).await;
    let error = loop {
        // The list of pods is no answer either.
        match node.pods().list(&place.set("web")).await {
            Ok(pods) => assert_eq!(pods.len(), 1, "it is off the record"),
            Err(error) => break error,
        }
    };
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{error:?}");
    mark(&place, name).await;
    until_gone(&node.pods(), &place).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mark_that_was_pruned_is_made_again_where_pods_are() {
    let place = Place::new();
    let node = open(&place).await;
    create(&node.pods(), running(&place)).await;
    until_ready(&node.pods(), &place).await;
    node.pods().shutdown().await;
    drop(node);
    let name = unmark(&place).await;
    let node = open(&place).await;
    until_ready(&node.pods(), &place).await;
    assert_eq!(marks(&place).await, [name]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_with_nothing_on_record_begins_anew_on_any_engine() {
    let place = Place::new();
    let node = open(&place).await;
    node.pods().shutdown().await;
    drop(node);
    let name = unmark(&place).await;
    let _node = open(&place).await;
    assert_ne!(marks(&place).await, [name], "the engine that it had before is another one's");
}
