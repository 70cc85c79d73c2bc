//! A watch that says nothing for a while, without breaking, and what is heard of it afterwards.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use futures::future::BoxFuture;
use futures::{FutureExt, StreamExt};
use http::{Request, Response, StatusCode};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, BodyStream, StreamBody};
use tokio::sync::watch;
use tower::{BoxError, Layer, Service};

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
}

impl<S> Layer<S> for Stall {
    type Service = Through<S>;

    fn layer(&self, inner: S) -> Through<S> {
        Through { inner, stall: self.clone() }
    }
}

type Answer = UnsyncBoxBody<Bytes, BoxError>;

/// A way to the server on which watches may stall.
#[derive(Debug, Clone)]
pub(crate) struct Through<S> {
    inner: S,
    stall: Stall,
}

impl<S, R, B> Service<Request<R>> for Through<S>
where
    S: Service<Request<R>, Response = Response<B>>,
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

    fn call(&mut self, request: Request<R>) -> Self::Future {
        let is_watch = request.uri().query().is_some_and(|query| query.contains("watch="));
        let stalls = is_watch && request.uri().path().ends_with("/pods");
        let (stalled, refused) = (self.stall.stalls.subscribe(), Arc::clone(&self.stall.refused));
        let answer = self.inner.call(request);
        async move {
            let answer = answer.await.map_err(Into::<BoxError>::into)?;
            if stalls && answer.status() == StatusCode::GONE {
                refused.fetch_add(1, Ordering::Relaxed);
            }
            if !stalls {
                return Ok(answer.map(|body| body.map_err(Into::<BoxError>::into).boxed_unsync()));
            }
            Ok(answer.map(|body| {
                let frames = BodyStream::new(body).map(|frame| frame.map_err(Into::<BoxError>::into));
                let late = frames.then(move |frame| {
                    let (mut stalled, refused) = (stalled.clone(), Arc::clone(&refused));
                    async move {
                        let said = frame.as_ref().ok().and_then(|frame| frame.data_ref());
                        if said.is_some_and(|said: &Bytes| said.windows(GONE.len()).any(|words| words == GONE)) {
                            refused.fetch_add(1, Ordering::Relaxed);
                        }
                        // The one who stalls lives as long as whatever is on its way.
                        let _ = stalled.wait_for(|stalled| !stalled).await;
                        frame
                    }
                });
                StreamBody::new(late).boxed_unsync()
            }))
        }
        .boxed()
    }
}
