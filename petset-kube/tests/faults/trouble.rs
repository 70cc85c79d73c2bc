//! What may go wrong between a client and its server.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use http::{Request, Response, StatusCode};
use kube::Client;
use kube::client::Body;
use petset_testkit::seed::Dice;
use serde_json::json;
use tower::BoxError;

use crate::way::{Answer, heard, is_watch, way};

/// Fails some requests: some before the server has them, some after it has done them. Watches are left alone.
#[derive(Debug, Clone)]
pub(crate) struct Trouble {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    seed: u64,
    name: &'static str,
    asked: AtomicU64,
    failed: AtomicU64,
    is_over: AtomicBool,
}

/// What becomes of a request.
#[derive(Debug, Clone, Copy)]
enum Fate {
    Good,
    /// The server says this, and does nothing.
    Refused(u16),
    /// The server does it, and its answer is lost.
    LostAnswer,
    /// The connection breaks before the server has it.
    LostRequest,
}

impl Trouble {
    /// About a third of all requests, by chance that follows from the seed.
    pub(crate) fn new(seed: u64, name: &'static str) -> Self {
        let (asked, failed) = (AtomicU64::new(0), AtomicU64::new(0));
        Self { shared: Arc::new(Shared { seed, name, asked, failed, is_over: AtomicBool::new(false) }) }
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
        let nth = self.shared.asked.fetch_add(1, Ordering::Relaxed);
        if self.shared.is_over.load(Ordering::Relaxed) {
            return Fate::Good;
        }
        let fate = match Dice::of(self.shared.seed, self.shared.name, nth).below(15) {
            0 => Fate::Refused(429),
            1 => Fate::Refused(500),
            2 => Fate::Refused(503),
            3 => Fate::LostRequest,
            4 => Fate::LostAnswer,
            _ => return Fate::Good,
        };
        self.shared.failed.fetch_add(1, Ordering::Relaxed);
        fate
    }

    async fn carry(self, client: Client, request: Request<Body>) -> Result<Answer, BoxError> {
        let broken = || Err(io::Error::from(io::ErrorKind::ConnectionReset).into());
        let answer = match if is_watch(&request) { Fate::Good } else { self.fate() } {
            Fate::Good => client.send(request).await?,
            Fate::Refused(code) => refused(code),
            Fate::LostAnswer => {
                client.send(request).await?;
                return broken();
            }
            Fate::LostRequest => return broken(),
        };
        Ok(heard(answer, |parts| parts))
    }
}

fn refused(code: u16) -> Response<Body> {
    let status = json!({ "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
        "message": "trouble", "reason": "InternalError", "code": code });
    let mut answer = Response::new(Body::from(status.to_string().into_bytes()));
    *answer.status_mut() = StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    answer
}
