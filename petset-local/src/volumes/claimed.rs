//! Directories outside of the volumes' own: one node at a time uses each of them.

use std::collections::BTreeMap;
use std::fs::{File, TryLockError};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use petset_core::{Error, ErrorKind, Result};

use crate::files;

/// The name of the lock in such a directory.
const LOCK: &str = ".petset.lock";

/// How often and how long a lock is tried for that a process between fork and exec may still hold.
const ATTEMPTS: u32 = 20;
const PAUSE: Duration = Duration::from_millis(5);

/// The directories that are ours, until this is dropped or the process ends.
#[derive(Debug, Default)]
pub(super) struct Claimed(Mutex<BTreeMap<Identity, File>>);

/// Device and inode of a lock file: another disk that is mounted over a directory has another lock.
type Identity = (u64, u64);

impl Claimed {
    /// Makes the directory ours, if it is not yet.
    ///
    /// # Errors
    /// `Locked` when another node uses it; otherwise what the file system says.
    pub(super) fn take(&self, dir: &Path) -> Result<()> {
        let path = dir.join(LOCK);
        let failed = |error| files::failed("lock a directory of volumes", &path, error);
        let mut locks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match path.metadata() {
            Ok(file) if locks.contains_key(&(file.dev(), file.ino())) => return Ok(()),
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
            _ => {}
        }
        let file = open(&path).map_err(failed)?;
        lock(&file).map_err(|error| match error {
            TryLockError::WouldBlock => Error::new(ErrorKind::Locked, "lock a directory of volumes")
                .with_context("path", path.display())
                .with_message("another node uses it; one at a time may"),
            TryLockError::Error(error) => failed(error),
        })?;
        let metadata = file.metadata().map_err(failed)?;
        locks.insert((metadata.dev(), metadata.ino()), file);
        Ok(())
    }
}

/// Opened for reading only, so that a file system can become, and be, read-only.
fn open(path: &Path) -> io::Result<File> {
    match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            drop(File::options().create(true).append(true).open(path)?);
            File::open(path)
        }
        opened => opened,
    }
}

fn lock(file: &File) -> std::result::Result<(), TryLockError> {
    for _ in 1..ATTEMPTS {
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => thread::sleep(PAUSE),
            done => return done,
        }
    }
    file.try_lock()
}
