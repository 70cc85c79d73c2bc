//! An engine that has removed a container may hold its name for a while, and one that failed to make a container may have
//! given it the name.

use petset_core::backend::{Created, DeleteOptions, Pod, PodBackend, PodPhase};
use petset_core::{ErrorKind, Retry};

use crate::ground::{behind, engine};
use crate::hand::{Answer, Of};
use crate::place::Place;
use crate::support::{create, end, ids, only, open, running, until_gone, until_ready};

#[tokio::test(flavor = "multi_thread")]
async fn l2_a_name_that_is_still_taken_after_the_end_is_waited_for() {
    let place = Place::new();
    let (hand, node) = behind(&place, engine()).await;
    let pods = node.pods();
    let first = create(&pods, running(&place)).await;
    until_ready(&pods, &place).await;
    end(&pods, &first).await;
    until_gone(&pods, &place).await;
    // Of this name only: a replacement under another one would get through.
    let words = format!(
        "Conflict. The container name \"/web-0.{0}.petset\" is already in use by container \"{1}\". You have to remove \
         (or rename) that container to be able to reuse that name.",
        place.namespace, first.uid
    );
    hand.refuse(Of("POST", "/containers/create?name=web-0."), 409, &words);
    for tries in 1..=2 {
        let error = pods.create(running(&place)).await.expect_err("the name is taken");
        assert_eq!((error.kind(), error.retry()), (ErrorKind::Conflict, Retry::Backoff), "{error:?}");
        assert!(only(&pods, &place).await.is_none(), "nothing is on record");
        assert!(ids(&place, "sandbox").await.is_empty(), "nothing was made under another name");
        hand.until_answered(tries).await;
    }
    hand.mend();
    let next = create(&pods, running(&place)).await;
    assert_ne!(next.uid, first.uid);
    until_ready(&pods, &place).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn l2_a_creation_that_failed_and_took_the_name_is_not_in_the_way() {
    let place = Place::new();
    let (hand, node) = behind(&place, engine()).await;
    let pods = node.pods();
    let words = "failed to create endpoint: context deadline exceeded".to_owned();
    hand.answer(Of("POST", "/containers/create?name=web-0."), Answer { status: 500, message: words, done: true });
    pods.create(running(&place)).await.expect_err("the engine says that it failed");
    hand.mend();
    assert_eq!(ids(&place, "sandbox").await.len(), 1, "it is there all the same");
    // Taken over or removed: either way the identity has one pod, which works.
    let is_own = |pod: &Pod| pod.status.phase != PodPhase::Unknown;
    let mut made = None;
    while made.is_none() {
        made = match pods.create(running(&place)).await {
            Ok(Created::New(pod)) => Some(pod),
            Ok(Created::AlreadyThere(pod)) => Some(pod).filter(is_own),
            Err(_) => None,
        };
    }
    let ready = until_ready(&pods, &place).await;
    assert_eq!(ids(&place, "sandbox").await, [ready.uid.as_str()]);
}

#[tokio::test(flavor = "multi_thread")]
async fn s2_removed_and_made_again_at_once_it_has_its_name_each_time() {
    let place = Place::new();
    let node = open(&place).await;
    let pods = node.pods();
    let mut before = None;
    for _ in 0..10 {
        let pod = create(&pods, running(&place)).await;
        assert_ne!(Some(&pod.uid), before.as_ref());
        assert_eq!(ids(&place, "sandbox").await, [pod.uid.as_str()]);
        pods.delete(&pod.reference(), DeleteOptions { grace_seconds: Some(5), version: None }).await.expect("ends");
        until_gone(&pods, &place).await;
        assert!(ids(&place, "sandbox").await.is_empty() && ids(&place, "container").await.is_empty());
        before = Some(pod.uid);
    }
}
