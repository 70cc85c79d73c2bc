//! What may go wrong between a client and its server.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use http::{Request, Response, StatusCode};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full};
use kube::client::Body;
use petset_testkit::seed::Dice;
use serde_json::json;
use tower::{BoxError, Layer, Service};

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
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
}

impl<S> Layer<S> for Trouble {
    type Service = Through<S>;

    fn layer(&self, inner: S) -> Through<S> {
        Through { inner, trouble: self.clone() }
    }
}

type Answer = UnsyncBoxBody<Bytes, BoxError>;

/// A way to the server on which this happens.
#[derive(Debug, Clone)]
pub(crate) struct Through<S> {
    inner: S,
    trouble: Trouble,
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
        let is_watch = request.uri().query().is_some_and(|query| query.contains("watch="));
        let fate = if is_watch { Fate::Good } else { self.trouble.fate() };
        let broken = || BoxError::from(io::Error::from(io::ErrorKind::ConnectionReset));
        match fate {
            Fate::Refused(code) => std::future::ready(Ok(refused(code))).boxed(),
            Fate::LostRequest => std::future::ready(Err(broken())).boxed(),
            Fate::Good | Fate::LostAnswer => {
                let answer = self.inner.call(request);
                async move {
                    let answer = answer.await.map_err(Into::<BoxError>::into)?;
                    if fate == Fate::LostAnswer {
                        return Err(broken());
                    }
                    Ok(answer.map(|body| body.map_err(Into::<BoxError>::into).boxed_unsync()))
                }
                .boxed()
            }
        }
    }
}

fn refused(code: u16) -> Response<Answer> {
    let status = json!({ "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
        "message": "trouble", "reason": "InternalError", "code": code });
    let body = Full::from(status.to_string()).map_err(|never| match never {}).boxed_unsync();
    let mut answer = Response::new(body);
    *answer.status_mut() = StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    answer
}
