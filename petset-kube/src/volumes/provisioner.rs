//! [`KubeVolumes`].

use std::sync::Arc;

use async_trait::async_trait;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;
use kube::Api;
use kube::api::{DeleteParams, Patch, PatchParams, Preconditions};
use petset_core::backend::{
    Claim, ClaimChange, ClaimPhase, ClaimRef, ClaimRequest, Created, Deleted, VolumeCapabilities, VolumeProvisioner,
    WatchStream,
};
use petset_core::manifest::Violation;
use petset_core::spec::{ClaimTemplate, Quantity};
use petset_core::{Error, ErrorKind, Result, SetKey, SetUid};
use serde_json::{Value, json};

use super::owner::{self, Holder};
use super::record::{ClaimRecord, KeptClaim};
use super::{check, request};
use crate::cache::{Cache, Place, Record};
use crate::client::{Connection, Failure};
use crate::meta::OwnerKind;
use crate::pods::PodRecord;
use crate::resource::{Kind, PetSets, SetRecord, StatefulSets};

/// How often a request is tried on a fresh read, when somebody else keeps being faster.
const TRIES: usize = 8;

/// Persistent volume claims of a cluster as claims. Clones share one view of them.
#[derive(Debug, Clone)]
pub struct KubeVolumes {
    client: Connection,
    claims: Arc<Cache<ClaimRecord>>,
    pods: Arc<Cache<PodRecord>>,
    sets: Sets,
}

/// The sets that own claims: their policies tell how.
#[derive(Debug, Clone)]
pub(crate) enum Sets {
    Own(Arc<Cache<SetRecord<PetSets>>>),
    Native(Arc<Cache<SetRecord<StatefulSets>>>),
}

impl Sets {
    fn kind(&self) -> OwnerKind {
        match self {
            Self::Own(_) => PetSets::OWNER,
            Self::Native(_) => StatefulSets::OWNER,
        }
    }

    fn holder(&self, key: &SetKey) -> Option<Holder> {
        match self {
            Self::Own(sets) => sets.peek(&key.namespace, &key.name).as_ref().map(Holder::of),
            Self::Native(sets) => sets.peek(&key.namespace, &key.name).as_ref().map(Holder::of),
        }
    }
}

impl KubeVolumes {
    pub(crate) fn new(
        client: Connection,
        claims: Arc<Cache<ClaimRecord>>,
        pods: Arc<Cache<PodRecord>>,
        sets: Sets,
    ) -> Self {
        Self { client, claims, pods, sets }
    }

    /// A claim as its set sees it, which is `holder` where it is known.
    fn seen(&self, set: &SetKey, holder: Option<&Holder>, name: &str, kept: &KeptClaim) -> Option<Claim> {
        let claim = kept.claim(set, name)?;
        let pod = || self.pods.peek(&set.namespace, &set.pod_name(claim.ordinal)).map(|kept| kept.pod.uid);
        let owner = match holder {
            Some(holder) => owner::owner(holder, kept),
            None => owner::written_owner(self.sets.kind(), kept),
        };
        Some(if owner::is_doomed(kept, pod) {
            Claim { owner, phase: ClaimPhase::Terminating, message: None, ..claim }
        } else {
            Claim { owner, ..claim }
        })
    }

    /// The metadata that makes a claim belong to `owner`.
    fn owned(&self, set: &SetKey, owner: Option<&SetUid>, others: &[OwnerReference]) -> Result<Value> {
        owner::metadata(self.sets.kind(), set, self.sets.holder(set).as_ref(), owner, others)
    }

    fn body(&self, request: &ClaimRequest) -> Result<Value> {
        Ok(request::body(request, self.sets.kind(), &self.owned(&request.set, request.owner.as_ref(), &[])?))
    }

    /// The claim as its identity sees it; an error when it is another's.
    fn own(&self, request: &ClaimRequest, found: &KeptClaim) -> Result<Claim> {
        let holder = self.sets.holder(&request.set);
        let claim = self.seen(&request.set, holder.as_ref(), &request.name, found);
        claim.filter(|claim| claim.template == request.template && claim.ordinal == request.ordinal).ok_or_else(|| {
            let whose = found.made_for.as_ref().map_or("another set", |(set, _)| set);
            Error::new(ErrorKind::AlreadyExists, "create a claim")
                .with_context("claim", &request.name)
                .with_message(format!("a claim of this name belongs to {whose}"))
        })
    }

    fn api(&self, set: &SetKey) -> Api<ClaimRecord> {
        self.client.namespaced(&set.namespace)
    }

    async fn find(&self, claim: &ClaimRef, fresh: bool) -> Result<Option<KeptClaim>> {
        let known = if fresh { None } else { self.claims.get(&claim.set.namespace, &claim.name).await? };
        let found = match known {
            Some(known) => Some(known),
            None => self.claims.look(&(claim.set.namespace.to_string(), claim.name.clone())).await?,
        };
        Ok(found.filter(|found| found.claim_uid == claim.uid))
    }
}

#[async_trait]
impl VolumeProvisioner for KubeVolumes {
    fn capabilities(&self) -> VolumeCapabilities {
        let mut capabilities = VolumeCapabilities::default();
        // Classes may wait for the first pod, and some do.
        capabilities.binds_before_use = false;
        capabilities.grow = true;
        capabilities
    }

    fn check(&self, template: &ClaimTemplate) -> Vec<Violation> {
        check::check(template)
    }

    async fn list(&self, set: &SetKey) -> Result<Vec<Claim>> {
        let is_of_set = |name: &str, kept: Option<&KeptClaim>| KeptClaim::identity(set, name, kept).is_some();
        let holder = self.sets.holder(set);
        self.claims.read(Place::Set(set), is_of_set, |name, kept| self.seen(set, holder.as_ref(), name, kept)).await
    }

    async fn provision(&self, request: ClaimRequest) -> Result<Created<Claim>> {
        let operation = "create a claim";
        for _ in 0..TRIES {
            let body = self.body(&request)?;
            match self.client.create_strictly::<ClaimRecord>(operation, &request.set.namespace, &body).await {
                Ok((answer, _)) => {
                    self.claims.wrote(&answer);
                    let made = answer.keep();
                    let made =
                        made.map_err(|problem| Error::new(ErrorKind::Corrupt, operation).with_message(problem))?;
                    return Ok(Created::New(self.own(&request, &made)?));
                }
                Err(failure) if failure.is_already_exists() => {}
                Err(failure) => return Err(Error::from(failure).with_context("claim", &request.name)),
            }
            let key = (request.set.namespace.to_string(), request.name.clone());
            if let Some(found) = self.claims.look(&key).await? {
                return Ok(Created::AlreadyThere(self.own(&request, &found)?));
            }
            // Whoever had the name is gone meanwhile.
        }
        Err(Error::new(ErrorKind::Unavailable, operation)
            .with_context("claim", &request.name)
            .with_message(format!("the name was taken and free again {TRIES} times")))
    }

    async fn change(&self, claim: &ClaimRef, change: ClaimChange) -> Result<()> {
        let operation = "change a claim";
        let ClaimChange { owner, storage } = &change;
        for attempt in 0..TRIES {
            let gone = || Error::new(ErrorKind::NotFound, operation).with_context("claim", &claim.name);
            let found = self.find(claim, attempt > 0).await?.ok_or_else(gone)?;
            let mut patch = json!({ "metadata": { "uid": claim.uid } });
            if let Some(owner) = owner {
                patch["metadata"] = self.owned(&claim.set, owner.as_ref(), &found.other_owners)?;
                patch["metadata"]["uid"] = json!(claim.uid);
                patch["metadata"]["resourceVersion"] = json!(found.version);
            }
            if let Some(storage) = storage {
                check_growth(claim, found.asked.as_ref(), storage)?;
                patch["spec"]["resources"]["requests"]["storage"] = json!(storage);
            }
            match self.api(&claim.set).patch(&claim.name, &PatchParams::default(), &Patch::Merge(patch)).await {
                Ok(answer) => {
                    self.claims.wrote(&answer);
                    return Ok(());
                }
                Err(error) => {
                    let failure = Failure::new(operation, error);
                    if failure.is_invalid() {
                        self.find(claim, true).await?.ok_or_else(gone)?;
                    }
                    if !failure.is_conflict() {
                        return Err(Error::from(failure).with_context("claim", &claim.name));
                    }
                }
            }
        }
        Err(busy(operation, claim))
    }

    async fn delete(&self, claim: &ClaimRef) -> Result<Deleted> {
        let operation = "delete a claim";
        let mut first = None;
        for attempt in 0..TRIES {
            let Some(found) = self.find(claim, attempt > 0).await? else { return Ok(Deleted::AlreadyGone) };
            if found.is_terminating() {
                return Ok(Deleted::Started);
            }
            if !first.get_or_insert_with(|| found.clone()).is_owned_as(&found) {
                // Whoever wants its end is to look again whether they still do.
                return Err(Error::new(ErrorKind::Conflict, operation)
                    .with_context("claim", &claim.name)
                    .with_message("it has changed hands since it was looked at"));
            }
            let preconditions =
                Some(Preconditions { uid: Some(claim.uid.to_string()), resource_version: Some(found.version) });
            let parameters = DeleteParams { preconditions, ..DeleteParams::default() };
            match self.api(&claim.set).delete(&claim.name, &parameters).await {
                Ok(answer) => {
                    if let Some(record) = answer.left() {
                        self.claims.wrote(&record);
                    }
                    self.claims.changed(&claim.set.namespace, &claim.name, |kept| {
                        if kept.claim_uid == claim.uid {
                            kept.phase = ClaimPhase::Terminating;
                        }
                    });
                    return Ok(Deleted::Started);
                }
                Err(error) => {
                    let failure = Failure::new(operation, error);
                    if failure.is_not_found() {
                        return Ok(Deleted::AlreadyGone);
                    }
                    if !failure.is_conflict() {
                        return Err(Error::from(failure).with_context("claim", &claim.name));
                    }
                }
            }
        }
        Err(busy(operation, claim))
    }

    fn watch(&self) -> WatchStream {
        self.claims.watch()
    }
}

fn busy(operation: &'static str, claim: &ClaimRef) -> Error {
    Error::new(ErrorKind::Conflict, operation)
        .with_context("claim", &claim.name)
        .with_message(format!("somebody else was faster {TRIES} times"))
}

fn check_growth(claim: &ClaimRef, asked: Option<&Quantity>, storage: &Quantity) -> Result<()> {
    let (Some(bytes), before) = (storage.bytes(), asked.and_then(Quantity::bytes).unwrap_or(0)) else {
        return Err(Error::new(ErrorKind::Invalid, "grow a claim")
            .with_context("claim", &claim.name)
            .with_context("storage", storage)
            .with_message("it is no amount; expected one like `10Gi`"));
    };
    if bytes < before {
        return Err(Error::new(ErrorKind::Invalid, "grow a claim")
            .with_context("claim", &claim.name)
            .with_context("storage", storage)
            .with_message(format!("it has {before} bytes, and a volume cannot shrink")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cache::Scope;
    use crate::scripted::{Answer, Scripted};

    fn claim(version: u32, phase: &str, owner: &str) -> Value {
        let owner =
            json!({ "apiVersion": "petset.rs/v1", "kind": "PetSet", "name": "web", "uid": owner, "controller": true });
        json!({
            "metadata": { "name": "www-web-0", "namespace": "default", "uid": "u", "resourceVersion": version.to_string(),
                "ownerReferences": [owner] },
            "spec": {},
            "status": { "phase": phase },
        })
    }

    /// Deletes the claim that is pending in version 1 and is the set's.
    async fn delete(answers: Vec<Answer>) -> (Result<Deleted>, Vec<String>) {
        let server = Scripted::new(json!([claim(1, "Pending", "s")]), answers);
        let sets = Sets::Own(Arc::new(Cache::new(Scripted::new(json!([]), Vec::new()).connection(), Scope::Cluster)));
        let claims = Arc::new(Cache::new(server.connection(), Scope::Cluster));
        let pods = Arc::new(Cache::new(Scripted::new(json!([]), Vec::new()).connection(), Scope::Cluster));
        let volumes = KubeVolumes::new(server.connection(), claims, pods, sets);
        let named = ClaimRef { set: SetKey::new("default", "web"), name: "www-web-0".to_owned(), uid: "u".into() };
        (volumes.delete(&named).await, server.asked())
    }

    const PATH: &str = "/api/v1/namespaces/default/persistentvolumeclaims/www-web-0";

    fn request(version: u32) -> String {
        let preconditions = json!({ "uid": "u", "resourceVersion": version.to_string() });
        format!("DELETE {PATH} {}", json!({ "preconditions": preconditions }))
    }

    #[tokio::test]
    async fn s4_a_claim_goes_in_the_version_that_was_read() {
        let mut going = claim(3, "Bound", "s");
        going["metadata"]["deletionTimestamp"] = json!("2024-01-01T00:00:00Z");
        let bound = Answer::ok(claim(2, "Bound", "s"));
        let (deleted, asked) = delete(vec![Answer::refused(409, "Conflict"), bound, Answer::ok(going)]).await;
        assert_eq!(deleted.expect("it is deleted"), Deleted::Started);
        assert_eq!(asked, [request(1), format!("GET {PATH}"), request(2)]);
    }

    #[tokio::test]
    async fn s6_s12_a_claim_that_changes_hands_meanwhile_stays() {
        let other = Answer::ok(claim(2, "Bound", "other"));
        let (deleted, asked) = delete(vec![Answer::refused(409, "Conflict"), other]).await;
        let error = deleted.expect_err("it is another's");
        assert_eq!(error.kind(), ErrorKind::Conflict, "{error}");
        assert_eq!(asked, [request(1), format!("GET {PATH}")]);
    }
}
