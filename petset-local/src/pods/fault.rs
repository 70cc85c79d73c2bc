//! From failures of the disk to the error of the traits.

use std::io;
use std::path::Path;

use petset_core::{Error, ErrorKind};

/// The error of `operation` on `path`.
pub(super) fn disk(operation: &'static str, path: &Path, error: io::Error) -> Error {
    use io::ErrorKind as Disk;
    let is = |kinds: &[Disk]| kinds.contains(&error.kind());
    let kind = if is(&[Disk::StorageFull, Disk::QuotaExceeded, Disk::FileTooLarge]) || is_exhausted(&error) {
        ErrorKind::Exhausted
    } else if is(&[Disk::PermissionDenied, Disk::ReadOnlyFilesystem]) {
        ErrorKind::Forbidden
    } else if is(&[Disk::InvalidData]) {
        ErrorKind::Corrupt
    } else {
        ErrorKind::Unavailable
    };
    Error::new(kind, operation).with_context("path", path.display()).with_source(error)
}

/// No descriptor, process or memory left.
fn is_exhausted(error: &io::Error) -> bool {
    use rustix::io::Errno;
    matches!(Errno::from_io_error(error), Some(Errno::MFILE | Errno::NFILE | Errno::AGAIN | Errno::NOMEM))
}

/// Runs disk work where it may block.
pub(super) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // The runtime is shutting down, so this task is about to be dropped as well.
            Err(_) => std::future::pending().await,
        },
    }
}
