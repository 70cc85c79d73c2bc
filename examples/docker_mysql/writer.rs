//! A client that writes all the time, and remembers what was acknowledged.

use std::collections::BTreeSet;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::client::CLIENT;
use crate::database::{Host, Shell};
use crate::stage::Error;

/// The writer at work.
#[derive(Debug)]
pub(crate) struct Writer {
    stop: oneshot::Sender<()>,
    work: JoinHandle<Written>,
}

/// What came of it.
#[derive(Debug, Default)]
pub(crate) struct Written {
    pub(crate) acknowledged: BTreeSet<u64>,
    pub(crate) failed: usize,
}

impl Writer {
    /// Writes ever higher numbers, from `first` on, from the client's own pod to whoever has this name.
    pub(crate) fn start(shell: Shell, host: Host, first: u64) -> Self {
        let (stop, mut stopped) = oneshot::channel();
        let work = tokio::spawn(async move {
            let mut written = Written::default();
            for number in first.. {
                if !matches!(stopped.try_recv(), Err(oneshot::error::TryRecvError::Empty)) {
                    break;
                }
                let statement = format!("INSERT INTO shop.orders VALUES ({number})");
                if shell.ask(CLIENT, host, &statement).await.is_ok() {
                    written.acknowledged.insert(number);
                } else {
                    // Whether a write without an answer was done is not known, so its number is not used again.
                    written.failed += 1;
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
            written
        });
        Self { stop, work }
    }

    /// Ends it.
    pub(crate) async fn end(self) -> Result<Written, Error> {
        let Self { stop, work } = self;
        drop(stop);
        Ok(work.await?)
    }
}
