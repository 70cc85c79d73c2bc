//! A watch that says nothing for a while, without breaking, and what is heard of it afterwards.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use futures::StreamExt;
use http::{Request, StatusCode};
use kube::Client;
use kube::client::Body;
use tokio::sync::watch;
use tower::BoxError;

use crate::way::{Answer, Part, heard, is_watch, way};

/// What a server says in a watch whose place in the history is no more.
const GONE: &[u8] = b"\"code\":410";

/// Holds back what watches of pods say, while it is told to.
#[derive(Debug, Clone)]
pub(crate) struct Stall {
    stalls: watch::Sender<bool>,
    refused: Arc<AtomicU64>,
}

impl Stall {
    /// All flows.
    pub(crate) fn new() -> Self {
        Self { stalls: watch::Sender::new(false), refused: Arc::default() }
    }

    /// The same client, whose watches may stall.
    pub(crate) fn between(&self, client: Client) -> Client {
        let stall = self.clone();
        way(client, move |client, request| stall.clone().carry(client, request))
    }

    /// From now on nothing is heard.
    pub(crate) fn begin(&self) {
        self.stalls.send_replace(true);
    }

    /// From now on all flows, what was held back first.
    pub(crate) fn end(&self) {
        self.stalls.send_replace(false);
    }

    /// How often a watch was told that its place is no more.
    pub(crate) fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    async fn carry(self, client: Client, request: Request<Body>) -> Result<Answer, BoxError> {
        let stalls = is_watch(&request) && request.uri().path().ends_with("/pods");
        let answer = client.send(request).await?;
        if !stalls {
            return Ok(heard(answer, |parts| parts));
        }
        if answer.status() == StatusCode::GONE {
            self.refused.fetch_add(1, Ordering::Relaxed);
        }
        Ok(heard(answer, move |parts| parts.then(move |part| self.clone().hold_back(part))))
    }

    async fn hold_back(self, part: Part) -> Part {
        let said = part.as_ref().ok().and_then(|part| part.data_ref());
        if said.is_some_and(|said: &Bytes| said.windows(GONE.len()).any(|words| words == GONE)) {
            self.refused.fetch_add(1, Ordering::Relaxed);
        }
        // Whoever stalls is held here: it is no error.
        let _ = self.stalls.subscribe().wait_for(|stalls| !stalls).await;
        part
    }
}
