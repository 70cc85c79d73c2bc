//! What may go wrong between a client and its server.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use http::Request;
use kube::Client;
use kube::client::Body;
use tower::BoxError;

use crate::fate::{Fate, Fates, refusal};
use crate::way::{Answer, heard, is_watch, way};

/// Fails some requests: some before the server has them, some after it has done them. Watches are left alone.
#[derive(Debug, Clone)]
pub(crate) struct Trouble {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    fates: Fates,
    failed: AtomicU64,
    is_over: AtomicBool,
}

impl Trouble {
    /// A third of all requests, by chance that follows from the seed.
    pub(crate) fn new(seed: u64, name: &'static str) -> Self {
        let (fates, failed, is_over) = (Fates::new(seed, name), AtomicU64::new(0), AtomicBool::new(false));
        Self { shared: Arc::new(Shared { fates, failed, is_over }) }
    }

    /// The same client with such troubles.
    pub(crate) fn between(&self, client: Client) -> Client {
        let trouble = self.clone();
        way(client, move |client, request| trouble.clone().carry(client, request))
    }

    /// From now on all goes well.
    pub(crate) fn end(&self) {
        self.shared.is_over.store(true, Ordering::Relaxed);
    }

    /// How many requests failed.
    pub(crate) fn failed(&self) -> u64 {
        self.shared.failed.load(Ordering::Relaxed)
    }

    fn fate(&self) -> Fate {
        if self.shared.is_over.load(Ordering::Relaxed) {
            return Fate::Good;
        }
        let fate = self.shared.fates.next();
        self.shared.failed.fetch_add(u64::from(fate != Fate::Good), Ordering::Relaxed);
        fate
    }

    async fn carry(self, client: Client, request: Request<Body>) -> Result<Answer, BoxError> {
        let broken = || Err(io::Error::from(io::ErrorKind::ConnectionReset).into());
        let answer = match if is_watch(&request) { Fate::Good } else { self.fate() } {
            Fate::Good => client.send(request).await?,
            Fate::Refused(code) => refusal(code),
            Fate::LostAnswer => {
                client.send(request).await?;
                return broken();
            }
            Fate::LostRequest => return broken(),
        };
        Ok(heard(answer, |parts| parts))
    }
}
