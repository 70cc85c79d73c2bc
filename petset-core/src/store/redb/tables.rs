//! The tables of the file.

use redb::{ReadableTable, TableDefinition, WriteTransaction};

use super::failure::Failure;
use crate::error::{Error, ErrorKind, Result};
use crate::names::Version;

/// Namespace and name → [`StoredSet`](crate::store::StoredSet).
pub(super) const SETS: TableDefinition<'_, (&str, &str), &[u8]> = TableDefinition::new("sets");
/// Namespace, name, uid and revision → [`Revision`](crate::store::Revision).
pub(super) const REVISIONS: TableDefinition<'_, (&str, &str, &str, &str), &[u8]> = TableDefinition::new("revisions");
/// Namespace, kind and name → [`ConfigObject`](crate::spec::ConfigObject).
pub(super) const OBJECTS: TableDefinition<'_, (&str, &str, &str), &[u8]> = TableDefinition::new("objects");
/// Namespace and name → [`Grave`](crate::store::change::Grave).
pub(super) const GRAVES: TableDefinition<'_, (&str, &str), &[u8]> = TableDefinition::new("graves");
/// The numbers of the file itself.
const NUMBERS: TableDefinition<'_, &str, u64> = TableDefinition::new("numbers");

/// Which tables there are and what their keys mean. Records have a format of their own.
const LAYOUT: u64 = 1;

/// Makes the tables of an empty file; refuses a file that a later release laid out.
pub(super) fn prepare(transaction: &WriteTransaction) -> Result<(), Failure> {
    let mut numbers = transaction.open_table(NUMBERS)?;
    let layout = numbers.get("layout")?.map(|layout| layout.value());
    match layout {
        None => {
            numbers.insert("layout", LAYOUT)?;
        }
        Some(LAYOUT) => {}
        Some(other) => {
            return Err(Error::new(ErrorKind::Corrupt, "open a store")
                .with_message(format!(
                    "the file has layout {other}, and this release reads layout {LAYOUT}: use the release that wrote it"
                ))
                .into());
        }
    }
    transaction.open_table(SETS)?;
    transaction.open_table(REVISIONS)?;
    transaction.open_table(OBJECTS)?;
    transaction.open_table(GRAVES)?;
    Ok(())
}

/// A version that no set of this file ever had, not even in an earlier life.
pub(super) fn next_version(transaction: &WriteTransaction) -> Result<Version, Failure> {
    Ok(Version::new(next_number(transaction)?.to_string()))
}

/// A number that nothing in this file ever had.
pub(super) fn next_number(transaction: &WriteTransaction) -> Result<u64, Failure> {
    let mut numbers = transaction.open_table(NUMBERS)?;
    let number = numbers.get("version")?.map_or(0, |number| number.value()) + 1;
    numbers.insert("version", number)?;
    Ok(number)
}
