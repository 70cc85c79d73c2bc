//! The fake's pods: what a test does to them, beside the conformance suite.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;

use futures::{FutureExt, StreamExt};
use petset_core::backend::{
    ContainerState, Created, DeleteOptions, Pod, PodBackend, PodChange, PodPhase, VolumeProvisioner, WatchEvent,
};
use petset_core::manifest::Violation;
use petset_core::spec::PetSet;
use petset_core::{Clock, Error, ErrorKind, SetUid};
use petset_testkit::fixtures::{claim_requests, key, pod_request, set};
use petset_testkit::{Effect, FakeWorld, Op, Termination};

fn life() -> SetUid {
    SetUid::from("life-1")
}

async fn created(world: &FakeWorld, set: &PetSet, ordinal: u32) -> Pod {
    match world.pods().create(pod_request(set, &life(), ordinal)).await.unwrap() {
        Created::New(pod) => pod,
        Created::AlreadyThere(pod) => panic!("{pod:?}"),
    }
}

async fn listed(world: &FakeWorld, set: &PetSet) -> Vec<Pod> {
    world.pods().list(&set.key()).await.unwrap()
}

#[tokio::test]
async fn refused_templates_are_refused_by_check_and_create() {
    let (world, web) = (FakeWorld::new(), set("web").build());
    let refused = vec![Violation::new("spec.hostNetwork", true, "not here")];
    world.refuse_templates(refused.clone());
    assert_eq!(world.pods().check(&web.spec.template), refused);
    let error = world.pods().create(pod_request(&web, &life(), 0)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert!(error.to_string().contains("spec.hostNetwork"), "{error}");
    assert_eq!(listed(&world, &web).await, []);
}

#[tokio::test]
async fn foreign_hands_are_seen() {
    let (world, web) = (FakeWorld::manual(), set("web").build());
    created(&world, &web, 0).await;
    created(&world, &web, 1).await;
    world.fail(&web.key(), 0);
    world.terminate_pod(&web.key(), 1);
    world.foreign_pod(&web.key(), 2, Some(SetUid::from("somebody")));
    world.foreign_pod(&web.key(), 10, None);
    let pods = listed(&world, &web).await;
    let seen: Vec<_> = pods.iter().map(|pod| (pod.ordinal.0, pod.owner.as_ref().map(SetUid::as_str))).collect();
    assert_eq!(seen, [(0, Some("life-1")), (1, Some("life-1")), (2, Some("somebody")), (10, None)]);
    assert_eq!(pods[0].status.phase, PodPhase::Failed);
    assert!(pods[1].terminating);
}

#[tokio::test]
async fn a_list_fails_once_when_the_test_says_so() {
    let (world, web) = (FakeWorld::new(), set("web").build());
    created(&world, &web, 0).await;
    world.fail_next(Op::PodList, Error::new(ErrorKind::Unavailable, "list pods"), false);
    assert_eq!(world.pods().list(&web.key()).await.unwrap_err().kind(), ErrorKind::Unavailable);
    assert_eq!(listed(&world, &web).await.len(), 1, "one failure, once");
}

#[tokio::test]
async fn a_pod_ends_when_the_test_says_so() {
    let (world, web) = (FakeWorld::manual(), set("web").build());
    let pod = created(&world, &web, 0).await;
    assert_eq!(listed(&world, &web).await, std::slice::from_ref(&pod));
    world.pods().delete(&pod.reference(), DeleteOptions::default()).await.unwrap();
    assert!(listed(&world, &web).await[0].terminating);
    world.finish_termination(&web.key(), 0);
    assert_eq!(listed(&world, &web).await, []);
}

#[tokio::test]
async fn a_foreign_pod_takes_the_name() {
    let (world, web) = (FakeWorld::new(), set("web").build());
    let foreign = world.foreign_pod(&web.key(), 0, None);
    let before = world.journal();
    let answer = world.pods().create(pod_request(&web, &life(), 0)).await.unwrap();
    assert_eq!(answer, Created::AlreadyThere(foreign.clone()));
    assert_eq!(listed(&world, &web).await, [foreign]);
    assert_eq!(world.journal(), before);
}

#[tokio::test]
async fn a_pod_is_ready_when_the_test_says_so() {
    let (world, web) = (FakeWorld::manual(), set("web").build());
    let pod = created(&world, &web, 0).await;
    assert_eq!((pod.status.phase, pod.status.ready_since), (PodPhase::Running, None));
    world.set_ready(&web.key(), 0, true);
    let ready = &listed(&world, &web).await[0];
    assert!(ready.status.ready_since.is_some() && ready.status.containers[0].ready);
    assert_ne!(ready.version, pod.version);
}

#[tokio::test]
async fn a_pod_starts_when_its_claims_are_bound() {
    let (world, web) = (FakeWorld::new(), set("web").claim("www").claim("log").build());
    let [www, log] = <[_; 2]>::try_from(claim_requests(&web, 0)).unwrap();
    world.volumes().provision(www).await.unwrap();
    let pod = created(&world, &web, 0).await;
    assert_eq!(pod.status.phase, PodPhase::Pending);
    assert_eq!(pod.status.message.as_deref(), Some("claim log-web-0 is not bound"));
    world.volumes().provision(log).await.unwrap();
    assert!(listed(&world, &web).await[0].status.ready_since.is_some(), "it starts when its claims are there");
    let expected = [("log", "log-web-0"), ("www", "www-web-0")].map(|(a, b)| (a.to_owned(), b.to_owned()));
    assert_eq!(world.mounts(&web.key(), 0), BTreeMap::from(expected));
}

#[tokio::test]
async fn the_journal_tells_of_the_grace_period() {
    let world = FakeWorld::manual();
    let web = set("web").with(|set| set.spec.template.spec.termination_grace_period_seconds = Some(7)).build();
    let pod = created(&world, &web, 0).await.reference();
    world.take_journal();
    world.pods().delete(&pod, DeleteOptions::default()).await.unwrap();
    world.finish_termination(&web.key(), 0);
    let asked = Effect::PodDeletionStarted { pod: pod.clone(), grace_seconds: 7 };
    assert_eq!(world.journal(), [asked, Effect::PodEnded { pod }]);

    world.set_termination(Termination::Immediate);
    let pod = created(&world, &web, 0).await.reference();
    world.pods().delete(&pod, DeleteOptions { grace_seconds: Some(3), version: None }).await.unwrap();
    assert_eq!(listed(&world, &web).await, []);
}

#[tokio::test]
async fn containers_do_what_their_pod_does() {
    let (world, web) = (FakeWorld::manual(), set("web").build());
    created(&world, &web, 0).await;
    let state = || world.pod(&web.key(), 0).unwrap().status.containers.remove(0).state;
    let started = state();
    assert!(matches!(started, ContainerState::Running { .. }), "{started:?}");
    world.clock().advance(std::time::Duration::from_secs(1));
    world.set_phase(&web.key(), 0, PodPhase::Unknown);
    assert_eq!(state(), started, "as it was last seen");
    world.fail(&web.key(), 0);
    assert!(matches!(state(), ContainerState::Terminated { exit_code: Some(1), .. }), "{:?}", state());
    world.succeed(&web.key(), 0);
    assert!(matches!(state(), ContainerState::Terminated { exit_code: Some(0), .. }), "{:?}", state());
    world.set_phase(&web.key(), 0, PodPhase::Pending);
    assert!(matches!(state(), ContainerState::Waiting { .. }), "{:?}", state());
    world.set_phase(&web.key(), 0, PodPhase::Running);
    assert!(matches!(state(), ContainerState::Running { started_at } if started_at == world.clock().now()));
}

#[tokio::test]
async fn hands_of_the_test_are_hinted_at() {
    let (world, web) = (FakeWorld::manual(), set("web").build());
    let mut hints = world.pods().watch();
    let mut hinted = |what: &str| {
        let events: Vec<_> = std::iter::from_fn(|| hints.next().now_or_never().flatten()).collect();
        assert!(!events.is_empty(), "{what}");
        assert!(events.iter().all(|event| *event == WatchEvent::Changed(key("web"))), "{what}: {events:?}");
    };
    let pod = created(&world, &web, 0).await.reference();
    hinted("create");
    world.set_ready(&web.key(), 0, true);
    hinted("ready");
    world.set_annotation(&web.key(), 0, "note", "x");
    hinted("annotation");
    let change = PodChange { owner: Some(None), ..PodChange::default() };
    world.pods().update(&pod, change).await.unwrap();
    hinted("update");
    world.pods().delete(&pod, DeleteOptions::default()).await.unwrap();
    hinted("delete");
    world.finish_termination(&web.key(), 0);
    hinted("end");
    world.interrupt_watches();
    assert_eq!(hints.next().await, None, "a broken connection ends the stream");
}
