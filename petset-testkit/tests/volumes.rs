//! The fake's volumes against the bullets of `VolumeProvisioner`.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use futures::{FutureExt, StreamExt};
use petset_core::backend::{
    Claim, ClaimChange, ClaimPhase, ClaimRef, Created, DeleteOptions, Deleted, PodBackend, VolumeProvisioner,
    WatchEvent,
};
use petset_core::manifest::Violation;
use petset_core::spec::PetSet;
use petset_core::{ClaimUid, Error, ErrorKind, SetUid};
use petset_testkit::fixtures::{claim_requests, pod_request, set};
use petset_testkit::{Check, FakeWorld, Op};

async fn claimed(world: &FakeWorld, set: &PetSet, ordinal: u32) -> Claim {
    match world.volumes().provision(claim_requests(set, ordinal).remove(0)).await.unwrap() {
        Created::New(claim) => claim,
        Created::AlreadyThere(claim) => panic!("{claim:?}"),
    }
}

async fn listed(world: &FakeWorld, set: &PetSet) -> Vec<Claim> {
    world.volumes().list(&set.key()).await.unwrap()
}

fn another_life(claim: &Claim) -> ClaimRef {
    ClaimRef { uid: ClaimUid::from("never was"), ..claim.reference() }
}

fn pre_made() -> PetSet {
    let of_pool = |set: &mut PetSet| {
        set.spec.volume_claim_templates[0].spec.storage_class_name = Some(String::new());
    };
    set("web").claim("www").with(of_pool).build()
}

#[tokio::test]
async fn check_claim_names_every_refused_field() {
    let (world, web) = (FakeWorld::new(), set("web").claim("www").build());
    let template = &web.spec.volume_claim_templates[0];
    assert_eq!(world.volumes().check(template), []);
    let refused = vec![Violation::new("spec.volumeMode", "Block", "not here")];
    world.refuse_claims(refused.clone());
    assert_eq!(world.volumes().check(template), refused);
    let error = world.volumes().provision(claim_requests(&web, 0).remove(0)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert_eq!(listed(&world, &web).await, []);
}

#[tokio::test]
async fn list_claims_shows_every_identity() {
    let (world, web) = (FakeWorld::manual(), pre_made());
    world.add_volume("one", 1 << 30);
    world.add_volume("two", 1 << 30);
    for ordinal in [10, 2, 7] {
        claimed(&world, &web, ordinal).await;
    }
    world.vanish_volume(&web.key(), "www", 2);
    let seen: Vec<_> = listed(&world, &web).await.iter().map(|claim| (claim.ordinal.0, claim.phase)).collect();
    assert_eq!(seen, [(2, ClaimPhase::Lost), (7, ClaimPhase::Pending), (10, ClaimPhase::Bound)]);
}

#[tokio::test]
async fn list_claims_is_complete_or_an_error() {
    let (world, web) = (FakeWorld::new(), set("web").claim("www").build());
    claimed(&world, &web, 0).await;
    world.fail_next(Op::ClaimList, Error::new(ErrorKind::Timeout, "list claims"), false);
    assert_eq!(world.volumes().list(&web.key()).await.unwrap_err().kind(), ErrorKind::Timeout);
    assert_eq!(listed(&world, &web).await.len(), 1);
}

#[tokio::test]
async fn provision_of_a_new_claim_is_new() {
    let (world, web) = (FakeWorld::new(), set("web").claim("www").build());
    let claim = claimed(&world, &web, 0).await;
    assert_eq!((claim.phase, claim.capacity_bytes), (ClaimPhase::Bound, Some(1 << 30)));
    assert_eq!(listed(&world, &web).await, [claim]);
}

#[tokio::test]
async fn provision_of_a_known_claim_changes_nothing() {
    let (world, web) = (FakeWorld::new(), set("web").claim("www").build());
    let claim = claimed(&world, &web, 0).await;
    let mut request = claim_requests(&web, 0).remove(0);
    request.owner = Some(SetUid::from("somebody"));
    request.spec.resources.requests.insert("storage".to_owned(), "9Gi".into());
    let answer = world.volumes().provision(request).await.unwrap();
    assert_eq!(answer, Created::AlreadyThere(claim.clone()));
    world.vanish_volume(&web.key(), "www", 0);
    let answer = world.volumes().provision(claim_requests(&web, 0).remove(0)).await.unwrap();
    assert_eq!(answer, Created::AlreadyThere(Claim { phase: ClaimPhase::Lost, ..claim }), "no empty volume instead");
}

#[tokio::test]
async fn provision_without_a_match_is_pending() {
    let (world, web) = (FakeWorld::new(), pre_made());
    world.add_volume("small", 1);
    let claim = claimed(&world, &web, 0).await;
    assert_eq!((claim.phase, claim.volume), (ClaimPhase::Pending, None));
    assert!(claim.message.unwrap().contains("1073741824 bytes"));
    world.add_volume("large", 2 << 30);
    let bound = listed(&world, &web).await.remove(0);
    assert_eq!((bound.phase, bound.volume.as_deref()), (ClaimPhase::Bound, Some("large")));
}

#[tokio::test]
async fn provision_refuses_a_foreign_name() {
    let world = FakeWorld::new();
    let (first, second) = (set("c").claim("a-b").build(), set("b-c").claim("a").build());
    let claim = claimed(&world, &first, 0).await;
    let request = claim_requests(&second, 0).remove(0);
    assert_eq!(request.name, claim.name, "two identities that want one name");
    let error = world.volumes().provision(request).await.unwrap_err();
    assert!(error.is_already_exists() && error.to_string().contains("default/c"), "{error}");
    assert_eq!(listed(&world, &second).await, []);
}

#[tokio::test]
async fn change_claim_of_another_life_is_not_found() {
    let (world, web) = (FakeWorld::new(), set("web").claim("www").build());
    let claim = claimed(&world, &web, 0).await;
    let change = ClaimChange { owner: Some(Some(SetUid::from("life-1"))), storage: None };
    let error = world.volumes().change(&another_life(&claim), change.clone()).await.unwrap_err();
    assert!(error.is_not_found(), "{error}");
    world.volumes().change(&claim.reference(), change).await.unwrap();
    assert_eq!(listed(&world, &web).await, [Claim { owner: Some(SetUid::from("life-1")), ..claim }]);
}

#[tokio::test]
async fn grow_keeps_the_content() {
    let (world, web) = (FakeWorld::new(), set("web").claim("www").build());
    let claim = claimed(&world, &web, 0).await;
    let grow = |size: &str| ClaimChange { owner: None, storage: Some(size.into()) };
    world.volumes().change(&claim.reference(), grow("2Gi")).await.unwrap();
    let larger = Claim { capacity_bytes: Some(2 << 30), ..claim.clone() };
    assert_eq!(listed(&world, &web).await, [larger], "the same life and volume");
    let error = world.volumes().change(&claim.reference(), grow("1Gi")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
}

#[tokio::test]
async fn delete_claim_of_another_life_is_already_gone() {
    let (world, web) = (FakeWorld::new(), set("web").claim("www").build());
    let claim = claimed(&world, &web, 0).await;
    assert_eq!(world.volumes().delete(&another_life(&claim)).await.unwrap(), Deleted::AlreadyGone);
    assert_eq!(listed(&world, &web).await, std::slice::from_ref(&claim));
    world.permit(Check::ClaimsAreKept);
    assert_eq!(world.volumes().delete(&claim.reference()).await.unwrap(), Deleted::Started);
    assert_eq!(world.volumes().delete(&claim.reference()).await.unwrap(), Deleted::AlreadyGone);
    assert_eq!(listed(&world, &web).await, []);
    assert_ne!(claimed(&world, &web, 0).await.uid, claim.uid);
}

#[tokio::test]
async fn delete_claim_in_use_waits() {
    let (world, web) = (FakeWorld::manual(), set("web").claim("www").build());
    world.permit(Check::ClaimsAreKept);
    world.permit(Check::ClaimsOutliveTheirPod);
    let claim = claimed(&world, &web, 0).await;
    world.pods().create(pod_request(&web, &SetUid::from("life-1"), 0)).await.unwrap();
    assert_eq!(world.volumes().delete(&claim.reference()).await.unwrap(), Deleted::Started);
    assert_eq!(listed(&world, &web).await[0].phase, ClaimPhase::Terminating);
    let pod = world.pod(&web.key(), 0).unwrap().reference();
    world.pods().delete(&pod, DeleteOptions::default()).await.unwrap();
    assert_eq!(listed(&world, &web).await.len(), 1);
    world.finish_termination(&web.key(), 0);
    assert_eq!(listed(&world, &web).await, []);
}

#[tokio::test]
async fn watch_hints_at_every_change_of_a_claim() {
    let (world, web) = (FakeWorld::new(), set("web").claim("www").build());
    let mut hints = world.volumes().watch();
    claimed(&world, &web, 0).await;
    assert_eq!(hints.next().now_or_never(), Some(Some(WatchEvent::Changed(web.key()))));
    world.vanish_volume(&web.key(), "www", 0);
    assert_eq!(hints.next().now_or_never(), Some(Some(WatchEvent::Changed(web.key()))));
    world.remove_claim(&web.key(), "www", 0);
    assert_eq!(hints.next().now_or_never(), Some(Some(WatchEvent::Changed(web.key()))));
    assert_eq!(hints.next().now_or_never(), None);
}
