//! Revisions in a transaction.

use redb::{ReadTransaction, ReadableTable, WriteTransaction};

use super::failure::Failure;
use super::file::Outcome;
use super::record::{decode, encode};
use super::sets;
use super::tables::{REVISIONS, SETS};
use crate::error::Result;
use crate::names::{RevisionName, SetKey, SetUid};
use crate::store::{Revision, change};

pub(super) fn of_life(transaction: &ReadTransaction, key: &SetKey, uid: &SetUid) -> Result<Vec<Revision>, Failure> {
    let table = transaction.open_table(REVISIONS)?;
    let life = (&*key.namespace, &*key.name, uid.as_str());
    let mut revisions: Vec<Revision> = Vec::new();
    for entry in table.range((life.0, life.1, life.2, "")..)? {
        let (id, record) = entry?;
        let (namespace, name, uid, revision) = id.value();
        if (namespace, name, uid) != life {
            break;
        }
        revisions.push(decode(record.value(), "revision", &revision)?);
    }
    revisions.sort_by_key(|revision| revision.number);
    Ok(revisions)
}

pub(super) fn put(
    transaction: &WriteTransaction,
    key: &SetKey,
    uid: &SetUid,
    revision: Revision,
) -> Result<Outcome<()>, Failure> {
    let stored = sets::read(&transaction.open_table(SETS)?, key)?;
    change::check_life(stored.as_ref().map(|stored| &stored.uid), key, uid)?;
    let mut table = transaction.open_table(REVISIONS)?;
    let name = revision.name.clone();
    let id = (&*key.namespace, &*key.name, uid.as_str(), name.as_str());
    let known: Option<Revision> = table.get(id)?.map(|record| decode(record.value(), "revision", &name)).transpose()?;
    if known.as_ref().is_some_and(|known| known.number == revision.number) {
        return Ok(Outcome::Unchanged(()));
    }
    table.insert(id, encode(&change::put_revision(known, revision), "put a revision")?.as_slice())?;
    Ok(Outcome::Changed(()))
}

pub(super) fn delete(
    transaction: &WriteTransaction,
    key: &SetKey,
    uid: &SetUid,
    name: &RevisionName,
) -> Result<Outcome<()>, Failure> {
    let mut table = transaction.open_table(REVISIONS)?;
    let removed = table.remove((&*key.namespace, &*key.name, uid.as_str(), name.as_str()))?.is_some();
    Ok(if removed { Outcome::Changed(()) } else { Outcome::Unchanged(()) })
}
