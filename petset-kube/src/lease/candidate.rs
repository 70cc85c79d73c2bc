//! [`Lease`]: how it is asked for, and how it is written.

use std::time::Duration;

use k8s_openapi::api::coordination::v1::{Lease as Record, LeaseSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta};
use k8s_openapi::jiff::Timestamp;
use kube::api::PostParams;
use kube::{Api, Client};
use petset_core::Error;
use tokio::time::{Instant, sleep, timeout};

use super::Term;
use crate::client::Failure;

/// A lease that is not renewed for so long has run out.
const DURATION: Duration = Duration::from_secs(15);
/// A request that takes longer has no answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// Whoever waits, or was refused, tries again after so long.
const RETRY: Duration = Duration::from_secs(2);

/// A lease of a cluster, as somebody wants it. Clones are the same somebody.
#[derive(Debug, Clone)]
pub struct Lease {
    leases: Api<Record>,
    namespace: String,
    name: String,
    identity: String,
}

/// The lease of somebody else, and since when it has not changed.
#[derive(Debug)]
pub(super) struct Theirs {
    version: Option<String>,
    since: Instant,
}

impl Lease {
    /// The lease of this name, which is made when it is wanted. `identity` tells who wants it from everybody else who does:
    /// the name of the pod, or something drawn at random.
    pub fn new(client: Client, namespace: &str, name: impl Into<String>, identity: impl Into<String>) -> Self {
        let leases = Api::namespaced(client, namespace);
        Self { leases, namespace: namespace.to_owned(), name: name.into(), identity: identity.into() }
    }

    /// Waits until the lease is ours; `waits` is told whenever somebody else has it. A server that cannot be reached is
    /// asked again.
    pub async fn acquire(&self, waits: impl Fn() + Send + Sync) -> Term {
        let mut theirs: Option<Theirs> = None;
        loop {
            match self.try_acquire(&mut theirs).await {
                Ok(Some(term)) => {
                    tracing::info!(lease = self.name, identity = self.identity, "has the lease");
                    return term;
                }
                Ok(None) => waits(),
                Err(failure) => self.warn("the lease cannot be had", failure),
            }
            sleep(RETRY).await;
        }
    }

    pub(super) async fn try_acquire(&self, theirs: &mut Option<Theirs>) -> Result<Option<Term>, Failure> {
        let Some(found) = self.read().await? else {
            let new = Record {
                metadata: ObjectMeta { name: Some(self.name.clone()), ..ObjectMeta::default() },
                spec: Some(self.spec(None)),
            };
            let made = in_time("make a lease", self.leases.create(&PostParams::default(), &new)).await;
            // Here a 404 is of the namespace, for which nobody should wait unknowingly.
            return Ok(unless_overtaken(made)?.map(|made| Term::new(self.clone(), made)));
        };
        let holder = holder(&found);
        if holder.is_some() && !self.is_ours(&found) {
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
        Ok(self.replace(&Record { spec, ..found }).await?.map(|ours| Term::new(self.clone(), ours)))
    }

    /// The lease as it is now.
    pub(super) async fn read(&self) -> Result<Option<Record>, Failure> {
        in_time("read a lease", self.leases.get_opt(&self.name)).await
    }

    /// Writes the version that was read; `None` when there is a newer one, or none any more.
    pub(super) async fn replace(&self, lease: &Record) -> Result<Option<Record>, Failure> {
        let written = in_time("write a lease", self.leases.replace(&self.name, &PostParams::default(), lease)).await;
        match unless_overtaken(written) {
            Err(failure) if failure.is_not_found() => Ok(None),
            written => written,
        }
    }

    pub(super) fn is_ours(&self, lease: &Record) -> bool {
        holder(lease) == Some(&self.identity)
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn warn(&self, what: &str, failure: Failure) {
        let (namespace, error) = (&self.namespace, Error::from(failure));
        tracing::warn!(namespace, lease = self.name, error = %error.chain(), "{what}");
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
async fn in_time<T>(operation: &'static str, answer: impl Future<Output = kube::Result<T>>) -> Result<T, Failure> {
    let answer = timeout(PATIENCE, answer).await.unwrap_or_else(|elapsed| Err(kube::Error::Service(elapsed.into())));
    answer.map_err(|error| Failure::new(operation, error))
}

/// Who has it.
fn holder(lease: &Record) -> Option<&String> {
    lease.spec.as_ref().and_then(|spec| spec.holder_identity.as_ref()).filter(|holder| !holder.is_empty())
}

fn unless_overtaken(written: Result<Record, Failure>) -> Result<Option<Record>, Failure> {
    match written {
        Ok(lease) => Ok(Some(lease)),
        Err(failure) if failure.is_conflict() || failure.is_already_exists() => Ok(None),
        Err(failure) => Err(failure),
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use http::{Method, Request, Response, StatusCode};
    use kube::client::Body;
    use serde_json::json;

    use super::*;

    /// A server that says 404 to everything, except that it has a lease to read if `is_there`.
    fn server(is_there: bool) -> Client {
        let service = tower::service_fn(move |request: Request<Body>| async move {
            let (code, said) = if is_there && *request.method() == Method::GET {
                (StatusCode::OK, json!({ "metadata": { "name": "x", "resourceVersion": "1" } }))
            } else {
                let message = if is_there { r#"leases "x" not found"# } else { r#"namespaces "nowhere" not found"# };
                let said = json!({ "kind": "Status", "code": 404, "reason": "NotFound", "message": message });
                (StatusCode::NOT_FOUND, said)
            };
            let mut answer = Response::new(Body::from(said.to_string().into_bytes()));
            *answer.status_mut() = code;
            Ok::<_, Infallible>(answer)
        });
        Client::new(service, "default")
    }

    #[tokio::test]
    async fn a_lease_that_is_removed_is_made_again_and_one_of_no_namespace_is_an_error() {
        let removed = Lease::new(server(true), "default", "x", "us").try_acquire(&mut None).await;
        assert!(removed.expect("somebody was faster").is_none());
        let homeless = Lease::new(server(false), "nowhere", "x", "us").try_acquire(&mut None).await;
        let error = Error::from(homeless.map(drop).expect_err("no such namespace"));
        assert!(error.chain().to_string().contains("nowhere"), "{}", error.chain());
    }
}
