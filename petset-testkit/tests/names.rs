//! The fake's names against the bullets of `NameResolver`.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::net::IpAddr;

use petset_core::Ordinal;
use petset_core::backend::{NameResolver, PetName, Published, RecordSet, ResolvedName, ServiceName, ServicePortName};
use petset_testkit::FakeWorld;
use petset_testkit::fixtures::key;

fn address(last: u8) -> IpAddr {
    IpAddr::from([10, 0, 0, last])
}

fn pet(set: &str, ordinal: u32, last: u8, ready: bool) -> PetName {
    PetName { ordinal: Ordinal(ordinal), hostname: format!("{set}-{ordinal}"), address: address(last), ready }
}

fn service(name: &str, publish_not_ready: bool) -> ServiceName {
    let port = ServicePortName { name: "http".to_owned(), protocol: "tcp".to_owned(), port: 8080 };
    ServiceName { name: name.to_owned(), publish_not_ready, ports: vec![port] }
}

/// Two ready pets of three, the unready one in the middle, in no order.
fn records(set: &str, publish_not_ready: bool) -> RecordSet {
    RecordSet {
        governing: Some(service("nginx", publish_not_ready)),
        services: vec![service("front", false)],
        pets: vec![pet(set, 2, 3, true), pet(set, 0, 1, true), pet(set, 1, 2, false)],
    }
}

async fn published(set: &str, records: &RecordSet) -> FakeWorld {
    let world = FakeWorld::new();
    assert_eq!(world.names().publish(&key(set), records).await.unwrap(), Published::Changed);
    world
}

async fn addresses(world: &FakeWorld, name: &str) -> Option<Vec<IpAddr>> {
    match world.names().resolve(name).await {
        Ok(ResolvedName::Addresses(addresses)) => Some(addresses),
        Ok(other) => panic!("{other:?}"),
        Err(error) => {
            assert!(error.is_not_found(), "{error}");
            None
        }
    }
}

#[tokio::test]
async fn publish_replaces_the_whole_set() {
    let world = published("web", &records("web", false)).await;
    let fewer = RecordSet { pets: vec![pet("web", 0, 9, true)], ..records("web", false) };
    world.names().publish(&key("web"), &fewer).await.unwrap();
    assert_eq!(addresses(&world, "web-2.nginx.default.svc.cluster.local").await, None);
    assert_eq!(addresses(&world, "web-0.nginx.default.svc.cluster.local").await, Some(vec![address(9)]));
}

#[tokio::test]
async fn publish_twice_is_unchanged() {
    let world = published("web", &records("web", false)).await;
    let answer = world.names().publish(&key("web"), &records("web", false)).await.unwrap();
    assert_eq!(answer, Published::Unchanged);
    assert_eq!(world.journal().len(), 1);
}

#[tokio::test]
async fn publish_leaves_other_sets_alone() {
    let world = published("web", &records("web", false)).await;
    world.names().publish(&key("api"), &records("api", false)).await.unwrap();
    world.names().publish(&key("api"), &RecordSet::default()).await.unwrap();
    assert_eq!(addresses(&world, "web-0.nginx.default.svc.cluster.local").await, Some(vec![address(1)]));
    assert_eq!(addresses(&world, "nginx.default.svc.cluster.local").await, Some(vec![address(1), address(3)]));
}

#[tokio::test]
async fn withdraw_of_the_unknown_is_fine() {
    let world = FakeWorld::new();
    world.names().withdraw(&key("web")).await.unwrap();
    assert_eq!(world.journal(), []);
}

#[tokio::test]
async fn withdraw_removes_every_name() {
    let world = published("web", &records("web", false)).await;
    world.names().withdraw(&key("web")).await.unwrap();
    for name in ["web-0.nginx", "nginx", "front", "_http._tcp.nginx"] {
        let error = world.names().resolve(&format!("{name}.default.svc.cluster.local")).await.unwrap_err();
        assert!(error.is_not_found(), "{error}");
    }
}

#[tokio::test]
async fn resolve_pet_gives_its_address() {
    let world = published("web", &records("web", false)).await;
    assert_eq!(addresses(&world, "web-2.nginx.default.svc.cluster.local").await, Some(vec![address(3)]));
    assert_eq!(addresses(&world, "WEB-2.nginx.default.svc.cluster.local.").await, Some(vec![address(3)]));
    assert_eq!(addresses(&world, "web-1.nginx.default.svc.cluster.local").await, None, "not ready");
    world.names().publish(&key("web"), &records("web", true)).await.unwrap();
    assert_eq!(addresses(&world, "web-1.nginx.default.svc.cluster.local").await, Some(vec![address(2)]));
}

#[tokio::test]
async fn resolve_service_gives_ready_pets() {
    let world = published("web", &records("web", false)).await;
    for service in ["nginx", "front"] {
        let found = addresses(&world, &format!("{service}.default.svc.cluster.local")).await;
        assert_eq!(found, Some(vec![address(1), address(3)]), "{service}");
    }
}

#[tokio::test]
async fn resolve_srv_gives_one_target_per_pet_and_named_port() {
    let world = published("web", &records("web", false)).await;
    let found = world.names().resolve("_http._tcp.nginx.default.svc.cluster.local").await.unwrap();
    let target = |pet: &str| (format!("{pet}.nginx.default.svc.cluster.local"), 8080);
    assert_eq!(found, ResolvedName::Services(vec![target("web-0"), target("web-2")]));
    assert!(world.names().resolve("_grpc._tcp.nginx.default.svc.cluster.local").await.unwrap_err().is_not_found());
    assert!(world.names().resolve("_http._udp.nginx.default.svc.cluster.local").await.unwrap_err().is_not_found());
}

#[tokio::test]
async fn resolve_unknown_is_not_found() {
    let world = published("web", &records("web", false)).await;
    for name in [
        "",
        ".",
        "web-9.nginx.default.svc.cluster.local",
        "web-0.nginx.other.svc.cluster.local",
        "web-0.front.default.svc.cluster.local",
        "web-0.other.default.svc.cluster.local",
        "web-0.nginx.default.svc.example.org",
        "a.b.c.nginx.default.svc.cluster.local",
        "svc.cluster.local",
        "cluster.local",
        "example.org",
    ] {
        assert!(world.names().resolve(name).await.unwrap_err().is_not_found(), "{name}");
    }
}
