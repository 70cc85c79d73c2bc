//! [`SetStore`]: the sets, their status and their revisions; all that the controller must not forget.

mod change;
mod forward;
mod memory;
#[cfg(feature = "redb")]
mod redb;

use std::fmt::Debug;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::backend::WatchStream;
use crate::error::Result;
use crate::names::{RevisionName, SetKey, SetUid, Version};
use crate::spec::{ConfigObject, ConfigObjectKind, PetSet, PodTemplate};
use crate::status::PetSetStatus;
use crate::time::Timestamp;

pub use memory::MemoryStore;
#[cfg(feature = "redb")]
pub use redb::RedbStore;

/// The sets, their status and their revisions, and the services, config maps and secrets beside them.
///
/// # Guarantees that every implementation gives
/// * A write whose future returned `Ok` survives the end of the process (but for stores that say otherwise), and every
///   later read sees it (S13).
/// * A set has one version for all of it; every change of the declaration, the deletion mark or the status gives a new
///   one. Changes name the version that they were decided on, and fail with a conflict when it is not the newest.
///
/// # Cancellation
/// Dropping a future leaves its effect done or not done, never half done.
#[async_trait]
pub trait SetStore: Debug + Send + Sync + 'static {
    /// The keys of all sets, in ascending order.
    ///
    /// # Behavior
    /// - `store_lists_every_set_in_order`.
    async fn list(&self) -> Result<Vec<SetKey>>;

    /// The sets that are no more, each with its lives, so that whatever a late request makes in their name can be told
    /// from what belongs to others. Stores may forget the oldest, and know none where the runtime itself ends what has
    /// no owner any more, as Kubernetes does.
    ///
    /// # Behavior
    /// - `store_gone_tells_the_lives_of_removed_sets`: until a set of that name is created anew, which then has them as
    ///   its [`StoredSet::former`].
    async fn gone(&self) -> Result<Vec<GoneSet>>;

    /// One set, or `None` when there is none of this name.
    ///
    /// # Behavior
    /// - `store_get_sees_own_writes`.
    /// - `store_get_is_the_same_in_a_later_instance`: with revisions, objects and former lives, where the store
    ///   outlives its process.
    async fn get(&self, key: &SetKey) -> Result<Option<StoredSet>>;

    /// Puts a new set under its key and gives it version and uid. `now` is when its life begins, for stores without a clock
    /// of their own.
    ///
    /// # Behavior
    /// - `store_create_of_a_taken_key_already_exists`.
    /// - `store_create_gives_a_fresh_uid`: also when a set of this name existed before.
    async fn create(&self, set: PetSet, now: Timestamp) -> Result<StoredSet>;

    /// Replaces the declaration. The generation rises by one when `spec` differs, and only then.
    ///
    /// # Behavior
    /// - `store_update_of_an_old_version_is_a_conflict`.
    /// - `store_update_keeps_status_and_uid`.
    /// - `store_update_counts_generations_of_the_spec_only`.
    /// - `store_writes_of_what_is_there_change_nothing`: no version, no hint; also of a status.
    /// - `store_writes_of_an_unknown_set_are_not_found`: also of a status, a mark or a revision.
    async fn update(&self, key: &SetKey, version: &Version, set: PetSet) -> Result<StoredSet>;

    /// Marks the set as to be deleted. A mark that is there stays, but orphaning wins over ordered deletion. A store with a
    /// clock of its own may give the mark another moment.
    ///
    /// # Behavior
    /// - `store_mark_deleted_keeps_the_first_mark`.
    async fn mark_deleted(&self, key: &SetKey, version: &Version, deletion: Deletion) -> Result<StoredSet>;

    /// Replaces the status by compare-and-swap; this is where tickets are taken.
    ///
    /// # Behavior
    /// - `store_status_of_an_old_version_is_a_conflict`.
    async fn update_status(&self, key: &SetKey, version: &Version, status: PetSetStatus) -> Result<Version>;

    /// Removes a set that is marked as deleted, with its revisions.
    ///
    /// # Behavior
    /// - `store_remove_of_an_old_version_is_a_conflict`.
    /// - `store_remove_needs_the_mark`.
    /// - `store_remove_takes_the_revisions_along`.
    async fn remove(&self, key: &SetKey, version: &Version) -> Result<()>;

    /// The revisions of one life of a set, by ascending number.
    ///
    /// # Behavior
    /// - `store_revisions_of_another_life_are_not_shown`.
    async fn revisions(&self, key: &SetKey, uid: &SetUid) -> Result<Vec<Revision>>;

    /// Adds a revision, or gives a known one (by name) a new number; nothing else of it ever changes.
    ///
    /// # Errors
    /// `AlreadyExists` where names are shared with others, and one of them has this name: the engine takes another one.
    ///
    /// # Behavior
    /// - `store_put_revision_renumbers_a_known_one`.
    async fn put_revision(&self, key: &SetKey, uid: &SetUid, revision: Revision) -> Result<()>;

    /// Removes a revision.
    ///
    /// # Behavior
    /// - `store_delete_revision_of_the_unknown_is_fine`.
    async fn delete_revision(&self, key: &SetKey, uid: &SetUid, name: &RevisionName) -> Result<()>;

    /// Services, config maps and secrets of a namespace, by kind and name.
    ///
    /// # Behavior
    /// - `store_objects_are_those_of_the_namespace`.
    async fn objects(&self, namespace: &str) -> Result<Vec<ConfigObject>>;

    /// Adds or replaces one.
    ///
    /// # Behavior
    /// - `store_put_object_replaces_its_namesake`: the one of its kind, namespace and name, and no other.
    async fn put_object(&self, object: ConfigObject) -> Result<()>;

    /// Removes one; false when it was not there.
    ///
    /// # Behavior
    /// - `store_delete_object_says_whether_it_was_there`.
    async fn delete_object(&self, namespace: &str, kind: ConfigObjectKind, name: &str) -> Result<bool>;

    /// Hints about changes from now on: of a set itself, or of an object in its namespace.
    ///
    /// # Behavior
    /// - `store_watch_hints_at_every_change`.
    fn watch(&self) -> WatchStream;
}

/// A set as stored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StoredSet {
    /// The declaration, defaulted and checked.
    pub set: PetSet,
    /// This life of the set.
    pub uid: SetUid,
    /// Earlier lives of a set of this name, as far as they are remembered.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub former: Vec<SetUid>,
    /// How often the declaration changed, from 1.
    pub generation: u64,
    /// The version of everything here.
    pub version: Version,
    /// When this life began.
    pub created_at: Timestamp,
    /// How the set is to be deleted, once that has been asked for.
    pub deletion: Option<Deletion>,
    /// What it is.
    pub status: PetSetStatus,
}

/// A set that is no more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GoneSet {
    /// Its namespace and name.
    pub set: SetKey,
    /// Its lives, the last one at the end.
    pub lives: Vec<SetUid>,
    /// What became of the pods of the last one.
    pub cascade: Cascade,
}

impl StoredSet {
    /// Namespace and name.
    pub fn key(&self) -> SetKey {
        self.set.key()
    }
}

/// That a set is to be deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Deletion {
    /// What happens to its pods.
    pub cascade: Cascade,
    /// When it was asked for.
    pub requested_at: Timestamp,
}

/// What happens to the pods of a deleted set.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Cascade {
    /// They end from the highest ordinal down, each gone before the next.
    #[default]
    Ordered,
    /// They keep running, owned by nobody, until a set of the same name and selector adopts them.
    Orphan,
}

/// An immutable snapshot of a template, with a number that only moves on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Revision {
    /// `<set>-<hash>`.
    pub name: RevisionName,
    /// The highest number is the newest; a rollback gives an old revision a new number.
    pub number: u64,
    /// When it was first seen.
    pub created_at: Timestamp,
    /// The template.
    pub template: PodTemplate,
}
