//! [`KubePods`].

use std::sync::Arc;

use async_trait::async_trait;
use kube::Api;
use kube::api::{DeleteParams, Patch, PatchParams, Preconditions};
use petset_core::backend::{
    Created, DeleteOptions, Deleted, Pod, PodBackend, PodCapabilities, PodChange, PodRef, PodRequest, WatchStream,
};
use petset_core::manifest::Violation;
use petset_core::spec::PodTemplate;
use petset_core::{Error, ErrorKind, Result, SetKey};
use serde_json::json;

use super::record::{KeptPod, PodRecord};
use super::view::PodView;
use super::{check, identity, request};
use crate::cache::{Cache, Record};
use crate::client::{Connection, Failure};
use crate::lossless;
use crate::meta::{self, OwnerKind};
use crate::volumes::ClaimRecord;

/// How often a request without a version of its own is tried on a fresh read, when somebody else keeps being faster.
const TRIES: usize = 8;

/// Pods of a cluster as pods. Clones share one view of them.
#[derive(Debug, Clone)]
pub struct KubePods {
    client: Connection,
    owner: OwnerKind,
    view: Arc<PodView>,
    claims: Arc<Cache<ClaimRecord>>,
}

impl KubePods {
    pub(crate) fn new(
        client: Connection,
        owner: OwnerKind,
        view: Arc<PodView>,
        claims: Arc<Cache<ClaimRecord>>,
    ) -> Self {
        Self { client, owner, view, claims }
    }

    fn api(&self, set: &SetKey) -> Api<PodRecord> {
        self.client.namespaced(&set.namespace)
    }

    /// A pod as it is known, or as it is now.
    async fn find(&self, pod: &PodRef, fresh: bool) -> Result<Option<KeptPod>> {
        let name = pod.name();
        let known = if fresh { None } else { self.view.pods.get(&pod.set.namespace, &name).await? };
        let found = match known {
            Some(known) => Some(known),
            None => self.view.pods.look(&(pod.set.namespace.to_string(), name)).await?,
        };
        Ok(found.filter(|found| found.pod.uid == pod.uid))
    }

    /// Puts the labels of identity back where somebody took them off pods of a `StatefulSet`. A label that cannot be written
    /// holds nobody up.
    pub(crate) async fn label(&self, set: &SetKey) {
        for pod in self.view.unlabelled(set) {
            let labels = identity::wrong_labels(&pod);
            let change = PodChange { labels, version: Some(pod.version.clone()), ..PodChange::default() };
            match self.update(&pod.reference(), change).await {
                Ok(()) => {}
                Err(error) if error.is_conflict() => tracing::debug!(pod = pod.name(), "it has changed meanwhile"),
                Err(error) => tracing::warn!(pod = pod.name(), error = %error.chain(), "its labels are left wrong"),
            }
        }
    }

    /// Whether every claim is still the one that the pod is to start on.
    async fn check_claims(&self, request: &PodRequest) -> Result<()> {
        for (template, uid) in &request.claim_uids {
            let Some(name) = request.claims.get(template) else { continue };
            let claim = self.claims.get(&request.set.namespace, name).await?;
            if claim.is_none_or(|claim| claim.claim_uid != *uid || claim.is_terminating()) {
                return Err(Error::new(ErrorKind::Conflict, "create a pod")
                    .with_context("pod", request.name())
                    .with_context("claim", name)
                    .with_message("this life of the claim is over"));
            }
        }
        Ok(())
    }
}

/// The pod of an answer.
fn read(answer: &PodRecord) -> Result<KeptPod> {
    answer.keep().map_err(|problem| Error::new(ErrorKind::Corrupt, "read a pod").with_message(problem))
}

fn old_version(operation: &'static str, pod: &PodRef) -> Error {
    Error::new(ErrorKind::Conflict, operation)
        .with_context("pod", pod.name())
        .with_message("it has changed since it was looked at")
}

fn busy(operation: &'static str, pod: &PodRef) -> Error {
    Error::new(ErrorKind::Conflict, operation)
        .with_context("pod", pod.name())
        .with_message(format!("somebody else was faster {TRIES} times"))
}

#[async_trait]
impl PodBackend for KubePods {
    fn capabilities(&self) -> PodCapabilities {
        let mut capabilities = PodCapabilities::default();
        capabilities.hostname = true;
        capabilities.mounts = true;
        capabilities.cluster_dns = true;
        capabilities.images = true;
        capabilities.config = true;
        capabilities
    }

    fn check(&self, template: &PodTemplate) -> Vec<Violation> {
        check::check(template)
    }

    async fn list(&self, set: &SetKey) -> Result<Vec<Pod>> {
        self.view.list(set).await
    }

    async fn create(&self, request: PodRequest) -> Result<Created<Pod>> {
        // What the server took as a part of its own kind of set, it takes as a pod.
        let is_checked = self.owner == OwnerKind::STATEFUL_SET;
        let violations = if is_checked { Vec::new() } else { check::check(&request.template) };
        if let Some(violation) = violations.into_iter().next() {
            return Err(Error::new(ErrorKind::Unsupported, "create a pod")
                .with_context("pod", request.name())
                .with_message(violation.to_string()));
        }
        for _ in 0..TRIES {
            self.check_claims(&request).await?;
            let body = request::body(&request, self.owner);
            let made = self.client.create_strictly::<PodRecord>("create a pod", &request.set.namespace, &body).await;
            let failure = match made {
                Ok((answer, whole)) => {
                    let made = read(&answer);
                    if let Ok(made) = &made {
                        self.view.made(&made.pod.uid, &lossless::left_out("spec", &body["spec"], &whole["spec"]));
                    }
                    self.view.pods.wrote(&answer);
                    return Ok(Created::New(made?.pod));
                }
                Err(failure) => failure,
            };
            if failure.is_already_exists() || failure.asks_again() {
                let key = (request.set.namespace.to_string(), request.name());
                if let Some(found) = self.view.pods.look(&key).await? {
                    return Ok(Created::AlreadyThere(found.pod));
                }
            }
            if !failure.is_already_exists() {
                return Err(Error::from(failure).with_context("pod", request.name()));
            }
            // Whoever had the name is gone meanwhile.
        }
        let pod = request.name();
        Err(Error::new(ErrorKind::Unavailable, "create a pod")
            .with_context("pod", pod)
            .with_message(format!("the name was taken and free again {TRIES} times")))
    }

    async fn delete(&self, pod: &PodRef, options: DeleteOptions) -> Result<Deleted> {
        let operation = "end a pod";
        for attempt in 0..TRIES {
            let Some(found) = self.find(pod, attempt > 0).await? else { return Ok(Deleted::AlreadyGone) };
            if found.pod.terminating {
                // A second request could shorten the grace period.
                return Ok(Deleted::Started);
            }
            let version = options.version.clone().unwrap_or(found.pod.version);
            let asked = options.grace_seconds.or_else(|| found.ends_by_force.then_some(1));
            let parameters = DeleteParams {
                // Without a grace period the server forgets the pod before its node has ended it (S3).
                grace_period_seconds: asked.map(|seconds| seconds.max(1)),
                preconditions: Some(Preconditions {
                    uid: Some(pod.uid.to_string()),
                    resource_version: Some(version.to_string()),
                }),
                ..DeleteParams::default()
            };
            match self.api(&pod.set).delete(&pod.name(), &parameters).await {
                Ok(answer) => {
                    if let Some(record) = answer.left() {
                        self.view.pods.wrote(&record);
                    }
                    // Until the watch shows its end it counts as running (S2).
                    self.view.pods.changed(&pod.set.namespace, &pod.name(), |kept| {
                        kept.pod.terminating |= kept.pod.uid == pod.uid;
                    });
                    return Ok(Deleted::Started);
                }
                Err(error) => {
                    let failure = Failure::new(operation, error);
                    if failure.is_not_found() {
                        return Ok(Deleted::AlreadyGone);
                    }
                    if !failure.is_conflict() {
                        return Err(Error::from(failure).with_context("pod", pod.name()));
                    }
                }
            }
            if options.version.is_some() {
                return match self.find(pod, true).await? {
                    None => Ok(Deleted::AlreadyGone),
                    Some(found) if found.pod.terminating => Ok(Deleted::Started),
                    Some(_) => Err(old_version(operation, pod)),
                };
            }
        }
        Err(busy(operation, pod))
    }

    async fn update(&self, pod: &PodRef, change: PodChange) -> Result<()> {
        let operation = "change a pod";
        let PodChange { labels, annotations, owner, version } = &change;
        for attempt in 0..TRIES {
            let gone = || Error::new(ErrorKind::NotFound, operation).with_context("pod", pod.name());
            let found = self.find(pod, attempt > 0).await?.ok_or_else(gone)?;
            let mut metadata = json!({ "uid": pod.uid, "labels": labels, "annotations": annotations });
            if let Some(owner) = owner {
                metadata["ownerReferences"] =
                    meta::references(self.owner, &pod.set, owner.as_ref(), &found.other_owners);
            }
            if self.owner == OwnerKind::STATEFUL_SET && owner.as_ref().is_some_and(Option::is_some) {
                // Services select single pods by it, and whoever made the pod may have left it out.
                metadata["labels"][meta::POD_NAME] = json!(pod.name());
            }
            if version.is_some() || owner.is_some() {
                metadata["resourceVersion"] = json!(version.as_ref().unwrap_or(&found.pod.version));
            }
            let patch = Patch::Merge(json!({ "metadata": metadata }));
            match self.api(&pod.set).patch(&pod.name(), &PatchParams::default(), &patch).await {
                Ok(answer) => {
                    self.view.pods.wrote(&answer);
                    return Ok(());
                }
                Err(error) => {
                    let failure = Failure::new(operation, error);
                    if failure.is_invalid() {
                        self.find(pod, true).await?.ok_or_else(gone)?;
                    }
                    if !failure.is_conflict() {
                        return Err(Error::from(failure).with_context("pod", pod.name()));
                    }
                }
            }
            if version.is_some() {
                self.find(pod, true).await?.ok_or_else(gone)?;
                return Err(old_version(operation, pod));
            }
        }
        Err(busy(operation, pod))
    }

    fn watch(&self) -> WatchStream {
        self.view.pods.watch()
    }
}
