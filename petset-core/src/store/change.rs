//! What each write of a set means, apart from where the set is kept: both stores of this crate share it, so that they
//! cannot differ in meaning.
//!
//! Each function checks everything before it changes anything, and answers whether it changed something. The store
//! then gives the set a new version; a write that changes nothing keeps the old one and writes nothing (S17).

use serde::{Deserialize, Serialize};

use super::{Cascade, Deletion, GoneSet, Revision, StoredSet};
use crate::error::{Error, ErrorKind, Result};
use crate::names::{SetKey, SetUid, Version};
use crate::spec::PetSet;
use crate::status::PetSetStatus;
use crate::time::Timestamp;

/// So many earlier lives of one name are remembered.
const LIVES: usize = 8;

/// So many names of sets that are no more are remembered.
pub(super) const GRAVES: usize = 256;

/// What is remembered of a set that is no more.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Grave {
    /// The lowest is the oldest.
    pub(super) number: u64,
    pub(super) lives: Vec<SetUid>,
    pub(super) cascade: Cascade,
}

impl Grave {
    pub(super) fn tell(self, set: SetKey) -> GoneSet {
        let Self { number: _, lives, cascade } = self;
        GoneSet { set, lives, cascade }
    }

    pub(super) fn of(stored: &StoredSet, number: u64) -> Self {
        let mut lives = stored.former.clone();
        lives.push(stored.uid.clone());
        lives.drain(..lives.len().saturating_sub(LIVES));
        let cascade = stored.deletion.map(|deletion| deletion.cascade).unwrap_or_default();
        Self { number, lives, cascade }
    }
}

pub(super) fn create(set: PetSet, former: Vec<SetUid>, version: Version, now: Timestamp) -> StoredSet {
    StoredSet {
        set,
        uid: SetUid::random(),
        former,
        generation: 1,
        version,
        created_at: now,
        deletion: None,
        status: PetSetStatus::default(),
    }
}

pub(super) fn update(stored: &mut StoredSet, version: &Version, set: PetSet) -> Result<bool> {
    let operation = "update the declaration of a set";
    check_version(stored, version, operation)?;
    if set.key() != stored.key() {
        return Err(Error::new(ErrorKind::Invalid, operation)
            .with_context("set", stored.key())
            .with_message(format!("the new declaration is of another set, {}", set.key())));
    }
    if stored.set == set {
        return Ok(false);
    }
    if stored.set.spec != set.spec {
        stored.generation += 1;
    }
    stored.set = set;
    Ok(true)
}

pub(super) fn mark_deleted(stored: &mut StoredSet, version: &Version, deletion: Deletion) -> Result<bool> {
    check_version(stored, version, "mark a set as deleted")?;
    let next = match (stored.deletion, deletion.cascade) {
        (None, _) => deletion,
        (Some(first), Cascade::Orphan) => Deletion { cascade: Cascade::Orphan, ..first },
        (Some(first), Cascade::Ordered) => first,
    };
    let changes = stored.deletion != Some(next);
    stored.deletion = Some(next);
    Ok(changes)
}

pub(super) fn update_status(stored: &mut StoredSet, version: &Version, status: PetSetStatus) -> Result<bool> {
    check_version(stored, version, "update the status of a set")?;
    let changes = stored.status != status;
    stored.status = status;
    Ok(changes)
}

pub(super) fn check_removal(stored: &StoredSet, version: &Version) -> Result<()> {
    let operation = "remove a set";
    check_version(stored, version, operation)?;
    if stored.deletion.is_none() {
        return Err(Error::new(ErrorKind::Invalid, operation)
            .with_context("set", stored.key())
            .with_message("it is not marked as deleted"));
    }
    Ok(())
}

/// The revision to keep: a known one moves to the new number and keeps everything else.
pub(super) fn put_revision(known: Option<Revision>, revision: Revision) -> Revision {
    match known {
        Some(known) => Revision { number: revision.number, ..known },
        None => revision,
    }
}

/// A late revision of an ended life must not stay behind where nobody would ever remove it.
pub(super) fn check_life(stored: Option<&SetUid>, key: &SetKey, uid: &SetUid) -> Result<()> {
    if stored == Some(uid) {
        return Ok(());
    }
    Err(Error::new(ErrorKind::NotFound, "put a revision")
        .with_context("set", key)
        .with_context("uid", uid)
        .with_message("this life of the set is over"))
}

pub(super) fn not_found(key: &SetKey, operation: &'static str) -> Error {
    Error::new(ErrorKind::NotFound, operation).with_context("set", key).with_message("there is no set of this name")
}

pub(super) fn already_exists(key: &SetKey) -> Error {
    Error::new(ErrorKind::AlreadyExists, "create a set")
        .with_context("set", key)
        .with_message("a set of this name exists")
}

fn check_version(stored: &StoredSet, version: &Version, operation: &'static str) -> Result<()> {
    if stored.version == *version {
        return Ok(());
    }
    Err(Error::new(ErrorKind::Conflict, operation)
        .with_context("set", stored.key())
        .with_message(format!("it was decided on version {version}, and the newest is {}", stored.version)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_moments_are_those_that_the_caller_says() {
        let at = |seconds: i64| Timestamp::from_micros(seconds * 1_000_000);
        let mut stored = create(PetSet::default(), Vec::new(), Version::from("1"), at(5));
        assert_eq!(stored.created_at, at(5));
        for (cascade, seconds) in [(Cascade::Ordered, 6), (Cascade::Ordered, 7), (Cascade::Orphan, 8)] {
            let deletion = Deletion { cascade, requested_at: at(seconds) };
            mark_deleted(&mut stored, &Version::from("1"), deletion).expect("the version is the newest");
        }
        assert_eq!(stored.deletion, Some(Deletion { cascade: Cascade::Orphan, requested_at: at(6) }));
    }
}
