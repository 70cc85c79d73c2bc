//! Services, config maps and secrets in a transaction.

use redb::{ReadTransaction, ReadableTable, WriteTransaction};

use super::failure::Failure;
use super::file::Outcome;
use super::record::{decode, encode};
use super::sets;
use super::tables::OBJECTS;
use crate::error::Result;
use crate::names::SetKey;
use crate::spec::{ConfigObject, ConfigObjectKind};

pub(super) fn of_namespace(transaction: &ReadTransaction, namespace: &str) -> Result<Vec<ConfigObject>, Failure> {
    let table = transaction.open_table(OBJECTS)?;
    let mut objects: Vec<ConfigObject> = Vec::new();
    for entry in table.range((namespace, "", "")..)? {
        let (id, record) = entry?;
        let (found, kind, name) = id.value();
        if found != namespace {
            break;
        }
        objects.push(decode(record.value(), "object", &format!("{kind} {namespace}/{name}"))?);
    }
    objects.sort_by(|a, b| (a.kind(), &a.metadata().name).cmp(&(b.kind(), &b.metadata().name)));
    Ok(objects)
}

/// Answers the sets that the object may concern.
pub(super) fn put(transaction: &WriteTransaction, object: &ConfigObject) -> Result<Outcome<Vec<SetKey>>, Failure> {
    let metadata = object.metadata();
    let id = (metadata.namespace.as_str(), kind_name(object.kind()), metadata.name.as_str());
    let record = encode(object, "put an object")?;
    let mut table = transaction.open_table(OBJECTS)?;
    // Equal records, not equal objects: a damaged record is replaced by a good one.
    if table.get(id)?.is_some_and(|known| known.value() == record) {
        return Ok(Outcome::Unchanged(Vec::new()));
    }
    table.insert(id, record.as_slice())?;
    Ok(Outcome::Changed(sets::keys_of(transaction, &metadata.namespace)?))
}

/// Answers the sets that the object concerned.
pub(super) fn delete(
    transaction: &WriteTransaction,
    namespace: &str,
    kind: ConfigObjectKind,
    name: &str,
) -> Result<Outcome<Vec<SetKey>>, Failure> {
    let mut table = transaction.open_table(OBJECTS)?;
    if table.remove((namespace, kind_name(kind), name))?.is_none() {
        return Ok(Outcome::Unchanged(Vec::new()));
    }
    Ok(Outcome::Changed(sets::keys_of(transaction, namespace)?))
}

fn kind_name(kind: ConfigObjectKind) -> &'static str {
    match kind {
        ConfigObjectKind::Service => "Service",
        ConfigObjectKind::ConfigMap => "ConfigMap",
        ConfigObjectKind::Secret => "Secret",
    }
}
