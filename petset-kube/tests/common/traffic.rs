//! What a client asks of its server, counted.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use http::{Method, Request};
use tower::{Layer, Service};

/// Counts the requests of a client by verb and resource: "create pods", "patch petsets/status".
#[derive(Debug, Clone, Default)]
pub(crate) struct Traffic(Arc<Mutex<Counts>>);

/// How many requests of each kind.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Counts(BTreeMap<String, u32>);

impl Traffic {
    /// What was asked so far.
    pub(crate) fn counts(&self) -> Counts {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Counts {
    pub(crate) fn of(&self, kind: &str) -> u32 {
        self.0.get(kind).copied().unwrap_or(0)
    }

    /// All of one verb.
    pub(crate) fn verb(&self, verb: &str) -> u32 {
        self.0.iter().filter(|(kind, _)| kind.split(' ').next() == Some(verb)).map(|(_, count)| count).sum()
    }

    /// What was asked since `earlier`.
    pub(crate) fn since(&self, earlier: &Self) -> Self {
        let more = self.0.iter().map(|(kind, count)| (kind.clone(), count - earlier.of(kind)));
        Self(more.filter(|(_, count)| *count > 0).collect())
    }

    pub(crate) fn total(&self) -> u32 {
        self.0.values().sum()
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (kind, count) in &self.0 {
            writeln!(f, "{count:>6} {kind}")?;
        }
        write!(f, "{:>6} in all", self.total())
    }
}

/// Verb and resource of a request, as the server names them.
fn kind(method: &Method, path: &str, query: &str) -> String {
    let mut parts = path.split('/').filter(|part| !part.is_empty());
    let skipped = if parts.next() == Some("api") { 1 } else { 2 };
    let mut parts: Vec<&str> = parts.skip(skipped).collect();
    if parts.first() == Some(&"namespaces") && parts.len() > 2 {
        parts.drain(..2);
    }
    let is_named = parts.len() > 1;
    let verb = match *method {
        Method::GET if query.contains("watch=") => "watch",
        Method::GET if is_named => "get",
        Method::GET => "list",
        Method::POST => "create",
        Method::PUT => "update",
        Method::PATCH => "patch",
        Method::DELETE => "delete",
        _ => "other",
    };
    let resource = [parts.first(), parts.get(2)].into_iter().flatten().copied().collect::<Vec<_>>().join("/");
    format!("{verb} {resource}")
}

impl<S> Layer<S> for Traffic {
    type Service = Counted<S>;

    fn layer(&self, inner: S) -> Counted<S> {
        Counted { inner, traffic: self.clone() }
    }
}

/// A way to the server on which requests are counted.
#[derive(Debug, Clone)]
pub(crate) struct Counted<S> {
    inner: S,
    traffic: Traffic,
}

impl<S, B> Service<Request<B>> for Counted<S>
where
    S: Service<Request<B>>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> S::Future {
        let kind = kind(request.method(), request.uri().path(), request.uri().query().unwrap_or_default());
        *self.traffic.lock().0.entry(kind).or_default() += 1;
        self.inner.call(request)
    }
}
