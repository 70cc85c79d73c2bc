//! What only the durable store promises.

use std::path::Path;
use std::process::Command;

use petset_core::ErrorKind;
use petset_core::store::{RedbStore, SetStore};
use redb::{Database, TableDefinition};

use crate::support::{created, current, revision, set};

const SETS: TableDefinition<'_, (&str, &str), &[u8]> = TableDefinition::new("sets");

fn overwrite(path: &Path, name: &str, record: &[u8]) {
    let database = Database::create(path).unwrap();
    let transaction = database.begin_write().unwrap();
    transaction.open_table(SETS).unwrap().insert(("default", name), record).unwrap();
    transaction.commit().unwrap();
}

#[tokio::test]
async fn reopening_keeps_everything() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("sets.redb");
    let (web, objects, revisions) = {
        let store = RedbStore::open(&path).unwrap();
        let web = created(&store, "web").await;
        store.put_revision(&web.key(), &web.uid, revision("web-1", 1)).await.unwrap();
        let mut secret = petset_core::spec::Secret::default();
        secret.metadata.namespace = "default".into();
        store.put_object(petset_core::spec::ConfigObject::Secret(secret)).await.unwrap();
        let status = petset_core::status::PetSetStatus { replicas: 3, ..Default::default() };
        store.update_status(&web.key(), &web.version, status).await.unwrap();
        (
            current(&store, &web.key()).await,
            store.objects("default").await.unwrap(),
            store.revisions(&web.key(), &web.uid).await.unwrap(),
        )
    };
    let store = RedbStore::open(&path).unwrap();
    assert_eq!(current(&store, &web.key()).await, web);
    assert_eq!(store.objects("default").await.unwrap(), objects);
    assert_eq!(store.revisions(&web.key(), &web.uid).await.unwrap(), revisions);
    assert_ne!(created(&store, "db").await.version, web.version, "versions go on after a restart");
}

#[tokio::test]
async fn a_second_opener_is_locked_out() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("sets.redb");
    let store = RedbStore::open(&path).unwrap();
    let error = RedbStore::open(&path).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Locked);
    let text = error.to_string();
    assert!(text.contains(&path.display().to_string()) && text.contains("stop the other process"), "{text}");

    let clone = store.clone();
    drop(store);
    created(&clone, "web").await;
    assert_eq!(RedbStore::open(&path).unwrap_err().kind(), ErrorKind::Locked, "a clone keeps it open");
    drop(clone);
    assert_eq!(RedbStore::open(&path).unwrap().list().await.unwrap().len(), 1);
}

#[test]
fn a_second_process_is_locked_out() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("sets.redb");
    let store = RedbStore::open(&path).unwrap();
    let open_in_child = || {
        Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "redb::child_opens_the_store", "--ignored", "--nocapture"])
            .env("PETSET_TEST_STORE", &path)
            .output()
            .unwrap()
    };
    let output = open_in_child();
    assert!(String::from_utf8_lossy(&output.stderr).contains("Locked"), "{output:?}");
    drop(store);
    let output = open_in_child();
    assert!(output.status.success(), "{output:?}");
}

#[test]
#[ignore = "the child of a_second_process_is_locked_out"]
fn child_opens_the_store() {
    RedbStore::open(std::env::var_os("PETSET_TEST_STORE").unwrap()).unwrap();
}

/// S15: what cannot be read stops its own set and no other.
#[tokio::test]
async fn s15_damage_stays_with_its_set() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("sets.redb");
    let store = RedbStore::open(&path).unwrap();
    let (web, db) = (created(&store, "web").await, created(&store, "db").await);
    drop(store);
    for (record, expected) in [
        (&b"v1 {\"set\": {"[..], "damaged"),
        (b"\x00\xff", "damaged"),
        (b"v7 {}", "written in format v7, and this release reads v1"),
    ] {
        overwrite(&path, "web", record);
        let store = RedbStore::open(&path).unwrap();
        assert_eq!(store.list().await.unwrap(), [db.key(), web.key()]);
        for error in [
            store.get(&web.key()).await.unwrap_err(),
            store.update(&web.key(), &web.version, set("web")).await.unwrap_err(),
            store.remove(&web.key(), &web.version).await.unwrap_err(),
        ] {
            assert_eq!(error.kind(), ErrorKind::Corrupt, "{error}");
            let text = error.to_string();
            assert!(text.contains("default/web") && text.contains(expected), "{text}");
        }
        assert!(store.create(set("web"), web.created_at).await.unwrap_err().is_already_exists());
        assert_eq!(current(&store, &db.key()).await, db);
    }
}

#[test]
fn a_file_that_is_no_store_is_corrupt() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("sets.redb");
    std::fs::write(&path, "not a database, but long enough to be looked at: ".repeat(200)).unwrap();
    let error = RedbStore::open(&path).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Corrupt, "{}", error.chain());
    assert!(error.to_string().contains(&path.display().to_string()), "{error}");
}

#[test]
fn a_file_of_a_later_layout_is_corrupt_and_says_why() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("sets.redb");
    drop(RedbStore::open(&path).unwrap());
    let database = Database::create(&path).unwrap();
    let transaction = database.begin_write().unwrap();
    let numbers: TableDefinition<'_, &str, u64> = TableDefinition::new("numbers");
    transaction.open_table(numbers).unwrap().insert("layout", 2).unwrap();
    transaction.commit().unwrap();
    drop(database);
    let error = RedbStore::open(&path).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Corrupt);
    let text = error.to_string();
    assert!(text.contains("layout 2") && text.contains(&path.display().to_string()), "{text}");
}

#[test]
fn a_missing_directory_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let error = RedbStore::open(directory.path().join("no/such/sets.redb")).unwrap_err();
    assert!(error.is_not_found() && error.to_string().contains("no/such/sets.redb"), "{error}");
}

#[cfg(unix)]
#[test]
fn only_its_user_may_read_it() {
    use std::os::unix::fs::PermissionsExt;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("sets.redb");
    drop(RedbStore::open(&path).unwrap());
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
}
