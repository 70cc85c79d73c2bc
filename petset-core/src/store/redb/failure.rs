//! What may fail inside a transaction, and the one way out of it into the core's error.

use std::io;
use std::path::Path;

use crate::error::{Error, ErrorKind};

/// Why a transaction came to nothing.
pub(super) enum Failure {
    /// The file or the database in it.
    Database(Box<redb::Error>),
    /// A precondition, or a record that cannot be read.
    Refused(Error),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Refused(error)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Database(Box::new(error.into()))
    }
}

macro_rules! from_database {
    ($($error:ident),+) => {
        $(impl From<redb::$error> for Failure {
            fn from(error: redb::$error) -> Self {
                Self::Database(Box::new(error.into()))
            }
        })+
    };
}

from_database!(CommitError, DatabaseError, SetDurabilityError, StorageError, TableError, TransactionError);

impl Failure {
    /// Whether the open database refuses everything from now on, and opening the file again may help.
    pub(super) fn needs_reopening(&self) -> bool {
        match self {
            Self::Database(error) => matches!(
                **error,
                redb::Error::Io(_)
                    | redb::Error::PreviousIo
                    | redb::Error::DatabaseClosed
                    | redb::Error::LockPoisoned(_)
            ),
            Self::Refused(_) => false,
        }
    }

    pub(super) fn into_error(self, operation: &'static str, path: &Path) -> Error {
        let error = match self {
            Self::Database(error) => *error,
            Self::Refused(error) => return error,
        };
        let (kind, message) = explain(&error);
        let mut explained = Error::new(kind, operation).with_context("file", path.display());
        if let Some(message) = message {
            explained = explained.with_message(message);
        }
        explained.with_source(error)
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "what is not named here fits no kind but `Internal`")]
fn explain(error: &redb::Error) -> (ErrorKind, Option<&'static str>) {
    match error {
        redb::Error::DatabaseAlreadyOpen => (
            ErrorKind::Locked,
            Some(
                "something else has this store open, and a store has one writer: stop the other process, or clone the \
                 handle that this process has, or open another path",
            ),
        ),
        redb::Error::Io(error) => explain_io(error.kind()),
        redb::Error::Corrupted(_)
        | redb::Error::UpgradeRequired(_)
        | redb::Error::RepairAborted
        | redb::Error::TableTypeMismatch { .. }
        | redb::Error::TableIsMultimap(_)
        | redb::Error::TypeDefinitionChanged { .. } => {
            (ErrorKind::Corrupt, Some("the file is damaged or is no store: restore it from a copy, or move it away"))
        }
        redb::Error::ValueTooLarge(_) => (ErrorKind::Invalid, None),
        redb::Error::PreviousIo | redb::Error::DatabaseClosed => (
            ErrorKind::Unavailable,
            Some("the disk failed under it before; the file is opened again at the next request"),
        ),
        redb::Error::Unsupported => {
            (ErrorKind::Unsupported, Some("the file system cannot lock files: put the store on a local one"))
        }
        _ => (ErrorKind::Internal, None),
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "every other failure of the disk may pass")]
fn explain_io(kind: io::ErrorKind) -> (ErrorKind, Option<&'static str>) {
    match kind {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
            (ErrorKind::Exhausted, Some("the disk or the quota is full: free some space"))
        }
        io::ErrorKind::PermissionDenied => {
            (ErrorKind::Forbidden, Some("this user may not read and write the file, or make it in its directory"))
        }
        io::ErrorKind::ReadOnlyFilesystem => (ErrorKind::Forbidden, Some("the file system is read-only")),
        io::ErrorKind::NotFound => (ErrorKind::NotFound, Some("its directory does not exist")),
        io::ErrorKind::IsADirectory => (ErrorKind::Invalid, Some("it is a directory, and a store is a file")),
        io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof => {
            (ErrorKind::Corrupt, Some("the file is damaged or is no store: restore it from a copy, or move it away"))
        }
        _ => (ErrorKind::Unavailable, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_of_the_disk_have_their_kind_and_name_the_file() {
        for (io, kind) in [
            (io::ErrorKind::StorageFull, ErrorKind::Exhausted),
            (io::ErrorKind::QuotaExceeded, ErrorKind::Exhausted),
            (io::ErrorKind::PermissionDenied, ErrorKind::Forbidden),
            (io::ErrorKind::ReadOnlyFilesystem, ErrorKind::Forbidden),
            (io::ErrorKind::InvalidData, ErrorKind::Corrupt),
            (io::ErrorKind::TimedOut, ErrorKind::Unavailable),
        ] {
            let failure = Failure::from(io::Error::from(io));
            assert!(failure.needs_reopening(), "{io}");
            let error = failure.into_error("update a set", Path::new("/data/sets.redb"));
            assert_eq!(error.kind(), kind, "{io}");
            assert!(error.to_string().contains("/data/sets.redb"), "{error}");
        }
    }
}
