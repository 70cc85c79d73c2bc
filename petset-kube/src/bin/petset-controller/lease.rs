//! [`Election`]: one controller of many works, by a `Lease` of the cluster.
//!
//! The lease is for load. Two controllers at work are safe, so a controller that cannot reach its lease goes on until it
//! sees that somebody else has it. No clock of another machine is read: a lease has run out when it did not change for its
//! duration on the clock of whoever waits.

use std::time::Duration;

use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta};
use k8s_openapi::jiff::Timestamp;
use kube::api::PostParams;
use kube::{Api, Client, Error};
use tokio::time::{Instant, sleep, timeout};

use crate::lines::chain;

/// A lease that is not renewed for so long has run out.
const DURATION: Duration = Duration::from_secs(15);
/// It is renewed this often.
const RENEWAL: Duration = Duration::from_secs(5);
/// A request that takes longer has no answer.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);
/// Whoever waits, or was refused, tries again after so long.
pub(crate) const RETRY: Duration = Duration::from_secs(2);

/// Somebody who wants the lease.
pub(crate) struct Election {
    leases: Api<Lease>,
    name: String,
    identity: String,
}

/// The lease, as it is ours.
#[derive(Debug)]
pub(crate) struct Term(Lease);

/// The lease of somebody else, and since when it has not changed.
struct Theirs {
    version: Option<String>,
    since: Instant,
}

impl Election {
    pub(crate) fn new(client: Client, namespace: &str, name: &str, identity: String) -> Self {
        Self { leases: Api::namespaced(client, namespace), name: name.to_owned(), identity }
    }

    /// Waits until the lease is ours; `waits` is told whenever somebody else has it.
    pub(crate) async fn acquire(&self, waits: impl Fn()) -> Term {
        let mut theirs: Option<Theirs> = None;
        loop {
            match self.try_acquire(&mut theirs).await {
                Ok(Some(term)) => {
                    tracing::info!(lease = self.name, identity = self.identity, "has the lease");
                    return term;
                }
                Ok(None) => waits(),
                Err(error) => tracing::warn!(lease = self.name, error = chain(&error), "the lease cannot be had"),
            }
            sleep(RETRY).await;
        }
    }

    async fn try_acquire(&self, theirs: &mut Option<Theirs>) -> Result<Option<Term>, Error> {
        let Some(found) = in_time(self.leases.get_opt(&self.name)).await? else {
            let new = Lease {
                metadata: ObjectMeta { name: Some(self.name.clone()), ..ObjectMeta::default() },
                spec: Some(self.spec(None)),
            };
            return unless_overtaken(in_time(self.leases.create(&PostParams::default(), &new)).await);
        };
        let holder = holder(&found);
        if holder.is_some() && holder != Some(&self.identity) {
            let version = found.metadata.resource_version.clone();
            let since = match theirs {
                Some(theirs) if theirs.version == version => theirs.since,
                _ => theirs.insert(Theirs { version, since: Instant::now() }).since,
            };
            let lasts = found.spec.as_ref().and_then(|spec| u64::try_from(spec.lease_duration_seconds?).ok());
            if since.elapsed() < lasts.map_or(DURATION, Duration::from_secs) {
                return Ok(None);
            }
            tracing::info!(lease = self.name, holder, "the lease has run out");
        }
        let spec = Some(self.spec(found.spec.as_ref()));
        self.replace(&Lease { spec, ..found }).await
    }

    /// Renews the lease until somebody else has it.
    pub(crate) async fn keep(&self, term: &mut Term) {
        loop {
            sleep(RENEWAL).await;
            match self.renew(term).await {
                Ok(true) => {}
                Ok(false) => {
                    tracing::warn!(lease = self.name, "somebody else has the lease");
                    return;
                }
                Err(error) => tracing::warn!(lease = self.name, error = chain(&error), "the lease is not renewed"),
            }
        }
    }

    /// False when somebody else has it.
    async fn renew(&self, term: &mut Term) -> Result<bool, Error> {
        let mut renewed = term.0.clone();
        renewed.spec.get_or_insert_default().renew_time = Some(MicroTime(Timestamp::now()));
        if let Some(newer) = self.replace(&renewed).await? {
            *term = newer;
            return Ok(true);
        }
        // Somebody wrote it meanwhile, or removed it.
        match in_time(self.leases.get_opt(&self.name)).await? {
            Some(found) if holder(&found) == Some(&self.identity) => {
                *term = Term(found);
                Ok(true)
            }
            Some(_) | None => Ok(false),
        }
    }

    /// Gives the lease away, so that nobody has to wait for its end. Best effort: it runs out by itself.
    pub(crate) async fn release(&self, term: Term) {
        let mut free = term.0;
        let spec = free.spec.get_or_insert_default();
        spec.holder_identity = None;
        spec.lease_duration_seconds = Some(1);
        if let Err(error) = self.replace(&free).await {
            tracing::debug!(lease = self.name, error = chain(&error), "the lease is not given away");
        }
    }

    /// Writes the version that was read; `None` when there is a newer one.
    async fn replace(&self, lease: &Lease) -> Result<Option<Term>, Error> {
        unless_overtaken(in_time(self.leases.replace(&self.name, &PostParams::default(), lease)).await)
    }

    /// The lease as ours, after it was somebody's.
    fn spec(&self, before: Option<&LeaseSpec>) -> LeaseSpec {
        let now = Some(MicroTime(Timestamp::now()));
        let changes = before.and_then(|before| before.lease_transitions).unwrap_or(0);
        LeaseSpec {
            holder_identity: Some(self.identity.clone()),
            lease_duration_seconds: i32::try_from(DURATION.as_secs()).ok(),
            acquire_time: now.clone(),
            renew_time: now,
            lease_transitions: Some(changes.saturating_add(i32::from(before.is_some()))),
            ..LeaseSpec::default()
        }
    }
}

/// The answer, unless it takes too long.
pub(crate) async fn in_time<T>(answer: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    timeout(PATIENCE, answer).await.unwrap_or_else(|elapsed| Err(Error::Service(elapsed.into())))
}

/// Who has it.
fn holder(lease: &Lease) -> Option<&String> {
    lease.spec.as_ref().and_then(|spec| spec.holder_identity.as_ref()).filter(|holder| !holder.is_empty())
}

fn unless_overtaken(written: Result<Lease, Error>) -> Result<Option<Term>, Error> {
    match written {
        Ok(lease) => Ok(Some(Term(lease))),
        Err(Error::Api(status)) if status.code == 409 || status.code == 404 => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    use http::{Method, Request, Response, StatusCode};
    use kube::client::Body;
    use serde_json::json;

    use super::*;

    /// A server that says nothing to the first requests, and then that somebody else has the lease.
    fn server(silent: u32) -> Client {
        let asked = Arc::new(AtomicU32::new(0));
        let service = tower::service_fn(move |request: Request<Body>| {
            let turn = asked.fetch_add(1, Ordering::Relaxed);
            async move {
                if turn < silent {
                    std::future::pending::<()>().await;
                }
                let (code, said) = if *request.method() == Method::PUT {
                    (StatusCode::CONFLICT, json!({ "kind": "Status", "code": 409, "reason": "Conflict" }))
                } else {
                    (StatusCode::OK, json!({ "metadata": { "name": "x" }, "spec": { "holderIdentity": "other" } }))
                };
                let mut answer = Response::new(Body::from(said.to_string().into_bytes()));
                *answer.status_mut() = code;
                Ok::<_, Infallible>(answer)
            }
        });
        Client::new(service, "default")
    }

    #[tokio::test(start_paused = true)]
    async fn l3_a_server_that_falls_silent_is_asked_again() {
        let election = Election::new(server(2), "default", "x", "us".to_owned());
        election.try_acquire(&mut None).await.map(drop).expect_err("no answer");
        let mut term = Term(Lease::default());
        timeout(Duration::from_secs(3600), election.keep(&mut term)).await.expect("it sees who has the lease");
    }
}
