//! What may happen to answers on their way.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use futures::future::{BoxFuture, ready};
use futures::stream;
use futures::{FutureExt, StreamExt};
use http::{Request, Response};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, BodyStream, Full, StreamBody};
use kube::client::Body;
use serde_json::{Value, json};
use tokio::sync::watch;
use tower::{BoxError, Layer, Service};

/// Damages the status of some objects in every answer, while it is told to.
#[derive(Debug, Clone)]
pub(crate) struct Weather {
    damaged: Arc<Mutex<Option<String>>>,
    cut: watch::Sender<()>,
}

impl Default for Weather {
    fn default() -> Self {
        Self { damaged: Arc::default(), cut: watch::Sender::new(()) }
    }
}

impl Weather {
    /// From now on, objects with this in their names come without a status that could be read. Every watch breaks.
    pub(crate) fn damage(&self, name: &str) {
        *self.lock() = Some(name.to_owned());
        self.cut.send_replace(());
    }

    /// From now on, answers arrive as they are.
    pub(crate) fn mend(&self) {
        *self.lock() = None;
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<String>> {
        self.damaged.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S> Layer<S> for Weather {
    type Service = Through<S>;

    fn layer(&self, inner: S) -> Through<S> {
        Through { inner, weather: self.clone() }
    }
}

/// The body of an answer, as it arrives.
type Answer = UnsyncBoxBody<Bytes, BoxError>;

/// A way to the server through the weather.
#[derive(Debug, Clone)]
pub(crate) struct Through<S> {
    inner: S,
    weather: Weather,
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
        let weather = self.weather.clone();
        let mut cut = weather.cut.subscribe();
        let answer = self.inner.call(request);
        async move {
            let (head, body) = answer.await.map_err(Into::<BoxError>::into)?.into_parts();
            if is_watch {
                let broken = async move {
                    // The weather lives as long as whatever is on its way.
                    let _ = cut.changed().await;
                    Some(Err(BoxError::from(io::Error::from(io::ErrorKind::ConnectionReset))))
                };
                let frames = BodyStream::new(body).map(|frame| Some(frame.map_err(Into::<BoxError>::into)));
                let until_cut = stream::select(frames.chain(stream::iter([None])), stream::once(broken));
                let ends = until_cut.take_while(|frame| ready(frame.is_some())).filter_map(ready);
                return Ok(Response::from_parts(head, StreamBody::new(ends).boxed_unsync()));
            }
            let mut bytes = body.collect().await.map_err(Into::<BoxError>::into)?.to_bytes().to_vec();
            let damaged = weather.lock().clone();
            if let (Some(name), Ok(mut answer)) = (damaged, serde_json::from_slice::<Value>(&bytes)) {
                spoil(&mut answer, &name);
                bytes = answer.to_string().into_bytes();
            }
            Ok(Response::from_parts(head, Full::from(bytes).map_err(|never| match never {}).boxed_unsync()))
        }
        .boxed()
    }
}

fn spoil(answer: &mut Value, name: &str) {
    if answer["metadata"]["name"].as_str().is_some_and(|found| found.contains(name)) {
        answer["status"] = json!("damaged");
    }
    for item in answer.get_mut("items").and_then(Value::as_array_mut).into_iter().flatten() {
        spoil(item, name);
    }
}
