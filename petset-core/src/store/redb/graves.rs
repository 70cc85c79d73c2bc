//! What is remembered of sets that are no more, in a transaction.

use redb::{ReadTransaction, ReadableTable, WriteTransaction};

use super::failure::Failure;
use super::record::{decode, encode};
use super::tables::{GRAVES, next_number};
use crate::names::{SetKey, SetUid};
use crate::store::change::{self, Grave};
use crate::store::{GoneSet, StoredSet};

pub(super) fn all(transaction: &ReadTransaction) -> Result<Vec<GoneSet>, Failure> {
    let graves = read(&transaction.open_table(GRAVES)?)?;
    Ok(graves.into_iter().map(|(set, grave)| grave.tell(set)).collect())
}

/// Remembers a set that is removed, and forgets the oldest when there are too many.
pub(super) fn bury(transaction: &WriteTransaction, stored: &StoredSet) -> Result<(), Failure> {
    let mut table = transaction.open_table(GRAVES)?;
    let key = stored.key();
    let grave = Grave::of(stored, next_number(transaction)?);
    table.insert((&*key.namespace, &*key.name), encode(&grave, "remove a set")?.as_slice())?;
    let known = read(&table)?;
    if known.len() > change::GRAVES
        && let Some((oldest, _)) = known.iter().min_by_key(|(_, grave)| grave.number)
    {
        table.remove((&*oldest.namespace, &*oldest.name))?;
    }
    Ok(())
}

/// The earlier lives of a set that is created anew, which remembers them from now on.
pub(super) fn take(transaction: &WriteTransaction, key: &SetKey) -> Result<Vec<SetUid>, Failure> {
    let mut table = transaction.open_table(GRAVES)?;
    let Some(record) = table.remove((&*key.namespace, &*key.name))? else { return Ok(Vec::new()) };
    Ok(decode::<Grave>(record.value(), "set", key)?.lives)
}

fn read(
    table: &impl ReadableTable<(&'static str, &'static str), &'static [u8]>,
) -> Result<Vec<(SetKey, Grave)>, Failure> {
    let mut graves = Vec::new();
    for entry in table.range::<(&str, &str)>(..)? {
        let (key, record) = entry?;
        let (namespace, name) = key.value();
        let key = SetKey::new(namespace, name);
        let grave = decode(record.value(), "set", &key)?;
        graves.push((key, grave));
    }
    Ok(graves)
}
