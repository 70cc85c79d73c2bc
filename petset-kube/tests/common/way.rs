//! A way to a server on which something happens to requests, or to what is answered.

use bytes::Bytes;
use futures::stream::{BoxStream, Stream, StreamExt};
use http::{Request, Response};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, BodyStream, StreamBody};
use hyper::body::Frame;
use kube::Client;
use kube::client::Body;
use tower::{BoxError, service_fn};

/// An answer as it arrives.
pub(crate) type Answer = Response<UnsyncBoxBody<Bytes, BoxError>>;

/// A part of it.
pub(crate) type Part = Result<Frame<Bytes>, BoxError>;

/// A client whose requests are all carried like this: as a rule by the client that it is made of.
pub(crate) fn way<F>(client: Client, carry: impl Fn(Client, Request<Body>) -> F + Send + 'static) -> Client
where
    F: Future<Output = Result<Answer, BoxError>> + Send + 'static,
{
    let namespace = client.default_namespace().to_owned();
    Client::new(service_fn(move |request| carry(client.clone(), request)), namespace)
}

/// Whether it begins a watch.
pub(crate) fn is_watch(request: &Request<Body>) -> bool {
    request.uri().query().is_some_and(|query| query.contains("watch="))
}

/// What a server answers, its parts as `change` makes them.
pub(crate) fn heard<S>(answer: Response<Body>, change: impl FnOnce(BoxStream<'static, Part>) -> S) -> Answer
where
    S: Stream<Item = Part> + Send + 'static,
{
    answer.map(|body| {
        let parts = BodyStream::new(body).map(|part| part.map_err(Into::into)).boxed();
        StreamBody::new(change(parts)).boxed_unsync()
    })
}
