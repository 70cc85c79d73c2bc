//! What is broken of one pod is no trouble of the others.

use std::time::Duration;

use petset_core::ErrorKind;
use petset_core::backend::PodBackend;
use redb::{Database, ReadableTable, TableDefinition};
use serde_json::Value;

use crate::hand::{Deal, Hand};
use crate::place::Place;
use crate::support::{create, ids, open, options, running, until_ready};

const PODS: TableDefinition<'static, &str, &[u8]> = TableDefinition::new("pods");

/// What becomes of a record.
type Break = fn(&[u8]) -> Vec<u8>;

#[tokio::test(flavor = "multi_thread")]
async fn a_leftover_that_cannot_be_removed_keeps_no_node_shut() {
    let place = Place::new();
    let node = open(&place).await;
    create(&node.pods(), running(&place)).await;
    until_ready(&node.pods(), &place).await;
    let sandbox = ids(&place, "sandbox").await.remove(0);
    let seen = place.engine.inspect_container(&sandbox, None::<bollard::query_parameters::InspectContainerOptions>);
    let mut labels = seen.await.expect("there").config.and_then(|config| config.labels).expect("labels");
    node.pods().shutdown().await;
    drop(node);
    for (key, value) in [("petset.rs/record", "given-up"), ("petset.rs/set", "other")] {
        labels.insert(key.to_owned(), value.to_owned());
    }
    let body = bollard::models::ContainerCreateBody {
        image: Some(crate::support::IMAGE.to_owned()),
        labels: Some(labels),
        ..Default::default()
    };
    let options_of = None::<bollard::query_parameters::CreateContainerOptions>;
    let leftover = place.engine.create_container(options_of, body).await.expect("made").id;
    let hand = Hand::start(&place.path("docker.sock")).expect("a socket");
    hand.deal(move |line| {
        let is_removal = line.starts_with("DELETE") && line.contains(&leftover);
        if is_removal { Deal::refuse("device or resource busy") } else { Deal::Pass }
    });
    let node = place.builder().host(hand.host()).pod_options(options()).open().await.expect("it opens");
    until_ready(&node.pods(), &place).await;
    assert!(!hand.kept().is_empty(), "it was tried");
}

#[tokio::test(flavor = "multi_thread")]
async fn s15_a_record_that_cannot_be_read_is_the_trouble_of_its_set_alone() {
    let place = Place::new();
    let node = open(&place).await;
    create(&node.pods(), running(&place)).await;
    let mut other = running(&place);
    other.set = place.set("api");
    create(&node.pods(), other).await;
    until_ready(&node.pods(), &place).await;
    let before = ids(&place, "container").await;
    node.pods().shutdown().await;
    drop(node);
    // A field that no version writes, then half of a record.
    let broken: [Break; 2] = [
        |bytes| {
            let mut record: Value = serde_json::from_slice(bytes).expect("a record");
            record["createdAt"] = "never".into();
            record.to_string().into()
        },
        |bytes| bytes[..bytes.len() / 2].to_owned(),
    ];
    for broken in broken {
        let key = rewrite(&place, broken).await;
        let node = open(&place).await;
        for error in [
            node.pods().list(&place.set("web")).await.expect_err("not known"),
            node.pods().create(running(&place)).await.expect_err("not known"),
        ] {
            assert_eq!(error.kind(), ErrorKind::Corrupt, "{error:?}");
            assert!(error.chain().to_string().contains(&key), "{}", error.chain());
        }
        let others = node.pods().list(&place.set("api")).await.expect("it can be read");
        assert_eq!(others.len(), 1, "{others:?}");
        node.pods().shutdown().await;
        drop(node);
        assert_eq!(ids(&place, "container").await, before, "nothing was touched");
    }
}

/// The node's records, as soon as its last task has let go of them.
async fn records(place: &Place) -> Database {
    for _ in 0..1000 {
        match Database::open(place.path("node/records.redb")) {
            Err(redb::DatabaseError::DatabaseAlreadyOpen) => tokio::time::sleep(Duration::from_millis(10)).await,
            database => return database.expect("records"),
        }
    }
    panic!("the node does not let go of its records")
}

/// Changes the record of the pod of `web`; answers its key.
async fn rewrite(place: &Place, change: fn(&[u8]) -> Vec<u8>) -> String {
    let database = records(place).await;
    let write = database.begin_write().expect("writes");
    let key = {
        let mut table = write.open_table(PODS).expect("a table");
        let is_of_web = |value: &[u8]| String::from_utf8_lossy(value).contains("\"name\":\"web\"");
        let rows = table.iter().expect("rows").map(|row| row.expect("a row"));
        let (key, value) = rows
            .map(|(key, value)| (key.value().to_owned(), value.value().to_owned()))
            .find(|(_, value)| is_of_web(value))
            .expect("it is on record");
        table.insert(key.as_str(), change(&value).as_slice()).expect("written");
        key
    };
    write.commit().expect("written");
    key
}
