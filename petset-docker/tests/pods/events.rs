//! The engine's stream of events, cut.

use futures::StreamExt;
use petset_core::backend::{PodBackend, WatchEvent};

use crate::place::Place;
use crate::proxy::Proxy;
use crate::support::{create, ids, kill, only, options, running, until, until_ready};

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
