//! The conformance suite over every store of this crate.

use std::process::ExitCode;
use std::sync::Arc;

use petset_core::store::MemoryStore;
use petset_testkit::conformance::{Subject, Suite};

fn main() -> ExitCode {
    let suite = Suite::new().subject("memory", || async { Ok(Subject::new().store(Arc::new(MemoryStore::new()))) });
    #[cfg(feature = "redb")]
    let suite = suite.subject("redb", redb::subject);
    suite.run()
}

#[cfg(feature = "redb")]
mod redb {
    use std::sync::Arc;

    use async_trait::async_trait;
    use petset_core::store::RedbStore;
    use petset_core::{Error, ErrorKind, Result};
    use petset_testkit::conformance::{Hands, Subject};

    /// The directory, as long as the store is open.
    #[derive(Debug)]
    struct Directory(tempfile::TempDir);

    #[async_trait]
    impl Hands for Directory {
        fn reopens(&self) -> bool {
            true
        }

        async fn reopen(self: Arc<Self>) -> Result<Subject> {
            over(self)
        }
    }

    pub(crate) async fn subject() -> Result<Subject> {
        let dir = tempfile::tempdir()
            .map_err(|error| Error::new(ErrorKind::Internal, "make a directory").with_source(error))?;
        over(Arc::new(Directory(dir)))
    }

    /// A store over what is in the directory.
    fn over(directory: Arc<Directory>) -> Result<Subject> {
        let store = RedbStore::open(directory.0.path().join("sets.redb"))?;
        Ok(Subject::new().store(Arc::new(store)).hands(directory))
    }
}
