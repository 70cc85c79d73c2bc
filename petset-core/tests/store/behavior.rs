//! The bullets.

use futures::{FutureExt, StreamExt};
use petset_core::backend::{WatchEvent, WatchStream};
use petset_core::spec::{ConfigMap, ConfigObject, ConfigObjectKind, PetSet, PodTemplate, Secret, Service};
use petset_core::status::PetSetStatus;
use petset_core::store::{Cascade, Deletion, Revision, SetStore, StoredSet};
use petset_core::{ErrorKind, RevisionName, SetKey, SetUid, Timestamp};

const NOW: Timestamp = Timestamp::from_micros(1_700_000_000_000_000);

pub(crate) fn set(key: &str) -> PetSet {
    let key: SetKey = key.parse().unwrap();
    let mut set = PetSet::default();
    set.metadata.namespace = key.namespace.to_string();
    set.metadata.name = key.name.to_string();
    set.spec.replicas = Some(3);
    set
}

pub(crate) async fn created(store: &dyn SetStore, key: &str) -> StoredSet {
    store.create(set(key), NOW).await.unwrap()
}

pub(crate) async fn current(store: &dyn SetStore, key: &SetKey) -> StoredSet {
    store.get(key).await.unwrap().unwrap()
}

pub(crate) fn revision(name: &str, number: u64) -> Revision {
    let mut template = PodTemplate::default();
    template.metadata.labels.insert("revision".into(), name.into());
    Revision { name: RevisionName::from(name), number, created_at: NOW, template }
}

fn status(replicas: u32) -> PetSetStatus {
    PetSetStatus { replicas, started: "0-2".parse().unwrap(), ..PetSetStatus::default() }
}

fn deletion(cascade: Cascade, seconds: i64) -> Deletion {
    Deletion { cascade, requested_at: Timestamp::from_micros(seconds * 1_000_000) }
}

async fn removed(store: &dyn SetStore, key: &SetKey) {
    let version = current(store, key).await.version;
    let marked = store.mark_deleted(key, &version, deletion(Cascade::Ordered, 1)).await.unwrap();
    store.remove(key, &marked.version).await.unwrap();
}

fn map(namespace: &str, name: &str, value: &str) -> ConfigObject {
    let mut map = ConfigMap::default();
    map.metadata.namespace = namespace.into();
    map.metadata.name = name.into();
    map.data.insert("key".into(), value.into());
    ConfigObject::ConfigMap(map)
}

pub(crate) async fn store_lists_every_set_in_order(store: &dyn SetStore) {
    for key in ["b/a", "a/b", "a-b/a", "a/a-1", "a/a", "b/web"] {
        created(store, key).await;
    }
    let listed: Vec<String> = store.list().await.unwrap().iter().map(ToString::to_string).collect();
    assert_eq!(listed, ["a/a", "a/a-1", "a/b", "a-b/a", "b/a", "b/web"]);
}

pub(crate) async fn store_get_sees_own_writes(store: &dyn SetStore) {
    let web = created(store, "web").await;
    let key = web.key();
    assert_eq!((web.generation, web.created_at, web.deletion), (1, NOW, None));
    assert_eq!(current(store, &key).await, web);
    assert_eq!(store.get(&SetKey::new("other", "web")).await.unwrap(), None);

    let mut declared = set("web");
    declared.spec.replicas = Some(5);
    let updated = store.update(&key, &web.version, declared.clone()).await.unwrap();
    assert_eq!(current(store, &key).await, updated);
    assert_eq!(updated.set, declared);

    let version = store.update_status(&key, &updated.version, status(2)).await.unwrap();
    let seen = current(store, &key).await;
    assert_eq!((&seen.version, &seen.status), (&version, &status(2)));

    let marked = store.mark_deleted(&key, &version, deletion(Cascade::Ordered, 1)).await.unwrap();
    assert_eq!(current(store, &key).await, marked);
    store.remove(&key, &marked.version).await.unwrap();
    assert_eq!(store.get(&key).await.unwrap(), None);
    assert_eq!(store.list().await.unwrap(), []);

    let versions = [&web.version, &updated.version, &version, &marked.version];
    for (index, version) in versions.iter().enumerate() {
        assert!(!versions[index + 1..].contains(version), "each change gives a new version: {versions:?}");
    }
}

pub(crate) async fn store_create_of_a_taken_key_already_exists(store: &dyn SetStore) {
    let web = created(store, "web").await;
    let error = store.create(set("web"), NOW).await.unwrap_err();
    assert!(error.is_already_exists() && error.to_string().contains("default/web"), "{error}");
    assert_eq!(current(store, &web.key()).await, web);
}

pub(crate) async fn store_create_gives_a_fresh_uid(store: &dyn SetStore) {
    let first = created(store, "web").await;
    assert_ne!(created(store, "db").await.uid, first.uid);
    removed(store, &first.key()).await;
    let second = created(store, "web").await;
    assert_ne!(second.uid, first.uid);
    assert_ne!(second.version, first.version, "a version of an earlier life never fits a later one");
}

pub(crate) async fn store_update_of_an_old_version_is_a_conflict(store: &dyn SetStore) {
    let web = created(store, "web").await;
    let mut declared = set("web");
    declared.spec.replicas = Some(5);
    let newest = store.update(&web.key(), &web.version, declared).await.unwrap();
    let error = store.update(&web.key(), &web.version, set("web")).await.unwrap_err();
    assert!(error.is_conflict(), "{error}");
    let error = store.mark_deleted(&web.key(), &web.version, deletion(Cascade::Ordered, 1)).await.unwrap_err();
    assert!(error.is_conflict(), "{error}");
    assert_eq!(current(store, &web.key()).await, newest);

    let error = store.update(&web.key(), &newest.version, set("db")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid, "a declaration of another set");
    assert_eq!(current(store, &web.key()).await, newest);
}

pub(crate) async fn store_update_keeps_status_and_uid(store: &dyn SetStore) {
    let web = created(store, "web").await;
    let version = store.update_status(&web.key(), &web.version, status(3)).await.unwrap();
    let marked = store.mark_deleted(&web.key(), &version, deletion(Cascade::Ordered, 7)).await.unwrap();
    let mut declared = set("web");
    declared.spec.replicas = Some(1);
    let updated = store.update(&web.key(), &marked.version, declared).await.unwrap();
    assert_eq!(
        (updated.uid, updated.status, updated.deletion, updated.created_at),
        (web.uid, status(3), marked.deletion, NOW)
    );
}

pub(crate) async fn store_update_counts_generations_of_the_spec_only(store: &dyn SetStore) {
    let web = created(store, "web").await;
    let mut declared = set("web");
    declared.metadata.labels.insert("team".into(), "a".into());
    let labelled = store.update(&web.key(), &web.version, declared.clone()).await.unwrap();
    assert_eq!(labelled.generation, 1);
    assert_ne!(labelled.version, web.version);
    declared.spec.service_name = "web".into();
    let changed = store.update(&web.key(), &labelled.version, declared).await.unwrap();
    assert_eq!(changed.generation, 2);
}

pub(crate) async fn store_writes_of_what_is_there_change_nothing(store: &dyn SetStore) {
    let web = created(store, "web").await;
    let version = store.update_status(&web.key(), &web.version, status(1)).await.unwrap();
    let mut hints = store.watch();
    assert_eq!(store.update_status(&web.key(), &version, status(1)).await.unwrap(), version);
    assert_eq!(store.update(&web.key(), &version, set("web")).await.unwrap().version, version);
    assert_eq!(hints.next().now_or_never(), None);
}

pub(crate) async fn store_writes_of_an_unknown_set_are_not_found(store: &dyn SetStore) {
    let web = created(store, "web").await;
    removed(store, &web.key()).await;
    let (key, version) = (web.key(), &web.version);
    for error in [
        store.update(&key, version, set("web")).await.unwrap_err(),
        store.mark_deleted(&key, version, deletion(Cascade::Ordered, 1)).await.unwrap_err(),
        store.update_status(&key, version, status(1)).await.unwrap_err(),
        store.remove(&key, version).await.unwrap_err(),
        store.put_revision(&key, &web.uid, revision("web-1", 1)).await.unwrap_err(),
    ] {
        assert!(error.is_not_found() && error.to_string().contains("default/web"), "{error}");
    }
}

pub(crate) async fn store_mark_deleted_keeps_the_first_mark(store: &dyn SetStore) {
    let web = created(store, "web").await;
    let key = web.key();
    let first = store.mark_deleted(&key, &web.version, deletion(Cascade::Ordered, 1)).await.unwrap();
    assert_eq!(first.deletion, Some(deletion(Cascade::Ordered, 1)));
    let second = store.mark_deleted(&key, &first.version, deletion(Cascade::Ordered, 2)).await.unwrap();
    assert_eq!(second, first);
    let orphan = store.mark_deleted(&key, &first.version, deletion(Cascade::Orphan, 3)).await.unwrap();
    assert_eq!(orphan.deletion, Some(deletion(Cascade::Orphan, 1)));
    assert_ne!(orphan.version, first.version);
    let last = store.mark_deleted(&key, &orphan.version, deletion(Cascade::Ordered, 4)).await.unwrap();
    assert_eq!(last, orphan);
}

pub(crate) async fn store_status_of_an_old_version_is_a_conflict(store: &dyn SetStore) {
    let web = created(store, "web").await;
    store.update_status(&web.key(), &web.version, status(1)).await.unwrap();
    let error = store.update_status(&web.key(), &web.version, status(2)).await.unwrap_err();
    assert!(error.is_conflict(), "{error}");
    assert_eq!(current(store, &web.key()).await.status, status(1));
}

pub(crate) async fn store_remove_of_an_old_version_is_a_conflict(store: &dyn SetStore) {
    let web = created(store, "web").await;
    store.mark_deleted(&web.key(), &web.version, deletion(Cascade::Ordered, 1)).await.unwrap();
    let error = store.remove(&web.key(), &web.version).await.unwrap_err();
    assert!(error.is_conflict(), "{error}");
    assert!(store.get(&web.key()).await.unwrap().is_some());
}

pub(crate) async fn store_remove_needs_the_mark(store: &dyn SetStore) {
    let web = created(store, "web").await;
    let error = store.remove(&web.key(), &web.version).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid, "{error}");
    assert_eq!(current(store, &web.key()).await, web);
}

pub(crate) async fn store_remove_takes_the_revisions_along(store: &dyn SetStore) {
    let web = created(store, "web").await;
    let other = created(store, "web-1").await;
    for stored in [&web, &other] {
        store.put_revision(&stored.key(), &stored.uid, revision("web-1", 1)).await.unwrap();
        store.put_revision(&stored.key(), &stored.uid, revision("web-2", 2)).await.unwrap();
    }
    removed(store, &web.key()).await;
    assert_eq!(store.revisions(&web.key(), &web.uid).await.unwrap(), []);
    assert_eq!(store.revisions(&other.key(), &other.uid).await.unwrap().len(), 2);
}

pub(crate) async fn store_revisions_of_another_life_are_not_shown(store: &dyn SetStore) {
    let web = created(store, "web").await;
    store.put_revision(&web.key(), &web.uid, revision("web-1", 1)).await.unwrap();
    assert_eq!(store.revisions(&web.key(), &SetUid::random()).await.unwrap(), []);
    let error = store.put_revision(&web.key(), &SetUid::random(), revision("web-2", 2)).await.unwrap_err();
    assert!(error.is_not_found(), "{error}");
    assert_eq!(store.revisions(&web.key(), &web.uid).await.unwrap(), [revision("web-1", 1)]);

    removed(store, &web.key()).await;
    let next = created(store, "web").await;
    assert_eq!(store.revisions(&next.key(), &next.uid).await.unwrap(), []);
    assert_eq!(store.revisions(&next.key(), &web.uid).await.unwrap(), []);
}

pub(crate) async fn store_put_revision_renumbers_a_known_one(store: &dyn SetStore) {
    let web = created(store, "web").await;
    let (key, uid) = (web.key(), web.uid);
    for (name, number) in [("web-z", 1), ("web-a", 2)] {
        store.put_revision(&key, &uid, revision(name, number)).await.unwrap();
    }
    assert_eq!(store.revisions(&key, &uid).await.unwrap(), [revision("web-z", 1), revision("web-a", 2)]);

    let later = Revision { created_at: NOW.after(std::time::Duration::from_secs(9)), ..revision("other", 3) };
    store.put_revision(&key, &uid, Revision { name: RevisionName::from("web-z"), ..later }).await.unwrap();
    assert_eq!(
        store.revisions(&key, &uid).await.unwrap(),
        [revision("web-a", 2), Revision { number: 3, ..revision("web-z", 1) }],
        "the number is new, the template and the time are the old ones"
    );
    assert_eq!(current(store, &key).await.version, web.version);
}

pub(crate) async fn store_delete_revision_of_the_unknown_is_fine(store: &dyn SetStore) {
    let web = created(store, "web").await;
    let (key, uid) = (web.key(), web.uid);
    store.put_revision(&key, &uid, revision("web-1", 1)).await.unwrap();
    store.delete_revision(&key, &uid, &RevisionName::from("web-2")).await.unwrap();
    store.delete_revision(&key, &SetUid::random(), &RevisionName::from("web-1")).await.unwrap();
    store.delete_revision(&SetKey::new("no", "set"), &uid, &RevisionName::from("web-1")).await.unwrap();
    assert_eq!(store.revisions(&key, &uid).await.unwrap(), [revision("web-1", 1)]);
    store.delete_revision(&key, &uid, &RevisionName::from("web-1")).await.unwrap();
    assert_eq!(store.revisions(&key, &uid).await.unwrap(), []);
}

pub(crate) async fn store_objects_are_those_of_the_namespace(store: &dyn SetStore) {
    let mut secret = Secret::default();
    secret.metadata.namespace = "a".into();
    secret.metadata.name = "a".into();
    secret.string_data.insert("password".into(), "x".into());
    let mut service = Service::default();
    service.metadata.namespace = "a".into();
    service.metadata.name = "z".into();
    let (secret, service) = (ConfigObject::Secret(secret), ConfigObject::Service(service));
    for object in [&secret, &map("a", "b", "1"), &map("b", "a", "1"), &service, &map("a", "a", "1")] {
        store.put_object(object.clone()).await.unwrap();
    }
    store.put_object(map("a", "b", "2")).await.unwrap();
    assert_eq!(store.objects("a").await.unwrap(), [service, map("a", "a", "1"), map("a", "b", "2"), secret]);
    assert_eq!(store.objects("b").await.unwrap(), [map("b", "a", "1")]);
    assert_eq!(store.objects("").await.unwrap(), []);
}

pub(crate) async fn store_delete_object_says_whether_it_was_there(store: &dyn SetStore) {
    store.put_object(map("a", "a", "1")).await.unwrap();
    assert!(!store.delete_object("a", ConfigObjectKind::Secret, "a").await.unwrap());
    assert!(!store.delete_object("b", ConfigObjectKind::ConfigMap, "a").await.unwrap());
    assert!(store.delete_object("a", ConfigObjectKind::ConfigMap, "a").await.unwrap());
    assert!(!store.delete_object("a", ConfigObjectKind::ConfigMap, "a").await.unwrap());
    assert_eq!(store.objects("a").await.unwrap(), []);
}

pub(crate) async fn store_watch_hints_at_every_change(store: &dyn SetStore) {
    let mut hints = store.watch();
    let key = SetKey::new("default", "web");
    let mut expect = |what: &str, keys: &[&SetKey]| {
        let seen = drain(&mut hints);
        let expected: Vec<WatchEvent> = keys.iter().map(|key| WatchEvent::Changed((*key).clone())).collect();
        assert_eq!(seen, expected, "{what}");
    };
    let web = created(store, "web").await;
    expect("create", &[&key]);
    let mut declared = set("web");
    declared.spec.replicas = Some(5);
    let updated = store.update(&key, &web.version, declared).await.unwrap();
    expect("update", &[&key]);
    let version = store.update_status(&key, &updated.version, status(1)).await.unwrap();
    expect("update_status", &[&key]);
    let db = created(store, "db").await.key();
    created(store, "other/web").await;
    expect("create of others", &[&db, &SetKey::new("other", "web")]);
    store.put_object(map("default", "a", "1")).await.unwrap();
    expect("put_object", &[&db, &key]);
    store.delete_object("default", ConfigObjectKind::ConfigMap, "a").await.unwrap();
    expect("delete_object", &[&db, &key]);
    let marked = store.mark_deleted(&key, &version, deletion(Cascade::Ordered, 1)).await.unwrap();
    expect("mark_deleted", &[&key]);
    store.remove(&key, &marked.version).await.unwrap();
    expect("remove", &[&key]);

    let mut late = store.watch();
    for number in 0..1_100 {
        store.put_object(map("default", "a", &number.to_string())).await.unwrap();
    }
    assert!(drain(&mut late).contains(&WatchEvent::Gap), "who falls behind is told to look everywhere");
}

fn drain(hints: &mut WatchStream) -> Vec<WatchEvent> {
    std::iter::from_fn(|| hints.next().now_or_never().flatten()).collect()
}

pub(crate) async fn store_takes_one_of_two_racing_updates(store: &dyn SetStore) {
    let web = created(store, "web").await;
    let key = web.key();
    let taken = futures::future::join_all((1..=8).map(|count| store.update_status(&key, &web.version, status(count))))
        .await
        .into_iter()
        .filter(|outcome| match outcome {
            Ok(_) => true,
            Err(error) => {
                assert!(error.is_conflict(), "{error}");
                false
            }
        })
        .count();
    assert_eq!(taken, 1);
}
