//! [`SlowWatches`]: a server whose watches lag.

use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures::future::BoxFuture;
use futures::{FutureExt, StreamExt};
use http::{Request, Response};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, BodyStream, StreamBody};
use kube::client::Body;
use tower::{BoxError, Layer, Service};

/// What watches of these resources say arrives so much later.
#[derive(Debug, Clone)]
pub(crate) struct SlowWatches {
    pub(crate) resources: &'static [&'static str],
    pub(crate) lag: Duration,
}

impl<S> Layer<S> for SlowWatches {
    type Service = Through<S>;

    fn layer(&self, inner: S) -> Through<S> {
        Through { inner, slow: self.clone() }
    }
}

/// A way to the server.
#[derive(Debug, Clone)]
pub(crate) struct Through<S> {
    inner: S,
    slow: SlowWatches,
}

impl<S, B> Service<Request<Body>> for Through<S>
where
    S: Service<Request<Body>, Response = Response<B>>,
    S::Future: Send + 'static,
    S::Error: Into<BoxError>,
    B: BodyExt<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    type Response = Response<UnsyncBoxBody<Bytes, BoxError>>;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<Self::Response, BoxError>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(context).map_err(Into::into)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let is_watch = request.uri().query().is_some_and(|query| query.contains("watch="));
        let lags = is_watch && self.slow.resources.iter().any(|resource| request.uri().path().ends_with(resource));
        let lag = self.slow.lag;
        let answer = self.inner.call(request);
        async move {
            let (head, body) = answer.await.map_err(Into::into)?.into_parts();
            if !lags {
                return Ok(Response::from_parts(head, body.map_err(Into::into).boxed_unsync()));
            }
            let frames = BodyStream::new(body).map(|frame| frame.map_err(Into::<BoxError>::into));
            let late = frames.map(move |frame| async move {
                tokio::time::sleep(lag).await;
                frame
            });
            Ok(Response::from_parts(head, StreamBody::new(late.buffered(100_000)).boxed_unsync()))
        }
        .boxed()
    }
}
