//! What Docker cannot remember, on record in one file of the node's directory.
//!
//! Labels of containers and volumes never change and can be read by everybody, so what changes and what is secret is kept
//! here: JSON records in named tables. A write that returned is on disk.

use std::fs::OpenOptions;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use petset_core::{Error, ErrorKind, Result};
use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::task::spawn_blocking;

const CACHE_BYTES: usize = 4 << 20;

/// The open file. Clones are handles of it.
#[derive(Debug, Clone)]
pub(crate) struct Records {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    path: PathBuf,
    database: Database,
    /// Whether writes fail, as on a full disk.
    #[cfg(test)]
    refuses: std::sync::atomic::AtomicBool,
}

/// A table: text keys, JSON records.
pub(crate) type Table = TableDefinition<'static, &'static str, &'static [u8]>;

impl Records {
    /// Opens the file, or makes it. Blocks.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let open = || -> Result<Database, redb::Error> {
            let mut options = OpenOptions::new();
            options.read(true).write(true).create(true).truncate(false);
            // Secrets lie in it.
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
            let mut builder = redb::Builder::new();
            Ok(builder.set_cache_size(CACHE_BYTES).create_file(options.open(path)?)?)
        };
        let database = open().map_err(|error| failed("open the records", path, error))?;
        let inner = Inner {
            path: path.to_owned(),
            database,
            #[cfg(test)]
            refuses: false.into(),
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// From now on writes fail, or succeed again.
    #[cfg(test)]
    pub(crate) fn refuse(&self, refuses: bool) {
        self.inner.refuses.store(refuses, std::sync::atomic::Ordering::Relaxed);
    }

    /// Every record of a table, by key.
    ///
    /// # Errors
    /// `Corrupt` when one of them cannot be read: a shorter list would be a lie.
    pub(crate) async fn all<T: DeserializeOwned + Send + 'static>(&self, table: Table) -> Result<Vec<(String, T)>> {
        let all = self.each(table).await?.into_iter();
        all.map(|(key, record)| Ok((key, record?))).collect()
    }

    /// As [`Records::all`], but each record that cannot be read has its own error.
    pub(crate) async fn each<T: DeserializeOwned + Send + 'static>(
        &self,
        table: Table,
    ) -> Result<Vec<(String, Result<T>)>> {
        let all = self.blocking("read the records", move |database| {
            let read = database.begin_read()?;
            let rows = match read.open_table(table) {
                Ok(rows) => rows,
                Err(redb::TableError::TableDoesNotExist(_)) => return Ok(Vec::new()),
                Err(error) => return Err(error.into()),
            };
            let mut all = Vec::new();
            for row in rows.iter()? {
                let (key, value) = row?;
                all.push((key.value().to_owned(), value.value().to_owned()));
            }
            Ok(all)
        });
        let read = |(key, bytes): (String, Vec<u8>)| {
            let record = serde_json::from_slice(&bytes).map_err(|error| {
                Error::new(ErrorKind::Corrupt, "read a record")
                    .with_context("file", self.inner.path.display())
                    .with_context("key", &key)
                    .with_source(error)
            });
            (key, record)
        };
        Ok(all.await?.into_iter().map(read).collect())
    }

    /// Writes one record.
    pub(crate) async fn put<T: Serialize + Sync>(&self, table: Table, key: &str, record: &T) -> Result<()> {
        let bytes = serde_json::to_vec(record)
            .map_err(|error| Error::new(ErrorKind::Internal, "write a record").with_source(error))?;
        #[cfg(test)]
        if self.inner.refuses.load(std::sync::atomic::Ordering::Relaxed) {
            return Err(Error::new(ErrorKind::Exhausted, "write a record").with_message("no space left on device"));
        }
        let key = key.to_owned();
        self.blocking("write a record", move |database| {
            let write = database.begin_write()?;
            write.open_table(table)?.insert(key.as_str(), bytes.as_slice())?;
            Ok(write.commit()?)
        })
        .await
    }

    /// Removes one record; one that is not there is fine.
    pub(crate) async fn remove(&self, table: Table, key: &str) -> Result<()> {
        let key = key.to_owned();
        self.blocking("remove a record", move |database| {
            let write = database.begin_write()?;
            write.open_table(table)?.remove(key.as_str())?;
            Ok(write.commit()?)
        })
        .await
    }

    async fn blocking<T: Send + 'static>(
        &self,
        operation: &'static str,
        run: impl FnOnce(&Database) -> Result<T, redb::Error> + Send + 'static,
    ) -> Result<T> {
        let inner = Arc::clone(&self.inner);
        spawn_blocking(move || run(&inner.database).map_err(|error| failed(operation, &inner.path, error)))
            .await
            .unwrap_or_else(|error| Err(Error::new(ErrorKind::Internal, operation).with_source(error)))
    }
}

fn failed(operation: &'static str, path: &Path, error: redb::Error) -> Error {
    let full = |error: &std::io::Error| {
        matches!(error.kind(), std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded)
    };
    #[expect(clippy::wildcard_enum_match_arm, reason = "every other failure of the disk may pass")]
    let kind = match &error {
        redb::Error::DatabaseAlreadyOpen => ErrorKind::Locked,
        redb::Error::Io(error) if full(error) => ErrorKind::Exhausted,
        redb::Error::Io(error) if error.kind() == std::io::ErrorKind::PermissionDenied => ErrorKind::Forbidden,
        redb::Error::Corrupted(_) | redb::Error::UpgradeRequired(_) => ErrorKind::Corrupt,
        _ => ErrorKind::Unavailable,
    };
    Error::new(kind, operation).with_context("file", path.display()).with_source(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: Table = TableDefinition::new("test");

    #[tokio::test]
    async fn records_outlive_the_handle_and_one_process_has_them() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("records.redb");
        let records = Records::open(&path).expect("opens");
        assert_eq!(records.all::<u8>(TABLE).await.expect("reads"), []);
        records.put(TABLE, "a", &1).await.expect("writes");
        records.put(TABLE, "b", &2).await.expect("writes");
        records.remove(TABLE, "a").await.expect("removes");
        assert_eq!(Records::open(&path).expect_err("taken").kind(), ErrorKind::Locked);
        drop(records);
        let records = Records::open(&path).expect("opens");
        assert_eq!(records.all::<u8>(TABLE).await.expect("reads"), [("b".to_owned(), 2)]);
        assert_eq!(records.all::<String>(TABLE).await.expect_err("no text").kind(), ErrorKind::Corrupt);
    }
}
