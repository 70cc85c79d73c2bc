//! [`SlowWatches`]: a server whose watches lag.

use std::time::Duration;

use futures::StreamExt;
use http::Request;
use kube::Client;
use kube::client::Body;
use tower::BoxError;

use crate::way::{Answer, heard, is_watch, way};

/// What watches of these resources say arrives so much later.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SlowWatches {
    pub(crate) resources: &'static [&'static str],
    pub(crate) lag: Duration,
}

impl SlowWatches {
    /// The same client, whose watches lag.
    pub(crate) fn between(self, client: Client) -> Client {
        way(client, move |client, request| self.carry(client, request))
    }

    async fn carry(self, client: Client, request: Request<Body>) -> Result<Answer, BoxError> {
        let Self { resources, lag } = self;
        let lags = is_watch(&request) && resources.iter().any(|resource| request.uri().path().ends_with(resource));
        let answer = client.send(request).await?;
        if !lags {
            return Ok(heard(answer, |parts| parts));
        }
        let late = move |part| async move {
            tokio::time::sleep(lag).await;
            part
        };
        Ok(heard(answer, move |parts| parts.map(late).buffered(100_000)))
    }
}
