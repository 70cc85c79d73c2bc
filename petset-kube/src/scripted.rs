//! A server that says what a test has written down, and remembers what it was asked.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use kube::Client;
use kube::client::Body;
use serde_json::{Value, json};

use crate::client::Connection;

/// What is answered to one request.
#[derive(Debug, Clone)]
pub(crate) struct Answer(StatusCode, Value);

impl Answer {
    pub(crate) fn ok(said: Value) -> Self {
        Self(StatusCode::OK, said)
    }

    /// The server took the request and says no.
    pub(crate) fn refused(code: u16, reason: &str) -> Self {
        let said = json!({ "kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": reason, "code": code });
        Self(StatusCode::from_u16(code).expect("a code"), said)
    }
}

/// A server whose lists of all namespaces are always the same and whose watches say nothing. Every other request has the
/// next answer.
#[derive(Debug, Clone)]
pub(crate) struct Scripted(Arc<Mutex<Script>>);

#[derive(Debug)]
struct Script {
    items: Value,
    answers: VecDeque<Answer>,
    asked: Vec<String>,
}

impl Scripted {
    pub(crate) fn new(items: Value, answers: Vec<Answer>) -> Self {
        Self(Arc::new(Mutex::new(Script { items, answers: answers.into(), asked: Vec::new() })))
    }

    /// What was asked beside lists and watches of all namespaces: method, path, which page of a list, and the body where there
    /// is one.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.lock().asked.clone()
    }

    /// A way to it, on the runtime that this is called on.
    pub(crate) fn connection(&self) -> Connection {
        let server = self.clone();
        let service = tower::service_fn(move |request: Request<Body>| {
            let server = server.clone();
            async move {
                let (head, body) = request.into_parts();
                let body = body.collect().await.expect("a whole body").to_bytes();
                let said = match &head.method {
                    _ if head.uri.query().is_some_and(|query| query.contains("watch=true")) => {
                        let silence = Full::<Bytes>::from("\n").with_trailers(std::future::pending());
                        return Ok::<_, Infallible>(Response::new(silence.boxed_unsync()));
                    }
                    &Method::GET if !head.uri.path().contains("/namespaces/") => server.list(),
                    method => {
                        let pages = head.uri.query().filter(|query| query.contains("limit="));
                        let page = pages.map(|query| format!("?{}", query.trim_start_matches('&'))).unwrap_or_default();
                        server.next(&format!("{method} {}{page} {}", head.uri.path(), String::from_utf8_lossy(&body)))
                    }
                };
                let mut answer = Response::new(Full::<Bytes>::from(said.1.to_string()).boxed_unsync());
                *answer.status_mut() = said.0;
                Ok(answer)
            }
        });
        Connection::new(Client::new(service, "default"))
    }

    fn list(&self) -> Answer {
        Answer::ok(json!({ "metadata": { "resourceVersion": "1" }, "items": self.lock().items }))
    }

    fn next(&self, request: &str) -> Answer {
        let mut script = self.lock();
        script.asked.push(request.trim_end().to_owned());
        script.answers.pop_front().unwrap_or_else(|| Answer::refused(404, "NotFound"))
    }

    fn lock(&self) -> MutexGuard<'_, Script> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
