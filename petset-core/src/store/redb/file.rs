//! The open file: opening it, opening it again after the disk failed, and running transactions on it.

use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};
use std::sync::{PoisonError, RwLock};

use redb::{Builder, Database, Durability, ReadTransaction, ReadableDatabase, WriteTransaction};

use super::failure::Failure;
use super::tables;
use crate::error::Result;

/// The database keeps at most this much of the file in memory; all of a usual store, little of a process.
const CACHE_BYTES: usize = 8 << 20;

#[derive(Debug)]
pub(super) struct StoreFile {
    path: PathBuf,
    /// After a failure of the disk the database refuses everything until it is opened again. `None` from such a
    /// failure to the next request, so that a mended disk heals the store without a restart.
    database: RwLock<Option<Database>>,
}

impl StoreFile {
    pub(super) fn open(path: &Path) -> Result<Self> {
        Ok(Self { path: path.to_owned(), database: RwLock::new(Some(open(path, "open a store")?)) })
    }

    pub(super) fn read<T>(
        &self,
        operation: &'static str,
        read: impl FnOnce(&ReadTransaction) -> Result<T, Failure>,
    ) -> Result<T> {
        self.with_database(operation, |database| read(&database.begin_read()?))
    }

    /// Commits when `write` answers `Some`. Whatever else it answers, nothing is written.
    pub(super) fn write<T>(
        &self,
        operation: &'static str,
        write: impl FnOnce(&WriteTransaction) -> Result<Outcome<T>, Failure>,
    ) -> Result<Outcome<T>> {
        self.with_database(operation, |database| {
            let mut transaction = database.begin_write()?;
            transaction.set_durability(Durability::Immediate)?;
            let outcome = write(&transaction)?;
            match outcome {
                Outcome::Changed(_) => transaction.commit()?,
                Outcome::Unchanged(_) => transaction.abort()?,
            }
            Ok(outcome)
        })
    }

    fn with_database<T>(
        &self,
        operation: &'static str,
        run: impl FnOnce(&Database) -> Result<T, Failure>,
    ) -> Result<T> {
        let result = loop {
            let database = self.database.read().unwrap_or_else(PoisonError::into_inner);
            match &*database {
                Some(database) => break run(database),
                None => drop(database),
            }
            self.reopen(operation)?;
        };
        result.map_err(|failure| {
            if failure.needs_reopening() {
                *self.database.write().unwrap_or_else(PoisonError::into_inner) = None;
            }
            failure.into_error(operation, &self.path)
        })
    }

    fn reopen(&self, operation: &'static str) -> Result<()> {
        let mut database = self.database.write().unwrap_or_else(PoisonError::into_inner);
        if database.is_none() {
            *database = Some(open(&self.path, operation)?);
        }
        Ok(())
    }
}

/// What a write came to.
#[derive(Debug)]
pub(super) enum Outcome<T> {
    /// It is to be committed, and watchers are to be told.
    Changed(T),
    /// Everything was already so.
    Unchanged(T),
}

fn open(path: &Path, operation: &'static str) -> Result<Database> {
    try_open(path).map_err(|failure| match failure {
        Failure::Refused(error) => error.with_context("file", path.display()),
        failure @ Failure::Database(_) => failure.into_error(operation, path),
    })
}

fn try_open(path: &Path) -> Result<Database, Failure> {
    let is_new = !path.exists();
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    // Secrets lie in it.
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let database = Builder::new().set_cache_size(CACHE_BYTES).create_file(options.open(path)?)?;
    let transaction = database.begin_write()?;
    tables::prepare(&transaction)?;
    transaction.commit()?;
    if is_new {
        sync_directory_of(path)?;
    }
    Ok(database)
}

/// A new file is durable only when its directory's entry is.
fn sync_directory_of(path: &Path) -> std::io::Result<()> {
    if cfg!(unix) {
        let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        File::open(directory)?.sync_all()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;
    use crate::error::ErrorKind;

    #[test]
    fn after_a_failure_of_the_disk_the_next_request_opens_the_file_again() {
        let directory = tempfile::tempdir().expect("a directory");
        let file = StoreFile::open(&directory.path().join("sets.redb")).expect("a store");
        let error = file.read("test", |_| Err::<(), _>(io::Error::from(io::ErrorKind::StorageFull).into()));
        assert_eq!(error.expect_err("a full disk").kind(), ErrorKind::Exhausted);
        assert!(file.database.read().expect("no panic").is_none(), "the failed database is closed");
        file.read("test", |_| Ok(())).expect("the disk is well again");
        file.write("test", |_| Ok(Outcome::Changed(()))).expect("and takes writes");
    }
}
