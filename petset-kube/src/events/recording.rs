//! [`Recording`]: the task that writes Events.

use std::marker::PhantomData;
use std::time::Duration;

use futures::StreamExt;
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use petset_core::engine::EventStream;
use petset_core::{Error, ErrorKind, Result};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until, timeout};

use super::batch::{Batch, Batches, Written};
use super::write::write;
use crate::client::Connection;
use crate::resource::SetKind;

/// At most so many are being written at once.
const AT_ONCE: usize = 4;
/// An Event that takes longer counts as not written.
const PATIENCE: Duration = Duration::from_secs(10);
/// So long [`Recording::finish`] takes at most.
const LAST: Duration = Duration::from_secs(2);

/// What happens to sets, written as Events of their resources.
///
/// # Guarantees
/// - Nothing waits for an Event: when the server is slow, some are missed.
/// - A set has at most 25 Events of either type at once, and one more each minute. What is told beyond that is counted in
///   those that are written, and its first sentences are in them.
/// - An Event that cannot be written is a line in the debug log. It is tried again within the same allowance for ten
///   minutes, unless the server forbids it or the set is no more.
///
/// Dropping it stops the writing; [`finish`](Self::finish) writes what is left before.
#[derive(Debug)]
pub struct Recording {
    finish: Option<oneshot::Sender<()>>,
    task: JoinHandle<()>,
}

impl Recording {
    pub(crate) fn start<K: SetKind>(client: Connection, events: EventStream) -> Self {
        let (finish, asked) = oneshot::channel();
        let writer =
            Writer::<K> { client, batches: Batches::default(), writes: FuturesUnordered::new(), kind: PhantomData };
        Self { finish: Some(finish), task: tokio::spawn(writer.run(events, asked)) }
    }

    /// Writes what is left to be told, for two seconds at most, and stops.
    pub async fn finish(mut self) {
        if let Some(finish) = self.finish.take() {
            // It fails when the events have ended by themselves, and so has the task.
            let _ = finish.send(());
        }
        // A task that panicked has said so.
        let _ = (&mut self.task).await;
    }
}

impl Drop for Recording {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A batch, and what became of it.
type Done = (Batch, Result<Option<Written>>);

struct Writer<K> {
    client: Connection,
    batches: Batches,
    writes: FuturesUnordered<BoxFuture<'static, Done>>,
    kind: PhantomData<K>,
}

impl<K: SetKind> Writer<K> {
    async fn run(mut self, mut events: EventStream, mut asked: oneshot::Receiver<()>) {
        loop {
            let due = self.batches.due(Instant::now()).filter(|_| self.writes.len() < AT_ONCE);
            tokio::select! {
                biased;
                _ = &mut asked => break,
                Some(done) = self.writes.next() => self.account(done),
                () = sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => self.write(false),
                event = events.next() => match event {
                    Some(event) => self.batches.add(event, Instant::now()),
                    None => break,
                },
            }
        }
        // What was told before the end was asked for is there already.
        while let Some(Some(event)) = futures::FutureExt::now_or_never(events.next()) {
            self.batches.add(event, Instant::now());
        }
        let rest = async {
            loop {
                self.write(true);
                match self.writes.next().await {
                    Some((batch, Ok(Some(written)))) => self.batches.written(&batch, written, Instant::now()),
                    Some(_) => {}
                    None => return,
                }
            }
        };
        // What could not be written by then is given up.
        let _ = timeout(LAST, rest).await;
    }

    /// Begins to write what is due.
    fn write(&mut self, hurry: bool) {
        while self.writes.len() < AT_ONCE
            && let Some(batch) = self.batches.take(Instant::now(), hurry)
        {
            let client = self.client.clone();
            self.writes.push(Box::pin(async move {
                let late = |_elapsed| Err(Error::new(ErrorKind::Timeout, "tell of a set"));
                let result = timeout(PATIENCE, write::<K>(&client, &batch)).await.unwrap_or_else(late);
                (batch, result)
            }));
        }
    }

    fn account(&mut self, (batch, result): Done) {
        match result {
            Ok(Some(written)) => self.batches.written(&batch, written, Instant::now()),
            Ok(None) => {}
            Err(error) => {
                tracing::debug!(set = %batch.set, reason = batch.reason, error = %error.chain(), "an event was not written");
                if !matches!(error.kind(), ErrorKind::Forbidden | ErrorKind::Invalid) {
                    self.batches.put_back(batch, Instant::now());
                }
            }
        }
    }
}
