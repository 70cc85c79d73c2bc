//! [`StatefulSets`]: Kubernetes' own sets, kept by us instead of by `kube-controller-manager`.
//!
//! Whatever it writes we understand, and whatever we write it understands, so that a running set goes from one to the
//! other and back without a restart: see `state`, `status` and `revision`.

mod bytes;
mod revision;
mod state;
mod status;

use petset_core::spec::PetSet;
use petset_core::status::{Condition, PetSetStatus};
use petset_core::store::Revision;
use petset_core::{Error, ErrorKind, Result, SetUid};
use serde_json::{Value, json};

use super::kept::{KeptSet, Term};
use super::kind::Kind;
use super::record::{SetRecord, without_nulls};
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
    const REVISION_LABEL: Option<&'static str> = None;
    const SHARES_REVISIONS: bool = true;

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
        Tenure::of(&record.spec, || term.is_ours.then(|| format!("{}.{}", record.uid(), term.number)))
    }

    fn status_patch(known: &KeptSet<Self>, status: &PetSetStatus) -> Value {
        let (record, Term { number, is_ours }) = (known.record(), known.term());
        let state = State {
            term: if is_ours { number } else { number + 1 },
            tickets: status.tickets.clone(),
            started: status.started.clone(),
            deleting_claims: status.deleting_claims.clone(),
        };
        let mut next = if record.status.is_object() { record.status.clone() } else { json!({}) };
        for (field, value) in status::written(status) {
            next[field] = value;
        }
        let mut patch = record.status_patch(&next);
        patch["metadata"]["uid"] = json!(record.uid());
        let state = state.text();
        if annotation(record, meta::STATE) != Some(&state) {
            patch["metadata"]["annotations"] = json!({ meta::STATE: state });
        }
        patch
    }

    /// Tickets are nothing before they are on record.
    fn check_written(patch: &Value, answer: &SetRecord<Self>) -> Result<()> {
        let wanted = patch["metadata"]["annotations"][meta::STATE].as_str();
        if wanted.is_none() || annotation(answer, meta::STATE).map(String::as_str) == wanted {
            return Ok(());
        }
        Err(Error::new(ErrorKind::Internal, "update the status of a set")
            .with_context("set", answer.key())
            .with_message(format!("the server took the status without the annotation {}", meta::STATE)))
    }

    fn condition(condition: &Condition) -> Value {
        status::written_condition(condition)
    }

    fn revision_selector(known: &KeptSet<Self>) -> String {
        known.selector().unwrap_or_default().to_owned()
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
