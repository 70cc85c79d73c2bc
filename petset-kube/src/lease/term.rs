//! [`Term`]: the time for which a lease is ours.

use std::time::Duration;

use k8s_openapi::api::coordination::v1::Lease as Record;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::MicroTime;
use k8s_openapi::jiff::Timestamp;
use tokio::time::{Instant, sleep_until};

use super::Lease;
use crate::client::Failure;

/// A lease is renewed this often.
const RENEWAL: Duration = Duration::from_secs(5);

/// A lease that is ours, until somebody else has it. It is renewed only while [`lost`](Self::lost) is awaited.
#[derive(Debug)]
#[must_use = "it runs out unless it is renewed"]
pub struct Term {
    lease: Lease,
    ours: Record,
    /// When it is to be renewed.
    due: Instant,
}

impl Term {
    pub(super) fn new(lease: Lease, ours: Record) -> Self {
        Self { lease, ours, due: Instant::now() + RENEWAL }
    }

    /// Renews the lease until somebody else has it. It may be dropped and called again; a renewal that was dropped
    /// before the server answered is begun anew, so now and then it has to be awaited for longer than an answer takes.
    pub async fn lost(&mut self) {
        loop {
            sleep_until(self.due).await;
            let renewed = self.renew().await;
            self.due = Instant::now() + RENEWAL;
            match renewed {
                Ok(true) => {}
                Ok(false) => {
                    tracing::warn!(lease = self.lease.name(), "somebody else has the lease");
                    return;
                }
                Err(failure) => self.lease.warn("the lease is not renewed", failure),
            }
        }
    }

    /// False when somebody else has it.
    async fn renew(&mut self) -> Result<bool, Failure> {
        let mut renewed = self.ours.clone();
        renewed.spec.get_or_insert_default().renew_time = Some(MicroTime(Timestamp::now()));
        if let Some(newer) = self.lease.replace(&renewed).await? {
            self.ours = newer;
            return Ok(true);
        }
        // Somebody wrote it meanwhile, or removed it.
        let Some(found) = self.lease.read().await?.filter(|found| self.lease.is_ours(found)) else { return Ok(false) };
        self.ours = found;
        Ok(true)
    }

    /// Gives the lease away, so that nobody has to wait for its end. Best effort: it runs out by itself.
    pub async fn release(self) {
        if let Err(failure) = self.free().await {
            self.lease.warn("the lease is not given away", failure);
        }
    }

    async fn free(&self) -> Result<(), Failure> {
        // A renewal that was dropped may have been written.
        let Some(mut free) = self.lease.read().await?.filter(|found| self.lease.is_ours(found)) else { return Ok(()) };
        let spec = free.spec.get_or_insert_default();
        spec.holder_identity = None;
        spec.lease_duration_seconds = Some(1);
        self.lease.replace(&free).await.map(drop)
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    use http::{Method, Request, Response, StatusCode};
    use kube::Client;
    use kube::client::Body;
    use serde_json::{Value, json};
    use tokio::time::timeout;

    use super::*;

    /// A server that says nothing to the first requests, and then that this somebody has the lease, in a newer version.
    fn server(silent: u32, holder: &'static str, written: &Arc<AtomicU32>) -> Client {
        let (asked, written) = (Arc::new(AtomicU32::new(0)), Arc::clone(written));
        let service = tower::service_fn(move |request: Request<Body>| {
            let (turn, written) = (asked.fetch_add(1, Ordering::Relaxed), Arc::clone(&written));
            async move {
                if turn < silent {
                    std::future::pending::<()>().await;
                }
                let there = json!({ "metadata": { "name": "x", "resourceVersion": "2" },
                    "spec": { "holderIdentity": holder } });
                let is_write = *request.method() == Method::PUT;
                let sent = request.into_body().collect_bytes().await.unwrap_or_default();
                let sent: Value = serde_json::from_slice(&sent).unwrap_or_default();
                let (code, said) = if is_write && sent["metadata"]["resourceVersion"] != "2" {
                    (StatusCode::CONFLICT, json!({ "kind": "Status", "code": 409, "reason": "Conflict" }))
                } else {
                    written.fetch_add(u32::from(is_write), Ordering::Relaxed);
                    (StatusCode::OK, if is_write { sent } else { there })
                };
                let mut answer = Response::new(Body::from(said.to_string().into_bytes()));
                *answer.status_mut() = code;
                Ok::<_, Infallible>(answer)
            }
        });
        Client::new(service, "default")
    }

    fn lease(client: Client) -> Lease {
        Lease::new(client, "default", "x", "us")
    }

    #[tokio::test(start_paused = true)]
    async fn l3_a_server_that_falls_silent_is_asked_again() {
        let lease = lease(server(2, "other", &Arc::default()));
        lease.try_acquire(&mut None).await.map(drop).expect_err("no answer");
        let mut term = Term::new(lease, Record::default());
        timeout(Duration::from_secs(3600), term.lost()).await.expect("it sees who has the lease");
    }

    #[tokio::test(start_paused = true)]
    async fn a_lease_is_renewed_also_where_something_else_happens_each_second() {
        let written = Arc::default();
        let mut term = Term::new(lease(server(0, "us", &written)), Record::default());
        for _ in 0..60 {
            timeout(Duration::from_secs(1), term.lost()).await.expect_err("it is ours");
        }
        // Of the twelve times the first one finds a newer version, and a write that is dropped may have been counted.
        let written = written.load(Ordering::Relaxed);
        assert!((10..=24).contains(&written), "{written}");
    }

    #[tokio::test]
    async fn a_lease_is_given_away_also_in_a_newer_version_and_never_anothers() {
        for (holder, writes) in [("us", 1), ("other", 0)] {
            let written = Arc::default();
            Term::new(lease(server(0, holder, &written)), Record::default()).release().await;
            assert_eq!(written.load(Ordering::Relaxed), writes, "{holder}");
        }
    }
}
