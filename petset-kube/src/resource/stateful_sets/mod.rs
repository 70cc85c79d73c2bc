//! [`StatefulSets`]: Kubernetes' own sets, kept by us instead of by `kube-controller-manager`.
//!
//! Whatever it writes we understand, and whatever we write it understands, so that a running set goes from one to the
//! other and back without a restart: see `state`, `status` and `revision`.

mod bytes;
mod revision;
mod state;
mod status;

use petset_core::spec::{PetSet, RetentionPolicyType};
use petset_core::status::PetSetStatus;
use petset_core::store::Revision;
use petset_core::{Error, ErrorKind, Result, SetKey, SetUid, Version};
use serde::Deserialize;
use serde_json::{Value, json};

use super::kind::{Kind, StatusRequest};
use super::record::{KeptSet, SetRecord, Term, without_nulls};
use crate::meta::{self, OwnerKind, Tenure};
use state::State;

/// Sets as `StatefulSet` resources, of `apps/v1`.
#[derive(Debug, Clone, Copy)]
pub struct StatefulSets;

impl Kind for StatefulSets {
    const OWNER: OwnerKind = OwnerKind::STATEFUL_SET;
    const PLURAL: &'static str = "statefulsets";
    /// None: its pods go with it by their owner references, in the order that the cluster takes.
    const FINALIZER: Option<&'static str> = None;
    const ADOPTS_REVISIONS: bool = true;

    /// The server has filled in every default and checked everything; what it allows is worked on.
    fn complete(_record: &SetRecord<Self>, mut set: PetSet) -> Result<PetSet> {
        set.metadata.annotations.remove(meta::STATE);
        without_nulls(&mut set.spec.template.metadata);
        for claim in &mut set.spec.volume_claim_templates {
            without_nulls(&mut claim.metadata);
            claim.other.retain(|field, _| !["apiVersion", "kind", "status"].contains(&field.as_str()));
        }
        Ok(set)
    }

    fn status(record: &SetRecord<Self>) -> Result<PetSetStatus, serde_json::Error> {
        let State { term: _, tickets, started, deleting_claims } = State::of(record)?;
        Ok(PetSetStatus { tickets, started, deleting_claims, ..status::read(record)? })
    }

    fn term(record: &SetRecord<Self>) -> Term {
        // What cannot be read is an error where it is needed, and counts as somebody else's here.
        let number = State::of(record).map_or(0, |state| state.term);
        Term { number, is_ours: number > 0 && state::is_ours(record) }
    }

    fn tenure(record: &SetRecord<Self>, term: Term) -> Tenure {
        let policy = |when: &str| {
            let policy = &record.spec["persistentVolumeClaimRetentionPolicy"][when];
            RetentionPolicyType::deserialize(policy).unwrap_or_default()
        };
        match (policy("whenDeleted"), policy("whenScaled")) {
            (RetentionPolicyType::Delete, _) => Tenure::Reference,
            (RetentionPolicyType::Retain, RetentionPolicyType::Delete) => {
                Tenure::Mark(term.is_ours.then(|| format!("{}.{}", record.uid(), term.number)))
            }
            (RetentionPolicyType::Retain, RetentionPolicyType::Retain) => Tenure::Nothing,
        }
    }

    fn status_request(
        key: &SetKey,
        version: &Version,
        status: &PetSetStatus,
        known: Option<&KeptSet>,
    ) -> Result<StatusRequest> {
        let known = known.filter(|known| known.version == *version).ok_or_else(|| {
            Error::new(ErrorKind::Conflict, "update the status of a set")
                .with_context("set", key)
                .with_message(format!("version {version} is not the newest that is known"))
        })?;
        let Term { number, is_ours } = known.term;
        let state = State {
            term: if is_ours { number } else { number + 1 },
            tickets: status.tickets.clone(),
            started: status.started.clone(),
            deleting_claims: status.deleting_claims.clone(),
        };
        Ok(StatusRequest::Patch(json!({
            "metadata": { "uid": known.uid, "resourceVersion": version, "annotations": { meta::STATE: state.text() } },
            "status": status::written(status),
        })))
    }

    /// Tickets are nothing before they are on record.
    fn check_written(request: &StatusRequest, answer: &SetRecord<Self>) -> Result<()> {
        let (StatusRequest::Patch(written) | StatusRequest::Replace(written)) = request;
        let wanted = &written["metadata"]["annotations"][meta::STATE];
        let found = answer.metadata.annotations.as_ref().and_then(|annotations| annotations.get(meta::STATE));
        if found.map(String::as_str) == wanted.as_str() {
            return Ok(());
        }
        Err(Error::new(ErrorKind::Internal, "update the status of a set")
            .with_context("set", answer.key())
            .with_message(format!("the server took the status without the annotation {}", meta::STATE)))
    }

    fn revision_selector(_key: &SetKey, known: Option<&KeptSet>) -> String {
        known.map(|known| known.selector.clone()).unwrap_or_default()
    }

    fn revision(record: &SetRecord<Self>, uid: &SetUid, revision: &Revision) -> Result<String> {
        revision::written(record, uid, revision)
    }
}

fn annotation<'a>(record: &'a SetRecord<StatefulSets>, name: &str) -> Option<&'a String> {
    record.metadata.annotations.as_ref()?.get(name)
}

/// A number of a status, which is never negative.
fn count(value: &Value) -> u32 {
    value.as_u64().and_then(|count| u32::try_from(count).ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A set `default/web` with more metadata, this specification and this status.
    pub(super) fn record(metadata: &Value, spec: &Value, status: &Value) -> SetRecord<StatefulSets> {
        let mut whole = json!({ "metadata": metadata, "spec": spec, "status": status });
        for (field, value) in [("name", "web"), ("namespace", "default"), ("uid", "u"), ("resourceVersion", "5")] {
            whole["metadata"][field] = json!(value);
        }
        serde_json::from_value(whole).expect("a set")
    }
}
