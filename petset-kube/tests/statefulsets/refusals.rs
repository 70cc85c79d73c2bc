//! [`Refusals`]: a server that refuses requests of one kind.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use http::{Method, Request, Response, StatusCode};
use kube::Client;
use kube::client::Body;
use serde_json::json;
use tokio::sync::watch;
use tokio::time::timeout;
use tower::BoxError;

use crate::Error;
use crate::way::{Answer, heard, way};

/// What a refusal says.
pub(crate) const SAYS: &str = "refused by the test";
/// How long a refusal is waited for.
const PATIENCE: Duration = Duration::from_secs(120);

/// Refuses requests of one verb whose path has one part in it, from [`Refusals::begin`] to [`Refusals::end`]. The server
/// does not hear of them.
#[derive(Debug, Clone)]
pub(crate) struct Refusals {
    method: Method,
    part: &'static str,
    refuses: Arc<AtomicBool>,
    refused: watch::Sender<u32>,
}

impl Refusals {
    /// Nothing is refused yet.
    pub(crate) fn of(method: Method, part: &'static str) -> Self {
        Self { method, part, refuses: Arc::default(), refused: watch::Sender::new(0) }
    }

    /// From now on all such requests are refused.
    pub(crate) fn begin(&self) {
        self.refused.send_replace(0);
        self.refuses.store(true, Ordering::Release);
    }

    /// Waits until so many of them were.
    pub(crate) async fn until(&self, count: u32) -> Result<(), Error> {
        let mut refused = self.refused.subscribe();
        let waited = timeout(PATIENCE, refused.wait_for(|refused| *refused >= count)).await;
        waited.map_err(|_elapsed| format!("{} {} is not asked {count} times", self.method, self.part))??;
        Ok(())
    }

    /// From now on none is.
    pub(crate) fn end(&self) {
        self.refuses.store(false, Ordering::Release);
    }

    /// The same client, whose requests may be refused.
    pub(crate) fn between(&self, client: Client) -> Client {
        let refusals = self.clone();
        way(client, move |client, request| refusals.clone().carry(client, request))
    }

    async fn carry(self, client: Client, request: Request<Body>) -> Result<Answer, BoxError> {
        let is_meant = *request.method() == self.method && request.uri().path().contains(self.part);
        if is_meant && self.refuses.load(Ordering::Acquire) {
            self.refused.send_modify(|refused| *refused += 1);
            return Ok(heard(refusal(), |parts| parts));
        }
        Ok(heard(client.send(request).await?, |parts| parts))
    }
}

fn refusal() -> Response<Body> {
    let code = StatusCode::INTERNAL_SERVER_ERROR;
    let status = json!({ "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
        "message": SAYS, "reason": "InternalError", "code": code.as_u16() });
    let mut answer = Response::new(Body::from(status.to_string().into_bytes()));
    *answer.status_mut() = code;
    answer
}
