//! One process at a time runs a node.

use std::fs::{File, TryLockError};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use petset_core::{Error, ErrorKind, Result};

use crate::files;

/// How long a node that is being closed is waited for: the last request of its last user may still be under way.
const PATIENCE: Duration = Duration::from_secs(1);
const LOOK: Duration = Duration::from_millis(20);

/// Held as long as the node is open; the system frees it when the process ends, however it ends.
#[derive(Debug)]
pub(super) struct NodeLock {
    _file: File,
}

impl NodeLock {
    /// Blocks for up to [`PATIENCE`].
    pub(super) fn take(dir: &Path) -> Result<Self> {
        let path = dir.join("node.lock");
        let failed = |error| files::failed("open the node", &path, error);
        let file = File::options().create(true).append(true).open(&path).map_err(failed)?;
        let deadline = Instant::now() + PATIENCE;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Self { _file: file }),
                Err(TryLockError::WouldBlock) if Instant::now() < deadline => thread::sleep(LOOK),
                Err(TryLockError::WouldBlock) => {
                    return Err(Error::new(ErrorKind::Locked, "open the node")
                        .with_context("path", path.display())
                        .with_message("somebody runs this node, here or in another process; one at a time may"));
                }
                Err(TryLockError::Error(error)) => return Err(failed(error)),
            }
        }
    }
}
