//! Sets in a transaction.

use redb::{ReadTransaction, ReadableTable, Table, WriteTransaction};

use super::failure::Failure;
use super::file::Outcome;
use super::graves;
use super::record::{decode, encode};
use super::tables::{REVISIONS, SETS, next_version};
use crate::error::Result;
use crate::names::{SetKey, Version};
use crate::spec::PetSet;
use crate::store::{StoredSet, change};
use crate::time::Timestamp;

pub(super) fn list(transaction: &ReadTransaction) -> Result<Vec<SetKey>, Failure> {
    let sets = transaction.open_table(SETS)?;
    let mut keys = Vec::new();
    for entry in sets.range::<(&str, &str)>(..)? {
        let (key, _) = entry?;
        let (namespace, name) = key.value();
        keys.push(SetKey::new(namespace, name));
    }
    Ok(keys)
}

/// The keys of one namespace, from the tables as they are in this write.
pub(super) fn keys_of(transaction: &WriteTransaction, namespace: &str) -> Result<Vec<SetKey>, Failure> {
    let sets = transaction.open_table(SETS)?;
    let mut keys = Vec::new();
    for entry in sets.range((namespace, "")..)? {
        let (key, _) = entry?;
        let (found, name) = key.value();
        if found != namespace {
            break;
        }
        keys.push(SetKey::new(found, name));
    }
    Ok(keys)
}

pub(super) fn get(transaction: &ReadTransaction, key: &SetKey) -> Result<Option<StoredSet>, Failure> {
    read(&transaction.open_table(SETS)?, key)
}

pub(super) fn create(
    transaction: &WriteTransaction,
    set: PetSet,
    now: Timestamp,
) -> Result<Outcome<StoredSet>, Failure> {
    let key = set.key();
    let mut sets = transaction.open_table(SETS)?;
    // A damaged record of this name is a set of this name all the same.
    if sets.get((&*key.namespace, &*key.name))?.is_some() {
        return Err(change::already_exists(&key).into());
    }
    let stored = change::create(set, graves::take(transaction, &key)?, next_version(transaction)?, now);
    write(&mut sets, &key, &stored, "create a set")?;
    Ok(Outcome::Changed(stored))
}

pub(super) fn change(
    transaction: &WriteTransaction,
    key: &SetKey,
    operation: &'static str,
    change: impl FnOnce(&mut StoredSet) -> Result<bool>,
) -> Result<Outcome<StoredSet>, Failure> {
    let mut sets = transaction.open_table(SETS)?;
    let mut stored = read(&sets, key)?.ok_or_else(|| change::not_found(key, operation))?;
    if !change(&mut stored)? {
        return Ok(Outcome::Unchanged(stored));
    }
    stored.version = next_version(transaction)?;
    write(&mut sets, key, &stored, operation)?;
    Ok(Outcome::Changed(stored))
}

pub(super) fn remove(transaction: &WriteTransaction, key: &SetKey, version: &Version) -> Result<Outcome<()>, Failure> {
    let mut sets = transaction.open_table(SETS)?;
    let stored = read(&sets, key)?.ok_or_else(|| change::not_found(key, "remove a set"))?;
    change::check_removal(&stored, version)?;
    let (namespace, name) = (&*key.namespace, &*key.name);
    sets.remove((namespace, name))?;
    graves::bury(transaction, &stored)?;
    let mut revisions = transaction.open_table(REVISIONS)?;
    let uid = stored.uid.as_str();
    let mut gone = Vec::new();
    for entry in revisions.range((namespace, name, uid, "")..)? {
        let (id, _) = entry?;
        let (found_namespace, found_name, found_uid, revision) = id.value();
        if (found_namespace, found_name, found_uid) != (namespace, name, uid) {
            break;
        }
        gone.push(revision.to_owned());
    }
    for revision in gone {
        revisions.remove((namespace, name, uid, revision.as_str()))?;
    }
    Ok(Outcome::Changed(()))
}

pub(super) fn read(
    sets: &impl ReadableTable<(&'static str, &'static str), &'static [u8]>,
    key: &SetKey,
) -> Result<Option<StoredSet>, Failure> {
    let record = sets.get((&*key.namespace, &*key.name))?;
    Ok(record.map(|record| decode(record.value(), "set", key)).transpose()?)
}

fn write(
    sets: &mut Table<'_, (&'static str, &'static str), &'static [u8]>,
    key: &SetKey,
    stored: &StoredSet,
    operation: &'static str,
) -> Result<(), Failure> {
    sets.insert((&*key.namespace, &*key.name), encode(stored, operation)?.as_slice())?;
    Ok(())
}
