//! The fake's pods against the bullets of `PodBackend`.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;

use futures::{FutureExt, StreamExt};
use petset_core::backend::{
    Created, DeleteOptions, Deleted, Pod, PodBackend, PodChange, PodPhase, PodRef, VolumeProvisioner, WatchEvent,
};
use petset_core::manifest::Violation;
use petset_core::spec::PetSet;
use petset_core::{Error, ErrorKind, PodUid, SetUid};
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

fn another_incarnation(pod: &Pod) -> PodRef {
    PodRef { uid: PodUid::from("never was"), ..pod.reference() }
}

#[tokio::test]
async fn check_names_every_refused_field() {
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
async fn check_accepts_what_create_runs() {
    let (world, web) = (FakeWorld::new(), set("web").build());
    assert_eq!(world.pods().check(&web.spec.template), []);
    created(&world, &web, 0).await;
}

#[tokio::test]
async fn list_shows_every_pod_of_the_name() {
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
async fn list_shows_no_other_set() {
    let world = FakeWorld::new();
    let (web, web1, other) = (set("web").build(), set("web-1").build(), set("web").namespace("other").build());
    created(&world, &web1, 0).await;
    created(&world, &other, 0).await;
    assert_eq!(listed(&world, &web).await, []);
    assert_eq!(listed(&world, &web1).await.len(), 1);
}

#[tokio::test]
async fn list_is_complete_or_an_error() {
    let (world, web) = (FakeWorld::new(), set("web").build());
    created(&world, &web, 0).await;
    world.fail_next(Op::PodList, Error::new(ErrorKind::Unavailable, "list pods"), false);
    assert_eq!(world.pods().list(&web.key()).await.unwrap_err().kind(), ErrorKind::Unavailable);
    assert_eq!(listed(&world, &web).await.len(), 1, "one failure, once");
}

#[tokio::test]
async fn list_sees_own_writes() {
    let (world, web) = (FakeWorld::manual(), set("web").build());
    let pod = created(&world, &web, 0).await;
    assert_eq!(listed(&world, &web).await, std::slice::from_ref(&pod));
    world.pods().delete(&pod.reference(), DeleteOptions::default()).await.unwrap();
    assert!(listed(&world, &web).await[0].terminating);
    world.finish_termination(&web.key(), 0);
    assert_eq!(listed(&world, &web).await, []);
}

#[tokio::test]
async fn create_of_a_free_name_is_new() {
    let (world, web) = (FakeWorld::new(), set("web").build());
    let first = created(&world, &web, 0).await;
    world.remove_pod(&web.key(), 0);
    let second = created(&world, &web, 0).await;
    assert_ne!(first.uid, second.uid);
    assert_eq!(listed(&world, &web).await, [second]);
}

#[tokio::test]
async fn create_of_a_taken_name_changes_nothing() {
    let (world, web) = (FakeWorld::new(), set("web").build());
    let foreign = world.foreign_pod(&web.key(), 0, None);
    let before = world.journal();
    let answer = world.pods().create(pod_request(&web, &life(), 0)).await.unwrap();
    assert_eq!(answer, Created::AlreadyThere(foreign.clone()));
    assert_eq!(listed(&world, &web).await, [foreign]);
    assert_eq!(world.journal(), before);
}

#[tokio::test]
async fn create_waits_for_no_readiness() {
    let (world, web) = (FakeWorld::manual(), set("web").build());
    let pod = created(&world, &web, 0).await;
    assert_eq!((pod.status.phase, pod.status.ready_since), (PodPhase::Running, None));
    world.set_ready(&web.key(), 0, true);
    let ready = &listed(&world, &web).await[0];
    assert!(ready.status.ready_since.is_some() && ready.status.containers[0].ready);
    assert_ne!(ready.version, pod.version);
}

#[tokio::test]
async fn create_mounts_the_named_claims() {
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
async fn delete_of_a_gone_pod_is_already_gone() {
    let (world, web) = (FakeWorld::new(), set("web").build());
    let pod = created(&world, &web, 0).await.reference();
    world.remove_pod(&web.key(), 0);
    assert_eq!(world.pods().delete(&pod, DeleteOptions::default()).await.unwrap(), Deleted::AlreadyGone);
}

#[tokio::test]
async fn delete_of_another_incarnation_is_already_gone() {
    let (world, web) = (FakeWorld::new(), set("web").build());
    let pod = created(&world, &web, 0).await;
    let answer = world.pods().delete(&another_incarnation(&pod), DeleteOptions::default()).await.unwrap();
    assert_eq!(answer, Deleted::AlreadyGone);
    assert_eq!(listed(&world, &web).await, [pod]);
}

#[tokio::test]
async fn delete_twice_is_once() {
    let (world, web) = (FakeWorld::manual(), set("web").build());
    let pod = created(&world, &web, 0).await.reference();
    world.pods().delete(&pod, DeleteOptions::default()).await.unwrap();
    let before = (listed(&world, &web).await, world.journal());
    let shorter = DeleteOptions { grace_seconds: Some(1), version: None };
    assert_eq!(world.pods().delete(&pod, shorter).await.unwrap(), Deleted::Started);
    assert_eq!((listed(&world, &web).await, world.journal()), before);
}

#[tokio::test]
async fn delete_with_an_old_version_is_a_conflict() {
    let (world, web) = (FakeWorld::manual(), set("web").build());
    let pod = created(&world, &web, 0).await;
    world.set_ready(&web.key(), 0, true);
    let options = |pod: &Pod| DeleteOptions { grace_seconds: None, version: Some(pod.version.clone()) };
    let error = world.pods().delete(&pod.reference(), options(&pod)).await.unwrap_err();
    assert!(error.is_conflict(), "{error}");
    let ready = listed(&world, &web).await.remove(0);
    assert!(!ready.terminating);
    assert_eq!(world.pods().delete(&pod.reference(), options(&ready)).await.unwrap(), Deleted::Started);
}

#[tokio::test]
async fn delete_lets_the_pod_end_politely() {
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
async fn update_changes_only_what_is_named() {
    let (world, web) = (FakeWorld::new(), set("web").build());
    let pod = created(&world, &web, 0).await;
    let change = PodChange {
        labels: BTreeMap::from([("app".to_owned(), None), ("new".to_owned(), Some("1".to_owned()))]),
        annotations: BTreeMap::from([("note".to_owned(), Some("x".to_owned()))]),
        owner: Some(None),
        version: None,
    };
    world.pods().update(&pod.reference(), change.clone()).await.unwrap();
    let changed = listed(&world, &web).await.remove(0);
    let mut expected = pod.clone();
    expected.version = changed.version.clone();
    expected.owner = None;
    expected.labels = BTreeMap::from([("new".to_owned(), "1".to_owned())]);
    expected.annotations = BTreeMap::from([("note".to_owned(), "x".to_owned())]);
    assert_eq!(changed, expected);
    assert_ne!(changed.version, pod.version);

    world.pods().update(&pod.reference(), change).await.unwrap();
    assert_eq!(listed(&world, &web).await, [changed], "the same again changes nothing");
}

#[tokio::test]
async fn update_of_another_incarnation_is_not_found() {
    let (world, web) = (FakeWorld::new(), set("web").build());
    let pod = created(&world, &web, 0).await;
    let change = PodChange { owner: Some(None), ..PodChange::default() };
    let error = world.pods().update(&another_incarnation(&pod), change).await.unwrap_err();
    assert!(error.is_not_found(), "{error}");
    assert_eq!(listed(&world, &web).await, [pod]);
}

#[tokio::test]
async fn update_with_an_old_version_is_a_conflict() {
    let (world, web) = (FakeWorld::manual(), set("web").build());
    let pod = created(&world, &web, 0).await;
    world.set_ready(&web.key(), 0, true);
    let change = |version| PodChange { owner: Some(None), version: Some(version), ..PodChange::default() };
    let error = world.pods().update(&pod.reference(), change(pod.version.clone())).await.unwrap_err();
    assert!(error.is_conflict(), "{error}");
    let now = listed(&world, &web).await.remove(0);
    assert_eq!(now.owner, pod.owner);
    world.pods().update(&pod.reference(), change(now.version)).await.unwrap();
    assert_eq!(listed(&world, &web).await[0].owner, None);
}

#[tokio::test]
async fn watch_hints_at_every_change() {
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
