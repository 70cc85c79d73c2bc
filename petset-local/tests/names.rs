//! The behaviour that `NameResolver` promises.
#![cfg(feature = "dns")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::net::IpAddr;

use petset_core::backend::{NameResolver, PetName, Published, RecordSet, ResolvedName, ServiceName, ServicePortName};
use petset_core::{ErrorKind, Ordinal, SetKey};
use petset_local::dns::{DnsOptions, DnsServer, Found, SharedZone};
use petset_local::names::LocalNames;

fn names() -> LocalNames {
    LocalNames::new(SharedZone::new("cluster.local"))
}

fn set(name: &str) -> SetKey {
    SetKey::new("default", name)
}

fn service(name: &str, publish_not_ready: bool) -> ServiceName {
    let ports = [("http", 80), ("peer", 7000)];
    let port = |(name, port): (&str, u16)| ServicePortName { name: name.into(), protocol: "tcp".into(), port };
    ServiceName { name: name.into(), publish_not_ready, ports: ports.into_iter().map(port).collect() }
}

fn address(net: u8, n: u32) -> IpAddr {
    [127, 80, net, u8::try_from(n + 1).unwrap()].into()
}

fn records(set: &str, net: u8, governing: ServiceName, pets: &[(u32, bool)]) -> RecordSet {
    let pets = pets.iter().map(|(n, ready)| PetName {
        ordinal: Ordinal(*n),
        hostname: format!("{set}-{n}"),
        address: address(net, *n),
        ready: *ready,
    });
    RecordSet { governing: Some(governing), services: vec![], pets: pets.collect() }
}

async fn addresses(names: &LocalNames, name: &str) -> Vec<IpAddr> {
    let found = names.resolve(name).await.unwrap();
    let ResolvedName::Addresses(addresses) = found else { panic!("{found:?}") };
    addresses
}

async fn is_unknown(names: &LocalNames, name: &str) -> bool {
    names.resolve(name).await.is_err_and(|error| error.is_not_found())
}

#[tokio::test]
async fn publish_replaces_the_whole_set() {
    let names = names();
    names.publish(&set("web"), &records("web", 0, service("web", false), &[(0, true), (1, true)])).await.unwrap();
    let changed = records("web", 0, service("www", false), &[(1, true)]);
    assert_eq!(names.publish(&set("web"), &changed).await.unwrap(), Published::Changed);
    assert!(is_unknown(&names, "web-0.www.default.svc.cluster.local").await);
    assert!(is_unknown(&names, "web-1.web.default.svc.cluster.local").await);
    assert!(is_unknown(&names, "web.default.svc.cluster.local").await);
    assert_eq!(names.zone().snapshot().lookup("1.0.80.127.in-addr.arpa"), Found::Outside);
    assert_eq!(addresses(&names, "web-1.www.default.svc.cluster.local").await, [address(0, 1)]);
}

#[tokio::test]
async fn publish_twice_is_unchanged() {
    let names = names();
    let mut records = records("web", 0, service("web", false), &[(0, true), (1, true)]);
    assert_eq!(names.publish(&set("web"), &records).await.unwrap(), Published::Changed);
    let serial = names.zone().snapshot().serial();
    records.pets.reverse();
    assert_eq!(names.publish(&set("web"), &records).await.unwrap(), Published::Unchanged);
    assert_eq!(names.zone().snapshot().serial(), serial);
}

#[tokio::test]
async fn publish_leaves_other_sets_alone() {
    let names = names();
    names.publish(&set("web"), &records("web", 0, service("shared", false), &[(0, true), (1, true)])).await.unwrap();
    names.publish(&set("db"), &records("db", 1, service("shared", true), &[(0, false), (1, true)])).await.unwrap();
    let shared = "shared.default.svc.cluster.local";
    assert_eq!(addresses(&names, shared).await, [address(1, 0), address(0, 0), address(1, 1), address(0, 1)]);
    names.publish(&set("db"), &records("db", 1, service("shared", true), &[])).await.unwrap();
    assert_eq!(addresses(&names, shared).await, [address(0, 0), address(0, 1)]);
    names.withdraw(&set("db")).await.unwrap();
    assert_eq!(addresses(&names, shared).await, [address(0, 0), address(0, 1)]);
}

#[tokio::test]
async fn withdraw_removes_every_name() {
    let names = names();
    names.publish(&set("web"), &records("web", 0, service("web", false), &[(0, true)])).await.unwrap();
    names.withdraw(&set("web")).await.unwrap();
    for name in ["web-0.web", "web", "_http._tcp.web"] {
        assert!(is_unknown(&names, &format!("{name}.default.svc.cluster.local")).await, "{name}");
    }
    assert_eq!(names.zone().snapshot().lookup("svc.cluster.local"), Found::Unknown);
    assert_eq!(names.zone().snapshot().lookup("1.0.80.127.in-addr.arpa"), Found::Outside);
}

#[tokio::test]
async fn resolve_srv_gives_one_target_per_pet_and_named_port() {
    let names = names();
    let pets = [(0, true), (1, true), (2, false)];
    let mut records = records("web", 0, service("web", false), &pets);
    records.services = vec![service("all", true)];
    names.publish(&set("web"), &records).await.unwrap();
    let found = names.resolve("_peer._tcp.web.default.svc.cluster.local").await.unwrap();
    let full = |n: u32, service: &str| format!("web-{n}.{service}.default.svc.cluster.local");
    assert_eq!(found, ResolvedName::Services((0..2).map(|n| (full(n, "web"), 7000)).collect()));
    // Every target can be asked for: an unready one has its name below the service that publishes it.
    let found = names.resolve("_http._tcp.all.default.svc.cluster.local").await.unwrap();
    let ResolvedName::Services(targets) = found else { panic!("{found:?}") };
    assert_eq!(targets, [(full(0, "web"), 80), (full(1, "web"), 80), (full(2, "all"), 80)]);
    for (target, _) in targets {
        assert_eq!(addresses(&names, &target).await.len(), 1, "{target}");
    }
}

#[tokio::test]
async fn a_name_that_is_no_label_is_refused() {
    let names = names();
    let long = "a".repeat(64);
    for bad in ["", "a.b", "-a", "a-", "a b", "*", long.as_str()] {
        let mut of_pet = records("web", 0, service("web", false), &[(0, true)]);
        of_pet.pets[0].hostname = bad.into();
        let of_service = records("web", 0, service(bad, false), &[]);
        for records in [of_pet, of_service] {
            let error = names.publish(&set("web"), &records).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Invalid, "{bad}");
        }
    }
}

#[tokio::test]
async fn only_a_server_on_port_53_is_named_to_pods() {
    let zone = SharedZone::new("cluster.local");
    let server = DnsServer::bind(&["127.0.0.1:0".parse().unwrap()], DnsOptions::default(), zone.clone()).await.unwrap();
    let port = server.local_addr().port();
    let names = LocalNames::with_server(zone, server);
    assert_eq!(names.domain(), "cluster.local");
    assert!(names.servers().is_empty());
    assert_eq!(names.server().unwrap().local_addr().port(), port);
    assert!(names.capabilities().srv && names.capabilities().ptr);
}
