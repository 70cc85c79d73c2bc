//! One machine, opened by its directory.
#![cfg(feature = "node")]

#[expect(dead_code, reason = "not all of it is used here")]
mod common;

use std::fs;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use common::{Place, new, pooled, request, set};
use futures::StreamExt;
use petset_core::backend::{
    Claim, ClaimPhase, Created, DeleteOptions, DnsSettings, NameResolver, PodBackend, PodRequest, VolumeProvisioner,
};
use petset_core::store::SetStore;
use petset_core::{ErrorKind, Ordinal, PodUid, RevisionName, SetUid};
use petset_local::node::{DnsPort, Node};
use petset_local::volumes::LocalVolumes;

#[tokio::test]
async fn a_second_one_in_the_same_directory_is_told_so() {
    let place = Place::new();
    let node = Node::open(place.root()).await.unwrap();
    let error = Node::open(place.root()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Locked);
    let text = error.to_string();
    assert!(text.contains("node.lock") && text.contains("one at a time may"), "{text}");
    // A part keeps the node open; the last one gone frees it.
    let volumes = node.volumes();
    drop(node);
    assert_eq!(Node::open(place.root()).await.unwrap_err().kind(), ErrorKind::Locked);
    drop(volumes);
    Node::open(place.root()).await.unwrap();
}

#[tokio::test]
async fn everything_is_there_again() {
    let place = Place::new();
    let node = Node::open(place.root()).await.unwrap();
    let claim = new(node.volumes().provision(request("web", 0)).await.unwrap());
    let address = node.addresses().address(&set("web"), Ordinal(0)).unwrap();
    let ip = node.dns_addr().ip();
    assert_ne!(std::net::IpAddr::V4(address), ip);
    drop(node);
    assert_eq!(LocalVolumes::inspect(place.volumes()).await.unwrap(), std::slice::from_ref(&claim));
    let node = Node::open(place.root()).await.unwrap();
    assert_eq!(node.volumes().list(&set("web")).await.unwrap(), [claim]);
    assert_eq!(node.addresses().address(&set("web"), Ordinal(0)).unwrap(), address);
    assert_eq!(node.dns_addr().ip(), ip);
    assert!(node.store().list().await.unwrap().is_empty());
}

#[tokio::test]
async fn two_of_one_machine_have_addresses_of_their_own() {
    let (one, two) = (Place::new(), Place::new());
    let first = Node::open(one.root()).await.unwrap();
    let second = Node::open(two.root()).await.unwrap();
    assert_ne!(first.dns_addr().ip(), second.dns_addr().ip());
    let given = |node: &Node| node.addresses().address(&set("web"), Ordinal(0)).unwrap();
    assert_ne!(given(&first), given(&second));
}

#[tokio::test]
async fn options_reach_their_parts() {
    let place = Place::new();
    let disk = pooled(&place, "a", 2 << 20);
    let node = Node::builder(place.root().join("node"))
        .domain("Pets.Internal")
        .dns_port(DnsPort::Any)
        .dns_also_on((Ipv4Addr::LOCALHOST, 0).into())
        .static_volume(disk)
        .open()
        .await
        .unwrap();
    assert_eq!(node.names().domain(), "pets.internal");
    assert!(node.names().servers().is_empty());
    assert_eq!(node.names().server().unwrap().local_addrs().len(), 2);
    let mut wanted = request("web", 0);
    wanted.spec.storage_class_name = Some(String::new());
    assert_eq!(new(node.volumes().provision(wanted).await.unwrap()).volume.as_deref(), Some("a"));
    for bad in ["", "a..b", ".a", "a b"] {
        let error = Node::builder(place.root().join("other")).domain(bad).open().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid, "{bad}");
    }
    assert!(!place.root().join("other").exists());
}

/// Opens the node again: work of the one before that was under way may keep it for a moment.
async fn again(place: &Place) -> Node {
    let end = Instant::now() + Duration::from_secs(10);
    loop {
        match Node::open(place.root()).await {
            Err(error) if error.kind() == ErrorKind::Locked && Instant::now() < end => {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            opened => return opened.expect("the node opens"),
        }
    }
}

fn pod_with(claim: &Claim) -> PodRequest {
    let template = serde_json::from_value(serde_json::json!({
        "spec": { "containers": [{ "name": "main", "command": ["sleep", "1000"] }] }
    }));
    PodRequest {
        set: set("web"),
        ordinal: Ordinal(0),
        owner: SetUid::from("owner"),
        revision: RevisionName::from("web-1"),
        template: Arc::new(template.expect("a template")),
        labels: [].into(),
        claims: [("www".to_owned(), claim.name.clone())].into(),
        claim_uids: [].into(),
        config: Arc::default(),
        dns: DnsSettings::default(),
    }
}

#[tokio::test]
async fn a_claim_that_a_found_pod_uses_outlives_the_start() {
    let place = Place::new();
    let node = Node::open(place.root()).await.unwrap();
    let claim = new(node.volumes().provision(request("web", 0)).await.unwrap());
    let pod = pod_with(&claim);
    let Created::New(pod) = node.pods().create(pod).await.unwrap() else { panic!("it was there") };
    node.volumes().delete(&claim.reference()).await.unwrap();
    node.pods().shutdown().await;
    drop(node);

    let node = again(&place).await;
    let seen = node.volumes().list(&set("web")).await.unwrap();
    assert_eq!(seen.iter().map(|claim| claim.phase).collect::<Vec<_>>(), [ClaimPhase::Terminating]);
    let mut hints = node.volumes().watch();
    let options = DeleteOptions { grace_seconds: Some(1), version: None };
    node.pods().delete(&pod.reference(), options).await.unwrap();
    hints.next().await.unwrap();
    assert!(node.volumes().list(&set("web")).await.unwrap().is_empty());
}

#[tokio::test]
async fn s6_s15_a_claim_of_a_pod_whose_record_cannot_be_read_outlives_the_start() {
    let place = Place::new();
    let node = Node::open(place.root()).await.unwrap();
    let claim = new(node.volumes().provision(request("web", 0)).await.unwrap());
    let Created::New(pod) = node.pods().create(pod_with(&claim)).await.unwrap() else { panic!("it was there") };
    // No container starts on a claim that is being deleted; and nothing that a later note could write over the damage is
    // under way then.
    while node.pods().list(&set("web")).await.unwrap()[0].status.ready_since.is_none() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    // Of another set, deleted as well, and held by nobody who is still there after the start.
    let other = new(node.volumes().provision(request("other", 0)).await.unwrap());
    node.volumes().hold(&other.set, &other.name, &PodUid::new("ended"));
    for claim in [&claim, &other] {
        node.volumes().delete(&claim.reference()).await.unwrap();
    }
    node.pods().shutdown().await;
    drop(node);
    let record = place.root().join("pods/pets/default/web-0/pod.json");
    let good = fs::read(&record).unwrap();
    fs::write(&record, &good[..good.len() / 2]).unwrap();

    let node = again(&place).await;
    assert_eq!(node.pods().list(&set("web")).await.unwrap_err().kind(), ErrorKind::Corrupt);
    let seen = node.volumes().list(&set("web")).await.unwrap();
    assert_eq!(seen.iter().map(|claim| claim.phase).collect::<Vec<_>>(), [ClaimPhase::Terminating]);
    assert!(place.volume("web", 0).join("data").is_dir(), "a pod that may run has lost its data");
    assert!(node.volumes().list(&set("other")).await.unwrap().is_empty(), "other sets are not affected");
    node.pods().shutdown().await;
    drop(node);

    fs::write(&record, good).unwrap();
    let node = again(&place).await;
    let mut hints = node.volumes().watch();
    let options = DeleteOptions { grace_seconds: Some(1), version: None };
    node.pods().delete(&pod.reference(), options).await.unwrap();
    hints.next().await.unwrap();
    assert!(node.volumes().list(&set("web")).await.unwrap().is_empty());
}
