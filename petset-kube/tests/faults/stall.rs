//! A watch that says nothing for a while, without breaking.

use std::task::{Context, Poll};

use bytes::Bytes;
use futures::future::BoxFuture;
use futures::{FutureExt, StreamExt};
use http::{Request, Response};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, BodyStream, StreamBody};
use tokio::sync::watch;
use tower::{BoxError, Layer, Service};

/// Holds back what watches of pods say, while it is told to.
#[derive(Debug, Clone)]
pub(crate) struct Stall(watch::Sender<bool>);

impl Stall {
    /// All flows.
    pub(crate) fn new() -> Self {
        Self(watch::Sender::new(false))
    }

    /// From now on nothing is heard.
    pub(crate) fn begin(&self) {
        self.0.send_replace(true);
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
        let stalled = self.stall.0.subscribe();
        let answer = self.inner.call(request);
        async move {
            let answer = answer.await.map_err(Into::<BoxError>::into)?;
            if !stalls {
                return Ok(answer.map(|body| body.map_err(Into::<BoxError>::into).boxed_unsync()));
            }
            Ok(answer.map(|body| {
                let frames = BodyStream::new(body).map(|frame| frame.map_err(Into::<BoxError>::into));
                let late = frames.then(move |frame| {
                    let mut stalled = stalled.clone();
                    async move {
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
