//! What is fuzzed: each function takes any bytes, and nothing that it does with them may panic (S20).
//!
//! The fuzz targets call these, and so does `tests/fuzz.rs` of the repository, on stable, with the committed corpus.

use std::fs;
use std::path::Path;

use petset_core::backend::{PetName, RecordSet, ServiceName, ServicePortName};
use petset_core::manifest::Manifest;
use petset_core::spec::ConfigObject;
use petset_core::store::{Revision, StoredSet};
use petset_core::{Ordinal, SetKey};
use petset_local::dns::{SharedZone, answer_packet};
use petset_local::node::Node;

/// A manifest, as somebody wrote it; also every word of what is wrong with it.
pub fn manifest(input: &[u8]) {
    let Ok(text) = str::from_utf8(input) else { return };
    match Manifest::parse(text) {
        Ok(manifest) => drop(format!("{manifest:?}")),
        Err(error) => drop(format!("{error} {error:?}")),
    }
}

/// A record of the durable store, behind its format.
pub fn stored(input: &[u8]) {
    let json = input.strip_prefix(b"v1 ").unwrap_or(input);
    if let Ok(stored) = serde_json::from_slice::<StoredSet>(json) {
        let again = serde_json::to_vec(&stored).expect("what was read can be written");
        let read = serde_json::from_slice::<StoredSet>(&again).expect("what was written can be read");
        assert_eq!(read, stored, "a set survives the store");
    }
    drop(serde_json::from_slice::<Revision>(json));
    drop(serde_json::from_slice::<ConfigObject>(json));
}

/// The record of a pod of a node.
pub fn pod_record(input: &[u8]) {
    with_file("pods/pets/default/web-0/pod.json", input, |node| {
        if let Ok(pods) = Node::inspect_pods(node) {
            drop(format!("{pods:?}"));
        }
    });
}

/// The record of a claim of a node.
pub fn claim_record(input: &[u8]) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a thread can have a runtime");
    with_file("volumes/claims/default/web/www-web-0.json", input, |node| {
        if let Ok(claims) = runtime.block_on(Node::inspect_claims(node)) {
            drop(format!("{claims:?}"));
        }
    });
}

/// A packet that the DNS server got; an answer is never larger than what UDP may carry.
pub fn dns(input: &[u8]) {
    let zone = SharedZone::new("cluster.local");
    let port = ServicePortName { name: "http".to_owned(), protocol: "tcp".to_owned(), port: 80 };
    let web = ServiceName { name: "web".to_owned(), publish_not_ready: false, ports: vec![port] };
    let pet = |ordinal: u32| PetName {
        ordinal: Ordinal(ordinal),
        hostname: format!("web-{ordinal}"),
        address: std::net::Ipv4Addr::from_bits(0x7f50_0000 + ordinal).into(),
        ready: ordinal != 1,
    };
    let records = RecordSet { governing: Some(web), services: Vec::new(), pets: (0..40).map(pet).collect() };
    zone.put(&SetKey::new("default", "web"), &records);
    if let Some(answer) = answer_packet(&zone, input) {
        assert!(answer.len() <= 1232, "{} bytes over UDP", answer.len());
        assert_eq!(answer.get(..2), input.get(..2), "an answer has the number of its question");
    }
}

fn with_file(path: &str, content: &[u8], look: impl FnOnce(&Path)) {
    let in_memory = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir());
    let dir = in_memory.expect("a directory can be made");
    let path = dir.path().join(path);
    fs::create_dir_all(path.parent().expect("it has a directory")).expect("a directory can be made");
    fs::write(&path, content).expect("a file can be written");
    look(dir.path());
}
