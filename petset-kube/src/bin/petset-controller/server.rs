//! [`Server`]: `/healthz`, `/readyz` and `/metrics`.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::time::Duration;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use metrics::{Unit, describe_counter, describe_gauge, describe_histogram};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

use crate::Error;
use crate::health::Health;

/// So many are served at once; others wait.
const AT_ONCE: usize = 32;
/// Whoever asks has so long to say what for.
const PATIENCE: Duration = Duration::from_secs(5);
/// What was measured is summed up this often, asked for or not.
const UPKEEP: Duration = Duration::from_secs(5);
/// The limits of the buckets of durations, in seconds.
const SECONDS: [f64; 10] = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0, 30.0];

/// What is answered, until it is stopped.
#[derive(Debug)]
pub(crate) struct Server {
    task: JoinHandle<()>,
}

/// What answers are made of.
#[derive(Clone)]
struct Facts {
    health: Health,
    metrics: PrometheusHandle,
}

impl Server {
    /// Answers at `address` from now on, and measures from now on.
    pub(crate) async fn start(address: SocketAddr, health: Health) -> Result<Self, Error> {
        let metrics = PrometheusBuilder::new()
            .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS)?
            .install_recorder()?;
        describe();
        health.set(health.state());
        let listener = TcpListener::bind(address).await.map_err(|error| format!("--listen {address}: {error}"))?;
        tracing::info!(address = %listener.local_addr()?, "serves /healthz, /readyz and /metrics");
        Ok(Self { task: tokio::spawn(serve(listener, Facts { health, metrics })) })
    }

    pub(crate) async fn stop(self) {
        self.task.abort();
        // It ends because it was told to.
        let _ = self.task.await;
    }
}

fn describe() {
    describe_counter!("petset_passes_total", "Looks at a set, each with what was done then, by result.");
    describe_histogram!("petset_pass_seconds", Unit::Seconds, "How long a look at a set and what was done then took.");
    describe_counter!("petset_actions_total", "What was done to pods, claims and names, by kind and result.");
    describe_gauge!("petset_leader", "Whether this controller works: 1 if it does, 0 while it waits for the lease.");
}

async fn serve(listener: TcpListener, facts: Facts) {
    let mut connections = JoinSet::new();
    let mut upkeep = tokio::time::interval(UPKEEP);
    loop {
        tokio::select! {
            accepted = listener.accept(), if connections.len() < AT_ONCE => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(connection(stream, facts.clone()));
                }
                Err(error) => {
                    tracing::debug!(%error, "a connection was not accepted");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            },
            _ = connections.join_next(), if !connections.is_empty() => {}
            _ = upkeep.tick() => facts.metrics.run_upkeep(),
        }
    }
}

async fn connection(stream: TcpStream, facts: Facts) {
    let answers = service_fn(move |request: Request<Incoming>| {
        let answer = answer(&request, &facts);
        async move { Ok::<_, Infallible>(answer) }
    });
    let mut builder = http1::Builder::new();
    let connection = builder.timer(TokioTimer::new()).header_read_timeout(PATIENCE);
    if let Err(error) = connection.serve_connection(TokioIo::new(stream), answers).await {
        tracing::debug!(%error, "a connection broke");
    }
}

fn answer(request: &Request<Incoming>, facts: &Facts) -> Response<Full<Bytes>> {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return text(StatusCode::METHOD_NOT_ALLOWED, "only GET is answered\n");
    }
    match request.uri().path() {
        "/healthz" => match facts.health.blind() {
            None => text(StatusCode::OK, "ok\n"),
            Some(blind) => {
                let said = format!("the cluster has not been seen for {} s\n", blind.as_secs());
                text(StatusCode::SERVICE_UNAVAILABLE, said)
            }
        },
        "/readyz" => {
            let state = facts.health.state();
            let code = if state.is_ready() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
            text(code, format!("{}\n", state.as_str()))
        }
        "/metrics" => text(StatusCode::OK, facts.metrics.render()),
        _ => text(StatusCode::NOT_FOUND, "here are /healthz, /readyz and /metrics\n"),
    }
}

fn text(code: StatusCode, body: impl Into<Bytes>) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body.into()));
    *response.status_mut() = code;
    let kind = hyper::header::HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    response.headers_mut().insert(hyper::header::CONTENT_TYPE, kind);
    response
}
