//! What may happen to answers on their way.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use futures::future::{BoxFuture, ready};
use futures::stream;
use futures::{FutureExt, StreamExt};
use http::{Method, Request, Response};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, BodyStream, Full, StreamBody};
use hyper::body::Frame;
use kube::client::Body;
use serde_json::{Value, json};
use tokio::sync::watch;
use tower::{BoxError, Layer, Service};

/// The name that damaged objects have in theirs. Who holds it knows whether it changed since they looked.
type Damaged = watch::Receiver<Option<String>>;

/// Damages the status of some objects in every answer, while it is told to: in each event of a watch as in each list.
#[derive(Debug, Clone, Default)]
pub(crate) struct Weather {
    damaged: watch::Sender<Option<String>>,
    /// The weather in which each path was read last: a watch goes on from there.
    read: Arc<Mutex<BTreeMap<String, Damaged>>>,
}

impl Weather {
    /// From now on, objects with this in their names come without a status that could be read. Every watch of objects that
    /// were listed before breaks, also one that only begins.
    pub(crate) fn damage(&self, name: &str) {
        self.damaged.send_replace(Some(name.to_owned()));
    }

    /// From now on, answers arrive as they are.
    pub(crate) fn mend(&self) {
        self.damaged.send_replace(None);
    }

    fn read(&self) -> MutexGuard<'_, BTreeMap<String, Damaged>> {
        self.read.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A JSON text as it arrives.
    fn spoilt(&self, text: &[u8]) -> Vec<u8> {
        let damaged = self.damaged.borrow();
        if let (Some(name), Ok(mut answer)) = (&*damaged, serde_json::from_slice::<Value>(text)) {
            spoil(&mut answer, name);
            return answer.to_string().into_bytes();
        }
        text.to_vec()
    }

    /// The events of a watch as they arrive, one in each line.
    fn spoilt_events(&self, lines: &[u8]) -> Vec<u8> {
        let each = lines.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::trim_ascii_end);
        each.map(|event| [&self.spoilt(event)[..], b"\n"].concat()).collect::<Vec<_>>().concat()
    }
}

/// Takes the lines that are whole off.
fn whole_lines(heard: &mut Vec<u8>) -> Vec<u8> {
    let end = heard.iter().rposition(|byte| *byte == b'\n').map_or(0, |last| last + 1);
    heard.drain(..end).collect()
}

/// Until objects are damaged that were not, or others.
async fn worse(mut damaged: Damaged) {
    while damaged.changed().await.is_ok() && damaged.borrow_and_update().is_none() {}
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
        let weather = self.weather.clone();
        let path = request.uri().path().to_owned();
        let is_watch = request.uri().query().is_some_and(|query| query.contains("watch="));
        let now = weather.damaged.subscribe();
        let since = if is_watch { weather.read().get(&path).cloned().unwrap_or(now) } else { now };
        if !is_watch && request.method() == Method::GET {
            weather.read().insert(path, since.clone());
        }
        let answer = self.inner.call(request);
        async move {
            let (head, body) = answer.await.map_err(Into::<BoxError>::into)?.into_parts();
            if is_watch {
                let broken = async move {
                    worse(since).await;
                    Some(Err(BoxError::from(io::Error::from(io::ErrorKind::ConnectionReset))))
                };
                let mut rest = Vec::new();
                let frames = BodyStream::new(body).map(move |frame| {
                    rest.extend(frame.map_err(Into::<BoxError>::into)?.into_data().unwrap_or_default());
                    Ok(Frame::data(Bytes::from(weather.spoilt_events(&whole_lines(&mut rest)))))
                });
                let until_cut = stream::select(frames.map(Some).chain(stream::iter([None])), stream::once(broken));
                let ends = until_cut.take_while(|frame| ready(frame.is_some())).filter_map(ready);
                return Ok(Response::from_parts(head, StreamBody::new(ends).boxed_unsync()));
            }
            let bytes = weather.spoilt(&body.collect().await.map_err(Into::<BoxError>::into)?.to_bytes());
            Ok(Response::from_parts(head, Full::from(bytes).map_err(|never| match never {}).boxed_unsync()))
        }
        .boxed()
    }
}

fn spoil(answer: &mut Value, name: &str) {
    if answer["metadata"]["name"].as_str().is_some_and(|found| found.contains(name)) {
        answer["status"] = json!("damaged");
    }
    let items = answer.get_mut("items").and_then(Value::as_array_mut).into_iter().flatten();
    items.for_each(|item| spoil(item, name));
    if let Some(object) = answer.get_mut("object") {
        spoil(object, name);
    }
}
