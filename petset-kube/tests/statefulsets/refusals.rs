//! [`Refusals`]: a server that refuses requests of one kind.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use http::{Method, Request, Response, StatusCode};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full};
use kube::client::Body;
use serde_json::json;
use tokio::sync::watch;
use tokio::time::timeout;
use tower::{BoxError, Layer, Service};

use crate::Error;

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

    fn refuses<B>(&self, request: &Request<B>) -> bool {
        let is_meant = *request.method() == self.method && request.uri().path().contains(self.part);
        is_meant && self.refuses.load(Ordering::Acquire)
    }
}

impl<S> Layer<S> for Refusals {
    type Service = Through<S>;

    fn layer(&self, inner: S) -> Through<S> {
        Through { inner, refusals: self.clone() }
    }
}

type Answer = UnsyncBoxBody<Bytes, BoxError>;

/// A way to the server on which they are refused.
#[derive(Debug, Clone)]
pub(crate) struct Through<S> {
    inner: S,
    refusals: Refusals,
}

impl<S, B> Service<Request<Body>> for Through<S>
where
    S: Service<Request<Body>, Response = Response<B>>,
    S::Future: Send + 'static,
    S::Error: Into<BoxError>,
    B: BodyExt<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    type Response = Response<Answer>;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<Response<Answer>, BoxError>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(context).map_err(Into::into)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        if self.refusals.refuses(&request) {
            self.refusals.refused.send_modify(|refused| *refused += 1);
            return std::future::ready(Ok(refusal())).boxed();
        }
        let answer = self.inner.call(request);
        async move {
            let answer = answer.await.map_err(Into::<BoxError>::into)?;
            Ok(answer.map(|body| body.map_err(Into::<BoxError>::into).boxed_unsync()))
        }
        .boxed()
    }
}

fn refusal() -> Response<Answer> {
    let code = StatusCode::INTERNAL_SERVER_ERROR;
    let status = json!({ "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
        "message": SAYS, "reason": "InternalError", "code": code.as_u16() });
    let body = Full::from(status.to_string()).map_err(|never| match never {}).boxed_unsync();
    let mut answer = Response::new(body);
    *answer.status_mut() = code;
    answer
}
