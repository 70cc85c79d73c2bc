//! The fake's claims: what a test does to them, beside the conformance suite.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use futures::{FutureExt, StreamExt};
use petset_core::backend::{
    Claim, ClaimPhase, Created, DeleteOptions, Deleted, NameResolver, PetName, PodBackend, PodPhase, RecordSet,
    ResolvedName, ServiceName, ServicePortName, VolumeProvisioner, WatchEvent,
};
use petset_core::manifest::Violation;
use petset_core::spec::PetSet;
use petset_core::{Error, ErrorKind, Ordinal, SetUid};
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

fn pre_made() -> PetSet {
    let of_pool = |set: &mut PetSet| {
        set.spec.volume_claim_templates[0].spec.storage_class_name = Some(String::new());
    };
    set("web").claim("www").with(of_pool).build()
}

#[tokio::test]
async fn refused_claims_are_refused_by_check_and_provision() {
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
async fn pools_and_lost_volumes_are_seen() {
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
async fn a_list_fails_once_when_the_test_says_so() {
    let (world, web) = (FakeWorld::new(), set("web").claim("www").build());
    claimed(&world, &web, 0).await;
    world.fail_next(Op::ClaimList, Error::new(ErrorKind::Timeout, "list claims"), false);
    assert_eq!(world.volumes().list(&web.key()).await.unwrap_err().kind(), ErrorKind::Timeout);
    assert_eq!(listed(&world, &web).await.len(), 1);
}

#[tokio::test]
async fn a_lost_volume_is_never_replaced() {
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
async fn a_claim_waits_for_a_volume_that_fits() {
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
async fn a_claim_waits_for_the_end_that_the_test_confirms() {
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
async fn hands_of_the_test_are_hinted_at() {
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

#[tokio::test]
async fn s5_a_claim_of_another_set_is_never_mounted_whatever_its_name() {
    // `www-x` of `y` and `www` of `x-y` want the same name.
    let (world, theirs, ours) = (FakeWorld::new(), set("x-y").claim("www").build(), set("y").claim("www-x").build());
    assert_eq!(claimed(&world, &theirs, 0).await.name, claim_requests(&ours, 0)[0].name);
    world.pods().create(pod_request(&ours, &SetUid::from("life-1"), 0)).await.unwrap();
    assert_eq!(world.pod(&ours.key(), 0).unwrap().status.phase, PodPhase::Pending);
}

#[tokio::test]
async fn a_claim_that_waits_has_no_size_and_one_of_no_size_is_refused() {
    let (world, web) = (FakeWorld::new(), pre_made());
    assert_eq!(claimed(&world, &web, 0).await.capacity_bytes, None);
    world.add_volume("one", (1 << 30) - 1);
    assert_eq!(listed(&world, &web).await[0].phase, ClaimPhase::Pending);
    world.add_volume("two", 1 << 31);
    assert_eq!(listed(&world, &web).await[0].capacity_bytes, Some(1 << 31));
    let mut nothing = claim_requests(&web, 1).remove(0);
    nothing.spec.resources.requests.clear();
    assert_eq!(world.volumes().provision(nothing).await.unwrap_err().kind(), ErrorKind::Invalid);
}

#[tokio::test]
async fn srv_targets_are_names_that_resolve() {
    let (world, key) = (FakeWorld::new(), petset_testkit::fixtures::key("web"));
    let port = ServicePortName { name: "http".into(), protocol: "tcp".into(), port: 80 };
    let service = |name: &str| ServiceName { name: name.into(), publish_not_ready: true, ports: vec![port.clone()] };
    let pet = PetName { ordinal: Ordinal(0), hostname: "web-0".into(), address: [10, 0, 0, 1].into(), ready: false };
    for governing in [Some(service("pets")), None] {
        let records = RecordSet { governing, services: vec![service("all")], pets: vec![pet.clone()] };
        world.names().publish(&key, &records).await.unwrap();
        let found = world.names().resolve("_http._tcp.all.default.svc.cluster.local").await.unwrap();
        let ResolvedName::Services(targets) = found else { panic!("{found:?}") };
        assert_eq!(targets.len(), 1, "a service that publishes unready pets has them");
        let address = world.names().resolve(&targets[0].0).await.unwrap();
        assert_eq!(address, ResolvedName::Addresses(vec![pet.address]));
    }
}
