//! What the conformance suite cannot see of volumes on a real engine: crashes in between, foreign hands, the pool.

#[path = "common/place.rs"]
mod place;

use bollard::models::{ContainerCreateBody, HostConfig, VolumeCreateRequest};
use bollard::query_parameters::{CreateContainerOptions, RemoveContainerOptions, RemoveVolumeOptions};
use futures::StreamExt;
use petset_core::backend::{
    Claim, ClaimChange, ClaimPhase, ClaimRequest, Created, Deleted, VolumeProvisioner, WatchEvent,
};
use petset_core::spec::LabelSelector;
use petset_core::{ErrorKind, SetKey, SetUid};
use petset_docker::volumes::{DockerVolumes, StaticVolume, StorageClass};
use place::Place;

const IMAGE: &str = "petset.test/busybox:1";

/// The claim that was made now.
fn new(created: Created<Claim>) -> Claim {
    match created {
        Created::New(claim) => claim,
        Created::AlreadyThere(claim) => panic!("it was there already: {claim:?}"),
    }
}

/// The claim that was there already.
fn known(created: Created<Claim>) -> Claim {
    match created {
        Created::AlreadyThere(claim) => claim,
        Created::New(claim) => panic!("a second one was made: {claim:?}"),
    }
}

/// The one claim of a set.
async fn only(volumes: &DockerVolumes, set: &SetKey) -> Claim {
    let mut claims = volumes.list(set).await.expect("lists");
    assert_eq!(claims.len(), 1, "{claims:?}");
    claims.remove(0)
}

/// A container that names a volume and never starts; the engine keeps the volume for it, or makes it.
async fn user(place: &Place, volume: &str) -> String {
    let body = ContainerCreateBody {
        image: Some(IMAGE.to_owned()),
        labels: Some([("petset.rs/namespace".to_owned(), place.namespace.clone())].into()),
        host_config: Some(HostConfig { binds: Some(vec![format!("{volume}:/data")]), ..HostConfig::default() }),
        ..ContainerCreateBody::default()
    };
    place
        .engine
        .create_container(None::<CreateContainerOptions>, body)
        .await
        .expect("scripts/services docker images")
        .id
}

async fn remove_user(place: &Place, container: &str) {
    place.engine.remove_container(container, None::<RemoveContainerOptions>).await.expect("removes");
}

async fn vanish(place: &Place, claim: &Claim) -> String {
    let volume = claim.volume.clone().expect("a volume");
    place.engine.remove_volume(&volume, None::<RemoveVolumeOptions>).await.expect("removes");
    volume
}

/// A volume made by hand, with the mark of the test.
async fn by_hand(place: &Place, name: &str) -> String {
    let name = format!("{name}-{}", place.namespace);
    let request = VolumeCreateRequest {
        name: Some(name.clone()),
        labels: Some([("petset.rs/namespace".to_owned(), place.namespace.clone())].into()),
        ..VolumeCreateRequest::default()
    };
    place.engine.create_volume(request).await.expect("makes");
    name
}

async fn until_gone(volumes: &DockerVolumes, claim: &Claim) {
    let mut hints = volumes.watch();
    while volumes.list(&claim.set).await.expect("lists").iter().any(|found| found.uid == claim.uid) {
        hints.next().await;
    }
}

#[tokio::test]
async fn s7_a_vanished_volume_is_lost_also_when_the_engine_made_another() {
    let place = Place::new();
    let volumes = place.builder().open().await.unwrap().volumes();
    let set = place.set("db");
    let claim = new(volumes.provision(place.request("db", 0)).await.unwrap());
    assert_eq!(volumes.mount(&set, &claim.name, None).await.unwrap(), claim.volume.clone().unwrap());
    let volume = vanish(&place, &claim).await;
    assert_eq!(only(&volumes, &set).await.phase, ClaimPhase::Lost);
    assert_eq!(place.volumes().await, [""; 0], "listing makes nothing");
    let container = user(&place, &volume).await;
    let lost = only(&volumes, &set).await;
    assert_eq!((lost.phase, &lost.uid), (ClaimPhase::Lost, &claim.uid));
    assert!(lost.message.is_some_and(|message| message.contains("another one")));
    assert_eq!(volumes.mount(&set, &claim.name, None).await.unwrap_err().kind(), ErrorKind::Conflict);
    assert_eq!(known(volumes.provision(place.request("db", 0)).await.unwrap()).phase, ClaimPhase::Lost);
    // Given up by hand, it starts anew; the volume that is not the claim's is not touched.
    remove_user(&place, &container).await;
    volumes.delete(&claim.reference()).await.unwrap();
    until_gone(&volumes, &claim).await;
    let taken = volumes.provision(place.request("db", 0)).await.unwrap_err();
    assert_eq!(taken.kind(), ErrorKind::AlreadyExists);
    place.engine.remove_volume(&volume, None::<RemoveVolumeOptions>).await.unwrap();
    assert_ne!(new(volumes.provision(place.request("db", 0)).await.unwrap()).uid, claim.uid);
}

#[tokio::test]
async fn s19_claims_outlive_the_node_and_its_directory() {
    let place = Place::new();
    let set = place.set("db");
    let node = place.builder().open().await.unwrap();
    let mut request = place.request("db", 1);
    request.owner = Some(SetUid::from("first"));
    let mut claim = new(node.volumes().provision(request).await.unwrap());
    let change = ClaimChange { owner: Some(Some(SetUid::from("second"))), storage: Some("2Mi".into()) };
    node.volumes().change(&claim.reference(), change).await.unwrap();
    drop(node);
    let again = place.builder().open().await.unwrap();
    let changed = Claim { owner: Some(SetUid::from("second")), capacity_bytes: Some(2 << 20), ..claim.clone() };
    assert_eq!(only(&again.volumes(), &set).await, changed);
    drop(again);
    // What was changed later is lost with the directory; what matters is not.
    claim.owner = Some(SetUid::from("first"));
    let elsewhere = petset_docker::node::Node::builder(place.path("elsewhere"));
    let elsewhere = elsewhere.take_over(node_of(&place, &claim).await).open().await.unwrap().volumes();
    assert_eq!(only(&elsewhere, &set).await, claim);
    vanish(&place, &claim).await;
    assert_eq!(only(&elsewhere, &set).await.phase, ClaimPhase::Lost, "it is on record again");
}

#[tokio::test]
async fn s5_a_volume_that_an_interrupted_try_left_is_taken_by_the_same_claim_only() {
    let place = Place::new();
    let node = place.builder().open().await.unwrap();
    let claim = new(node.volumes().provision(place.request("a", 0)).await.unwrap());
    drop(node);
    std::fs::remove_dir_all(place.path("node")).unwrap();
    let lost = node_of(&place, &claim).await;
    let volumes = place.builder().take_over(lost).open().await.unwrap().volumes();
    // `data-x` of set `a` and `data` of set `x-a` want the same name.
    let mut other = place.request("x-a", 0);
    other.name.clone_from(&claim.name);
    assert_eq!(volumes.provision(other).await.unwrap_err().kind(), ErrorKind::AlreadyExists);
    assert_eq!(known(volumes.provision(place.request("a", 0)).await.unwrap()), claim);
}

/// The node that made the volume of a claim.
async fn node_of(place: &Place, claim: &Claim) -> String {
    let volume = place.engine.inspect_volume(claim.volume.as_deref().expect("it is bound")).await.expect("it is there");
    volume.labels["petset.rs/node"].clone()
}

#[tokio::test]
async fn s12_a_volume_of_another_node_is_left_alone_until_it_is_taken_over() {
    let place = Place::new();
    let disk = by_hand(&place, "disk").await;
    let other = || {
        let builder = petset_docker::node::Node::builder(place.path("other"));
        builder.static_volume(StaticVolume::new(&disk, 1 << 20))
    };
    let node = place.builder().static_volume(StaticVolume::new(&disk, 1 << 20)).open().await.unwrap();
    let made = new(node.volumes().provision(place.request("db", 0)).await.unwrap());
    let given = new(node.volumes().provision(pooled(&place, "pool", 0)).await.unwrap());
    let id = node_of(&place, &made).await;

    let volumes = other().open().await.unwrap().volumes();
    assert_eq!(volumes.list(&made.set).await.unwrap(), []);
    for request in [place.request("db", 0), pooled(&place, "pool", 0)] {
        let error = volumes.provision(request).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AlreadyExists, "{error:?}");
        assert!(error.to_string().contains(&format!("NodeBuilder::take_over(\"{id}\")")), "{error}");
    }
    assert_eq!(only(&node.volumes(), &made.set).await, made, "nothing was done to it");
    drop((volumes, node));

    let volumes = other().take_over(&id).open().await.unwrap().volumes();
    assert_eq!(only(&volumes, &made.set).await.uid, made.uid);
    assert_eq!(known(volumes.provision(pooled(&place, "pool", 0)).await.unwrap()).uid, given.uid);
    drop(volumes);
    let volumes = other().open().await.unwrap().volumes();
    assert_eq!(only(&volumes, &made.set).await.phase, ClaimPhase::Bound, "it is said once");
}

#[tokio::test]
async fn s12_a_foreign_volume_is_never_taken() {
    let place = Place::new();
    let volumes = place.builder().open().await.unwrap().volumes();
    let name = format!("data-db-0.{}.petset", place.namespace);
    let request = VolumeCreateRequest { name: Some(name.clone()), ..VolumeCreateRequest::default() };
    place.engine.create_volume(request).await.unwrap();
    let error = volumes.provision(place.request("db", 0)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AlreadyExists);
    assert!(error.to_string().contains(&name), "{error}");
    assert_eq!(volumes.list(&place.set("db")).await.unwrap(), []);
    place.engine.remove_volume(&name, None::<RemoveVolumeOptions>).await.unwrap();
}

#[tokio::test]
async fn s6_a_volume_in_use_stays_and_goes_with_its_last_user() {
    let place = Place::new();
    let node = place.builder().open().await.unwrap();
    let claim = new(node.volumes().provision(place.request("db", 0)).await.unwrap());
    let container = user(&place, claim.volume.as_deref().unwrap()).await;
    assert_eq!(node.volumes().delete(&claim.reference()).await.unwrap(), Deleted::Started);
    assert_eq!(only(&node.volumes(), &claim.set).await.phase, ClaimPhase::Terminating);
    assert_eq!(node.volumes().mount(&claim.set, &claim.name, None).await.unwrap_err().kind(), ErrorKind::Conflict);
    drop(node);
    // The deletion is on record; the end of the last user is all that it waits for.
    let volumes = place.builder().open().await.unwrap().volumes();
    assert_eq!(place.volumes().await, [claim.volume.clone().unwrap()]);
    let mut hints = volumes.watch();
    remove_user(&place, &container).await;
    assert_eq!(hints.next().await, Some(WatchEvent::Changed(claim.set.clone())));
    until_gone(&volumes, &claim).await;
    assert_eq!(place.volumes().await, [""; 0]);
}

#[tokio::test]
async fn l3_what_others_do_to_a_volume_is_a_hint() {
    let place = Place::new();
    let volumes = place.builder().open().await.unwrap().volumes();
    let claim = new(volumes.provision(place.request("db", 0)).await.unwrap());
    let mut hints = volumes.watch();
    vanish(&place, &claim).await;
    assert_eq!(hints.next().await, Some(WatchEvent::Changed(claim.set.clone())));
    let seen_lost = async {
        while only(&volumes, &claim.set).await.phase != ClaimPhase::Lost {
            hints.next().await;
        }
    };
    seen_lost.await;
}

fn pooled(place: &Place, set: &str, ordinal: u32) -> ClaimRequest {
    let mut request = place.request(set, ordinal);
    request.spec.storage_class_name = Some(String::new());
    request
}

#[tokio::test]
async fn s5_the_pool_gives_each_volume_once_and_for_life() {
    let place = Place::new();
    let (small, large) = (by_hand(&place, "small").await, by_hand(&place, "large").await);
    let pool = || [StaticVolume::new(&large, 2 << 20), StaticVolume::new(&small, 1 << 20)];
    let with_pool = |dir: &str| {
        let builder = petset_docker::node::Node::builder(place.path(dir));
        pool().into_iter().fold(builder, petset_docker::node::NodeBuilder::static_volume)
    };
    let node = with_pool("node").open().await.unwrap();
    let other = with_pool("other").open().await.unwrap();
    let first = new(node.volumes().provision(pooled(&place, "db", 0)).await.unwrap());
    assert_eq!((first.phase, first.volume.as_deref()), (ClaimPhase::Bound, Some(&*small)));
    assert_eq!(node.volumes().mount(&first.set, &first.name, None).await.unwrap(), small);
    // Another node of the same engine and pool gets what is left.
    let second = new(other.volumes().provision(pooled(&place, "other", 0)).await.unwrap());
    assert_eq!(second.volume.as_deref(), Some(&*large));
    let third = new(node.volumes().provision(pooled(&place, "db", 1)).await.unwrap());
    assert_eq!((third.phase, third.volume), (ClaimPhase::Pending, None));
    drop(node);
    let volumes = with_pool("node").open().await.unwrap().volumes();
    assert_eq!(known(volumes.provision(pooled(&place, "db", 0)).await.unwrap()), first);
    // A claim that goes leaves the data, and the volume to nobody.
    volumes.delete(&first.reference()).await.unwrap();
    until_gone(&volumes, &first).await;
    assert_eq!(volumes.released(), std::slice::from_ref(&small));
    assert!(place.volumes().await.contains(&small));
    assert_eq!(known(volumes.provision(pooled(&place, "db", 1)).await.unwrap()).phase, ClaimPhase::Pending);
    let again = new(volumes.provision(pooled(&place, "db", 0)).await.unwrap());
    assert_eq!(again.phase, ClaimPhase::Pending, "also not to the same pet");
    volumes.delete(&again.reference()).await.unwrap();
    volumes.scrub(&small).await.unwrap();
    let claims = volumes.list(&place.set("db")).await.unwrap();
    assert_eq!(claims.iter().map(|claim| claim.volume.as_deref()).collect::<Vec<_>>(), [Some(&*small)]);
    assert_eq!(volumes.scrub(&small).await.unwrap_err().kind(), ErrorKind::NotFound);
}

#[tokio::test]
async fn s5_a_volume_that_waits_to_be_scrubbed_is_given_to_one_claim_after_that() {
    let place = Place::new();
    let disk = by_hand(&place, "disk").await;
    let builder = place.builder().static_volume(StaticVolume::new(&disk, 1 << 20));
    let volumes = builder.open().await.unwrap().volumes();
    let first = new(volumes.provision(pooled(&place, "first", 0)).await.unwrap());
    volumes.delete(&first.reference()).await.unwrap();
    assert_eq!(volumes.released(), std::slice::from_ref(&disk));
    // As a scrub that was interrupted leaves it: the lock is gone, and it is still on record as waiting.
    let lock = format!("{disk}.given.pool.petset");
    place.engine.remove_volume(&lock, None::<RemoveVolumeOptions>).await.unwrap();
    for set in ["one", "two"] {
        let claim = new(volumes.provision(pooled(&place, set, 0)).await.unwrap());
        assert_eq!(claim.phase, ClaimPhase::Pending, "{claim:?}");
    }
    let (one, two) = tokio::join!(volumes.scrub(&disk), volumes.scrub(&disk));
    assert!(one.is_ok() != two.is_ok(), "{one:?} {two:?}");
    let mut have = Vec::new();
    for set in ["one", "two"] {
        have.extend(only(&volumes, &place.set(set)).await.volume);
    }
    assert_eq!(have, [disk]);
}

#[tokio::test]
async fn the_pool_serves_what_fits_only() {
    let place = Place::new();
    let there = by_hand(&place, "there").await;
    let mut volume = StaticVolume::new(&there, 1 << 20);
    volume.labels = [("disk".to_owned(), "ssd".to_owned())].into();
    let missing = StaticVolume::new(format!("missing-{}", place.namespace), 1 << 20);
    let builder = place.builder().static_volume(volume).static_volume(missing.clone());
    let volumes = builder.open().await.unwrap().volumes();
    let selected = |value: &str| {
        Some(LabelSelector { match_labels: [("disk".to_owned(), value.to_owned())].into(), ..LabelSelector::default() })
    };
    let mut large = pooled(&place, "large", 0);
    large.spec.resources.requests.insert("storage".to_owned(), "2Mi".into());
    let mut many = pooled(&place, "many", 0);
    many.spec.access_modes = vec!["ReadWriteMany".to_owned()];
    let mut slow = pooled(&place, "slow", 0);
    slow.spec.selector = selected("hdd");
    let mut named = pooled(&place, "named", 0);
    named.spec.volume_name = Some(missing.name.clone());
    for request in [large, many, slow, named] {
        let claim = new(volumes.provision(request).await.unwrap());
        assert_eq!((claim.phase, &claim.volume), (ClaimPhase::Pending, &None), "{claim:?}");
        assert!(claim.message.as_ref().is_some_and(|message| message.contains("pre-made")), "{claim:?}");
    }
    let mut fast = pooled(&place, "fast", 0);
    fast.spec.selector = selected("ssd");
    assert_eq!(new(volumes.provision(fast).await.unwrap()).volume, Some(there));
}

#[tokio::test]
async fn a_class_makes_volumes_its_way_and_of_its_size() {
    let place = Place::new();
    let memory =
        StorageClass::new("local").option("type", "tmpfs").option("device", "tmpfs").option("o", "size=${bytes}");
    let node = place.builder().storage_class("memory", memory).default_storage_class("memory").open().await.unwrap();
    let volumes = node.volumes();
    let claim = new(volumes.provision(place.request("db", 0)).await.unwrap());
    assert_eq!(claim.storage_class.as_deref(), Some("memory"));
    let made = place.engine.inspect_volume(claim.volume.as_deref().unwrap()).await.unwrap();
    assert_eq!(made.options["o"], format!("size={}", 1 << 20));
    assert_eq!((made.labels["app"].as_str(), made.labels["petset.rs/claim"].as_str()), ("db", claim.name.as_str()));
    let larger = ClaimChange { owner: None, storage: Some("2Mi".into()) };
    let refused = volumes.change(&claim.reference(), larger.clone()).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Unsupported);
    let mut on_disk = place.request("disk", 0);
    on_disk.spec.storage_class_name = Some("local".to_owned());
    let claim = new(volumes.provision(on_disk).await.unwrap());
    volumes.change(&claim.reference(), larger).await.unwrap();
    let mut unknown = place.request("unknown", 0);
    unknown.spec.storage_class_name = Some("nosuch".to_owned());
    let pending = new(volumes.provision(unknown).await.unwrap());
    assert!(pending.message.is_some_and(|message| message.contains("local, memory")));
}

#[tokio::test]
async fn a_plugin_that_is_not_there_is_an_error_that_names_it() {
    let place = Place::new();
    let node = place.builder().storage_class("fast", StorageClass::new("nosuch")).open().await.unwrap();
    let mut request = place.request("db", 0);
    request.spec.storage_class_name = Some("fast".to_owned());
    let error = node.volumes().provision(request).await.unwrap_err();
    assert!(error.to_string().contains("driver nosuch"), "{error}");
    assert_eq!(node.volumes().list(&place.set("db")).await.unwrap(), []);
}
