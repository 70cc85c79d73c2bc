//! How much room a file system has.

use std::path::Path;

use petset_core::{Error, ErrorKind, Result};

use crate::files;

/// Refuses what would leave less than `reserve` free bytes where `dir` lies.
pub(super) fn check(dir: &Path, wanted: u64, reserve: u64) -> Result<()> {
    let free = free_bytes(dir)?;
    if free >= wanted.saturating_add(reserve) {
        return Ok(());
    }
    Err(Error::new(ErrorKind::Exhausted, "make a volume").with_context("directory", dir.display()).with_message(
        format!("{wanted} bytes are wanted and {reserve} are to stay free, but only {free} bytes are free"),
    ))
}

fn free_bytes(dir: &Path) -> Result<u64> {
    let found = rustix::fs::statvfs(dir).map_err(|error| files::failed("ask for free space", dir, error.into()))?;
    Ok(found.f_bavail.saturating_mul(found.f_frsize))
}
