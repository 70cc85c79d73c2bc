//! Small files that survive a crash at any instruction.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use petset_core::{Error, ErrorKind};

/// What half-written files end in; nobody reads them.
pub(crate) const HALF: &str = ".half";

/// Replaces `path` by a file with these bytes: afterwards, also after a crash, there is the old file or the new one.
pub(crate) fn write_durably(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let parent = parent(path)?;
    let mut half = path.as_os_str().to_owned();
    half.push(HALF);
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).open(&half)?;
    let written = file.write_all(bytes).and_then(|()| file.sync_all()).and_then(|()| fs::rename(&half, path));
    if let Err(error) = written {
        // Best effort: a file that is left over is overwritten by the next try.
        let _ = fs::remove_file(&half);
        return Err(error);
    }
    sync_directory(parent)
}

/// Removes a file; one that is not there is fine. The removal survives a crash.
pub(crate) fn remove_durably(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Ok(()) => sync_directory(parent(path)?),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

/// Makes a directory and those above it; each of them survives a crash.
pub(crate) fn create_durably(path: &Path) -> io::Result<()> {
    match fs::create_dir(path) {
        Ok(()) => sync_directory(parent(path)?),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
        // Some file systems say so although the parent is there: it cannot be made there at all.
        Err(error) if error.kind() == io::ErrorKind::NotFound && !parent(path)?.is_dir() => {
            create_durably(parent(path)?)?;
            create_durably(path)
        }
        Err(error) => Err(error),
    }
}

/// Makes the names in a directory durable.
pub(crate) fn sync_directory(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

fn parent(path: &Path) -> io::Result<&Path> {
    match path.parent() {
        Some(parent) if parent.as_os_str().is_empty() => Ok(Path::new(".")),
        Some(parent) => Ok(parent),
        None => Err(io::Error::new(io::ErrorKind::InvalidInput, "the root directory has no parent")),
    }
}

/// An IO error with its meaning and the path that it is about.
pub(crate) fn failed(operation: &'static str, path: &Path, error: io::Error) -> Error {
    use io::ErrorKind as Io;
    let is = |kinds: &[Io]| kinds.contains(&error.kind());
    let (kind, message) = if is(&[Io::StorageFull, Io::QuotaExceeded]) {
        (ErrorKind::Exhausted, Some("the disk or the quota is full"))
    } else if is(&[Io::ReadOnlyFilesystem]) {
        (ErrorKind::Forbidden, Some("the file system is mounted read-only"))
    } else if is(&[Io::PermissionDenied]) {
        (ErrorKind::Forbidden, None)
    } else if is(&[Io::NotFound]) {
        (ErrorKind::Unavailable, None)
    } else {
        (ErrorKind::Internal, None)
    };
    let failed = Error::new(kind, operation).with_context("path", path.display()).with_source(error);
    match message {
        Some(message) => failed.with_message(message),
        None => failed,
    }
}
