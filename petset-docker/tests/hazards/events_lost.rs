//! An engine remembers its last 256 events, and tells nobody of what it has forgotten.

use petset_core::backend::Pod;

use crate::ground::{behind, engine, more_events_than_are_kept};
use crate::hand::Of;
use crate::place::Place;
use crate::support::{create, end, ids, kill, open, running, until, until_gone, until_ready};

#[tokio::test(flavor = "multi_thread")]
async fn l3_an_end_among_more_events_than_are_kept_is_seen_after_the_cut() {
    let place = Place::new();
    let (hand, node) = behind(&place, engine()).await;
    create(&node.pods(), running(&place)).await;
    let before = until_ready(&node.pods(), &place).await;
    hand.silence(true);
    kill(&place, &ids(&place, "container").await[0]).await;
    more_events_than_are_kept(&place).await;
    hand.silence(false);
    let is_again = |pod: &Pod| pod.status.containers[0].restarts == 1 && pod.status.ready_since.is_some();
    assert_eq!(until(&node.pods(), &place, "a restart", is_again).await.uid, before.uid);
}

/// A pod with a container that was made and not started, of which its engine has forgotten when that was.
async fn half_made(place: &Place) -> Pod {
    let (hand, node) = behind(place, engine()).await;
    // The first one is the sandbox's own.
    hand.hold(Of("POST", "/start"), 1);
    let pod = create(&node.pods(), running(place)).await;
    hand.until_held().await;
    node.pods().shutdown().await;
    drop(node);
    drop(hand);
    assert_eq!(ids(place, "container").await.len(), 1);
    more_events_than_are_kept(place).await;
    pod
}

#[tokio::test(flavor = "multi_thread")]
async fn l1_a_container_whose_making_the_engine_forgot_is_started() {
    let place = Place::new();
    let pod = half_made(&place).await;
    let made = ids(&place, "container").await;
    let node = open(&place).await;
    assert_eq!(until_ready(&node.pods(), &place).await.uid, pod.uid);
    assert_eq!(ids(&place, "container").await, made, "S1: it may have run, so no other one takes its place");
}

#[tokio::test(flavor = "multi_thread")]
async fn s2_a_container_whose_making_the_engine_forgot_is_gone_before_its_pod() {
    let place = Place::new();
    let pod = half_made(&place).await;
    let node = open(&place).await;
    let pods = node.pods();
    end(&pods, &pod).await;
    until_gone(&pods, &place).await;
    assert!(ids(&place, "sandbox").await.is_empty() && ids(&place, "container").await.is_empty());
}
