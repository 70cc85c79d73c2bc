//! One body of tests over every store of this crate: each test is a `# Behavior` bullet of `SetStore`.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "store/behavior.rs"]
mod behavior;
#[cfg(feature = "redb")]
#[path = "store/redb.rs"]
mod redb;

macro_rules! every_bullet {
    ($store:ident => $($bullet:ident),+ $(,)?) => {
        mod $store {
            $(#[tokio::test]
            async fn $bullet() {
                let kept = crate::$store();
                crate::behavior::$bullet(&kept.store).await;
            })+
        }
    };
}

macro_rules! for_store {
    ($store:ident) => {
        every_bullet! { $store =>
            store_lists_every_set_in_order,
            store_get_sees_own_writes,
            store_create_of_a_taken_key_already_exists,
            store_create_gives_a_fresh_uid,
            store_update_of_an_old_version_is_a_conflict,
            store_update_keeps_status_and_uid,
            store_update_counts_generations_of_the_spec_only,
            store_writes_of_what_is_there_change_nothing,
            store_writes_of_an_unknown_set_are_not_found,
            store_mark_deleted_keeps_the_first_mark,
            store_status_of_an_old_version_is_a_conflict,
            store_remove_of_an_old_version_is_a_conflict,
            store_remove_needs_the_mark,
            store_remove_takes_the_revisions_along,
            store_revisions_of_another_life_are_not_shown,
            store_put_revision_renumbers_a_known_one,
            store_delete_revision_of_the_unknown_is_fine,
            store_objects_are_those_of_the_namespace,
            store_delete_object_says_whether_it_was_there,
            store_watch_hints_at_every_change,
            store_takes_one_of_two_racing_updates,
        }
    };
}

/// A store and what must live as long as it.
struct Kept<S> {
    store: S,
    _directory: Option<tempfile::TempDir>,
}

fn memory() -> Kept<petset_core::store::MemoryStore> {
    Kept { store: petset_core::store::MemoryStore::new(), _directory: None }
}

#[cfg(feature = "redb")]
fn durable() -> Kept<petset_core::store::RedbStore> {
    let directory = tempfile::tempdir().unwrap();
    let store = petset_core::store::RedbStore::open(directory.path().join("sets.redb")).unwrap();
    Kept { store, _directory: Some(directory) }
}

for_store!(memory);
#[cfg(feature = "redb")]
for_store!(durable);
