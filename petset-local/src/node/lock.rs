//! One process at a time runs a node.

use std::fs::{File, TryLockError};
use std::path::Path;

use petset_core::{Error, ErrorKind, Result};

use crate::files;

/// Held as long as the node is open; the system frees it when the process ends, however it ends.
#[derive(Debug)]
pub(super) struct NodeLock {
    _file: File,
}

impl NodeLock {
    pub(super) fn take(dir: &Path) -> Result<Self> {
        let path = dir.join("node.lock");
        let failed = |error| files::failed("open the node", &path, error);
        let file = File::options().create(true).append(true).open(&path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(Error::new(ErrorKind::Locked, "open the node")
                .with_context("path", path.display())
                .with_message("another process runs this node; one process at a time may")),
            Err(TryLockError::Error(error)) => Err(failed(error)),
        }
    }
}
