//! A way to the server on which nobody waits for ever: a connection that is dead may be silent about it.

use std::time::Duration;

use futures::stream::{self, Stream, StreamExt};
use http::{Request, Response};
use http_body_util::{BodyStream, StreamBody};
use kube::Client;
use kube::client::Body;
use thiserror::Error as ThisError;
use tokio::time::timeout;
use tower::{BoxError, service_fn};

/// So long the server has to begin an answer, and then for each part of it.
const ANSWER: Duration = Duration::from_secs(60);
/// So long a watch that has begun may say nothing. The server ends each after less.
const WATCH: Duration = Duration::from_secs(295);

/// Nothing was heard of the server for so long.
#[derive(Debug, ThisError)]
#[error("it says nothing for {} s", .0.as_secs())]
struct Silent(Duration);

/// The same client, and its patience ends.
pub(super) fn patient(client: Client) -> Client {
    let namespace = client.default_namespace().to_owned();
    let service = service_fn(move |request: Request<Body>| {
        let client = client.clone();
        async move {
            let is_watch = request.uri().query().is_some_and(|query| query.contains("watch=true"));
            let begun = timeout(ANSWER, client.send(request)).await.map_err(|_elapsed| Silent(ANSWER))?;
            let (answer, patience): (Response<Body>, _) = (begun?, if is_watch { WATCH } else { ANSWER });
            Ok::<_, BoxError>(answer.map(|body| StreamBody::new(heard(BodyStream::new(body), patience))))
        }
    });
    Client::new(service, namespace)
}

/// What is said, until nothing is for so long.
fn heard<T, E: Into<BoxError>>(
    said: impl Stream<Item = Result<T, E>> + Send,
    patience: Duration,
) -> impl Stream<Item = Result<T, BoxError>> + Send {
    stream::unfold(Some(Box::pin(said)), move |said| async move {
        let mut said = said?;
        match timeout(patience, said.next()).await {
            Ok(part) => Some((part?.map_err(Into::into), Some(said))),
            Err(_elapsed) => Some((Err(Silent(patience).into()), None)),
        }
    })
}
