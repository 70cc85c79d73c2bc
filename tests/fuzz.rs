//! The committed corpus of `fuzz/` through the functions that are fuzzed, and mutations of it, on stable (S20).
//!
//! `PETSET_SEED=<n>` repeats the mutations, `PETSET_FULL=1` tries two hundred times as many. A panic shows the input.
//! `PETSET_BLESS=1` writes the records of the corpus anew, as this release writes them.

#[path = "../fuzz/src/lib.rs"]
#[expect(unreachable_pub, reason = "the library of the fuzz targets")]
mod fuzz;

use std::fs;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use petset::local::node::{DnsPort, Node};
use petset::store::SetStore;
use petset::{Controller, Manifest, until};
use petset_testkit::seed::{self, Dice};

const MUTATIONS: u64 = 2000;
/// What mutations put in: the words and signs that formats give a meaning to.
const WORDS: [&[u8]; 16] = [
    b"{",
    b"}",
    b"[",
    b"]",
    b"\"",
    b":",
    b",",
    b"-1",
    b"99999999999999999999",
    b"null",
    b"\n  ",
    b"\xc0\x0c",
    b"\xff",
    b"&a *a",
    b"1e999",
    b"\0",
];

fn corpus(target: &str) -> Vec<Vec<u8>> {
    let dir = place(target);
    let mut paths: Vec<PathBuf> =
        fs::read_dir(dir).expect("a corpus").map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    paths.iter().map(|path| fs::read(path).expect("a file")).collect()
}

fn place(target: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target)
}

fn try_all(target: &str, run: fn(&[u8])) {
    let corpus = corpus(target);
    assert!(corpus.len() >= 4, "{target}: a corpus of {} files", corpus.len());
    let seed = seed::from_env();
    let survives = |input: &[u8], which: &str| {
        let told = input.escape_ascii();
        assert!(catch_unwind(|| run(input)).is_ok(), "{target} panics at {which}: b\"{told}\"");
    };
    for input in &corpus {
        survives(input, "its corpus");
    }
    let full = std::env::var_os("PETSET_FULL").is_some_and(|full| full == "1");
    for nth in 0..if full { 200 * MUTATIONS } else { MUTATIONS } {
        let mut dice = Dice::of(seed, target, nth);
        survives(&mutated(&corpus, &mut dice), &format!("mutation {nth} of PETSET_SEED={seed}"));
    }
}

fn mutated(corpus: &[Vec<u8>], dice: &mut Dice) -> Vec<u8> {
    let mut input = dice.pick(corpus).clone();
    for _ in 0..=dice.below(6) {
        let (from, to) = (place_in(&input, dice), place_in(&input, dice));
        let (from, to) = (from.min(to), from.max(to).min(from.min(to) + 40));
        match dice.below(6) {
            0 => input.truncate(from),
            1 => drop(input.drain(from..to)),
            2 => drop(input.splice(from..to, dice.pick(&WORDS).iter().copied())),
            3 => {
                let other = dice.pick(corpus);
                let start = place_in(other, dice);
                drop(input.splice(from..to, other[start..].iter().take(60).copied()));
            }
            4 => {
                let again = input[from..to].to_vec();
                drop(input.splice(to..to, again));
            }
            _ => {
                if let Some(byte) = input.get_mut(from) {
                    *byte ^= 1 << dice.below(8);
                }
            }
        }
    }
    input
}

fn place_in(input: &[u8], dice: &mut Dice) -> usize {
    let places = u64::try_from(input.len()).expect("a length fits") + 1;
    usize::try_from(dice.below(places)).expect("it is below a length")
}

#[test]
fn s20_no_manifest_panics() {
    try_all("manifest", fuzz::manifest);
}

#[test]
fn s20_no_stored_record_panics() {
    try_all("stored", fuzz::stored);
}

#[test]
fn s20_no_record_of_a_pod_panics() {
    try_all("pod_record", fuzz::pod_record);
}

#[test]
fn s20_no_record_of_a_claim_panics() {
    try_all("claim_record", fuzz::claim_record);
}

#[test]
fn s20_no_packet_panics() {
    try_all("dns", fuzz::dns);
}

const SET: &str = "
apiVersion: petset.rs/v1
kind: PetSet
metadata: {name: web}
spec:
  serviceName: web
  replicas: 1
  template:
    metadata: {labels: {app: web}, annotations: {example.org/note: kept}}
    spec:
      initContainers: [{name: first, command: ['true']}]
      containers:
      - {name: main, command: [sleep, '600'], env: [{name: A, value: b}], ports: [{name: http, containerPort: 80}]}
  volumeClaimTemplates:
  - metadata: {name: www}
    spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Mi}}}
";

/// Runs a set on a node, and keeps what then is on record, while it runs and while it ends.
#[tokio::test]
async fn the_corpus_is_what_this_release_writes() {
    let dir = tempfile::tempdir().expect("a directory");
    let node = Node::builder(dir.path()).dns_port(DnsPort::Any).open().await.expect("a node opens");
    let store = node.store();
    let sets = Controller::new(node).spawn();
    sets.apply(Manifest::parse(SET).expect("it is valid")).await.expect("it is accepted");
    sets.wait("web", until::ready_replicas(1), Duration::from_secs(60)).await.expect("it becomes ready");
    let key = "web".parse().expect("a key");
    let read = |path: &str| fs::read(dir.path().join(path)).expect("a record");
    let stored = store.get(&key).await.expect("readable").expect("there");
    let revision = store.revisions(&key, &stored.uid).await.expect("readable").remove(0);
    let json = |value: serde_json::Result<Vec<u8>>| [b"v1 ".to_vec(), value.expect("JSON")].concat();
    let records = [
        ("stored", "set", json(serde_json::to_vec(&stored))),
        ("stored", "revision", json(serde_json::to_vec(&revision))),
        ("pod_record", "running", read("pods/pets/default/web-0/pod.json")),
        ("claim_record", "bound", read("volumes/claims/default/web/www-web-0.json")),
    ];
    sets.delete("web", petset::Cascade::Ordered).await.expect("it is there");
    sets.wait("web", until::gone(), Duration::from_secs(60)).await.expect("it ends");
    sets.shutdown().await;
    for (target, name, record) in records {
        let path = place(target).join(name);
        if std::env::var_os("PETSET_BLESS").is_some() {
            fs::write(&path, &record).expect("the corpus can be written");
        }
        let keys = |json: &[u8]| {
            let json = json.strip_prefix(b"v1 ").unwrap_or(json);
            let value: serde_json::Value = serde_json::from_slice(json).expect("JSON");
            value.as_object().expect("an object").keys().cloned().collect::<Vec<_>>()
        };
        let kept = fs::read(&path).expect("it is in the corpus");
        assert_eq!(keys(&kept), keys(&record), "{target} {name}: PETSET_BLESS=1 writes it anew");
    }
}
