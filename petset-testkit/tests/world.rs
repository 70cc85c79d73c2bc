//! What the world adds to the traits: faults, counts, promises, and that it is fast enough for benches.

use std::time::Duration;

use petset_core::backend::{Created, DeleteOptions, PodBackend, PodPhase, VolumeProvisioner};
use petset_core::{Clock, Error, ErrorKind, SetUid};
use petset_testkit::fixtures::{claim_requests, pod_request, set};
use petset_testkit::{Check, FakeWorld, Op};

fn life() -> SetUid {
    SetUid::from("life-1")
}

#[tokio::test]
async fn a_lost_answer_leaves_its_effect() {
    let (world, web) = (FakeWorld::new(), set("web").build());
    let timeout = || Error::new(ErrorKind::Timeout, "create a pod");
    world.fail_next(Op::PodCreate, timeout(), false);
    world.fail_next(Op::PodCreate, timeout(), true);
    let create = || async { world.pods().create(pod_request(&web, &life(), 0)).await };
    assert_eq!(create().await.unwrap_err().kind(), ErrorKind::Timeout);
    assert_eq!(world.pod(&web.key(), 0), None);
    assert_eq!(create().await.unwrap_err().kind(), ErrorKind::Timeout);
    assert!(world.pod(&web.key(), 0).is_some());
    assert!(matches!(create().await.unwrap(), Created::AlreadyThere(_)));
    assert_eq!(world.counts().of(Op::PodCreate), 3);
}

#[tokio::test]
async fn counts_tell_reads_from_writes() {
    let (world, web) = (FakeWorld::new(), set("web").claim("www").build());
    world.volumes().provision(claim_requests(&web, 0).remove(0)).await.unwrap();
    world.pods().create(pod_request(&web, &life(), 0)).await.unwrap();
    let before = world.counts();
    assert_eq!((before.reads(), before.writes()), (0, 2));
    world.pods().list(&web.key()).await.unwrap();
    world.volumes().list(&web.key()).await.unwrap();
    let since = world.counts().since(&before);
    assert_eq!((since.reads(), since.writes()), (2, 0));
    assert_eq!(since.to_string(), "PodList 1, ClaimList 1");
}

#[tokio::test]
async fn time_is_what_the_test_says() {
    let (world, web) = (FakeWorld::manual(), set("web").build());
    world.pods().create(pod_request(&web, &life(), 0)).await.unwrap();
    world.clock().advance(Duration::from_secs(9));
    world.set_ready(&web.key(), 0, true);
    let pod = world.pod(&web.key(), 0).unwrap();
    assert_eq!(pod.status.ready_since.unwrap().since(pod.created_at), Duration::from_secs(9));
    world.clock().advance(Duration::from_secs(1));
    world.set_ready(&web.key(), 0, true);
    assert_eq!(world.pod(&web.key(), 0).unwrap().status.ready_since, pod.status.ready_since, "without a break");
    world.fail(&web.key(), 0);
    let pod = world.pod(&web.key(), 0).unwrap();
    assert_eq!((pod.status.phase, pod.status.ready_since), (PodPhase::Failed, None));
    assert_eq!(world.clock().now().since(pod.created_at), Duration::from_secs(10));
}

#[tokio::test]
async fn runs_repeat_to_the_letter() {
    async fn run() -> String {
        let (world, web) = (FakeWorld::new(), set("web").claim("www").build());
        for ordinal in 0..3 {
            world.volumes().provision(claim_requests(&web, ordinal).remove(0)).await.unwrap();
            world.pods().create(pod_request(&web, &life(), ordinal)).await.unwrap();
        }
        let pods = world.pods().list(&web.key()).await.unwrap();
        format!("{pods:?} {:?}", world.journal())
    }
    assert_eq!(run().await, run().await);
}

#[tokio::test]
#[should_panic(expected = "S3: web-0 (pod-1) was asked to end without grace")]
async fn s3_an_end_without_grace_panics() {
    let (world, web) = (FakeWorld::manual(), set("web").build());
    world.pods().create(pod_request(&web, &life(), 0)).await.unwrap();
    let pod = world.pod(&web.key(), 0).unwrap().reference();
    let _ = world.pods().delete(&pod, DeleteOptions { grace_seconds: Some(0), version: None }).await;
}

#[tokio::test]
#[should_panic(expected = "no policy permits it\nthe last 2 of 2 effects on default/web:\n  created claim www-web-0")]
async fn s6_deletion_of_a_claim_panics_with_the_story() {
    let (world, web) = (FakeWorld::new(), set("web").claim("www").build());
    world.volumes().provision(claim_requests(&web, 0).remove(0)).await.unwrap();
    let claim = world.claim(&web.key(), "www", 0).unwrap().reference();
    let _ = world.volumes().delete(&claim).await;
}

#[tokio::test]
#[should_panic(expected = "S6: deletion of claim www-web-0 was asked for while pod pod-")]
async fn s6_deletion_of_a_claim_in_use_panics_also_where_policy_deletes() {
    let (world, web) = (FakeWorld::manual(), set("web").claim("www").build());
    world.permit(Check::ClaimsAreKept);
    world.volumes().provision(claim_requests(&web, 0).remove(0)).await.unwrap();
    world.pods().create(pod_request(&web, &life(), 0)).await.unwrap();
    let claim = world.claim(&web.key(), "www", 0).unwrap().reference();
    let _ = world.volumes().delete(&claim).await;
}

#[tokio::test]
async fn a_contained_panic_is_repeated_at_the_end() {
    let (world, web) = (FakeWorld::new(), set("web").claim("www").build());
    world.volumes().provision(claim_requests(&web, 0).remove(0)).await.unwrap();
    let claim = world.claim(&web.key(), "www", 0).unwrap().reference();
    let volumes = world.volumes();
    let contained = tokio::spawn(async move { volumes.delete(&claim).await }).await;
    assert!(contained.unwrap_err().is_panic());
    let ended = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| drop(world)));
    let told = *ended.unwrap_err().downcast::<String>().unwrap();
    assert!(told.contains("S6: deletion of claim www-web-0"), "{told}");
}

#[tokio::test]
async fn whoever_takes_the_story_answers_for_it() {
    let (world, web) = (FakeWorld::new(), set("web").claim("www").build());
    world.volumes().provision(claim_requests(&web, 0).remove(0)).await.unwrap();
    let claim = world.claim(&web.key(), "www", 0).unwrap().reference();
    let volumes = world.volumes();
    tokio::spawn(async move { volumes.delete(&claim).await }).await.unwrap_err();
    assert_eq!(world.take_broken_promises().len(), 1);
    drop(world);
}

#[tokio::test]
async fn ten_thousand_pets_and_a_thousand_sets_fit() {
    let world = FakeWorld::new();
    let big = set("big").build();
    for ordinal in 0..10_000 {
        world.pods().create(pod_request(&big, &life(), ordinal)).await.unwrap();
    }
    for number in 0..1_000 {
        let small = set(&format!("small-{number}")).build();
        for ordinal in 0..3 {
            world.pods().create(pod_request(&small, &life(), ordinal)).await.unwrap();
        }
    }
    assert_eq!(world.pods().list(&big.key()).await.unwrap().len(), 10_000);
    assert_eq!(world.sets().len(), 1_001);
    assert_eq!(world.ordinals(&set("small-7").build().key()), [0, 1, 2]);
}
