//! [`StatefulSets`]: Kubernetes' own sets, kept by us instead of by `kube-controller-manager`.
//!
//! Whatever it writes we understand, and whatever we write it understands, so that a running set goes from one to the
//! other and back without a restart: see `state`, `status` and `revision`.

mod bytes;
mod revision;
mod started;
mod state;
mod status;

use petset_core::spec::PetSet;
use petset_core::status::{Condition, PetSetStatus};
use petset_core::store::Revision;
use petset_core::{Error, ErrorKind, Result, SetUid};
use serde_json::{Value, json};

use super::kept::KeptSet;
use super::kind::Kind;
use super::record::{SetRecord, without_nulls};
use crate::meta::{OwnerKind, Tenure};
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
        without_nulls(&mut set.spec.template.metadata);
        for claim in &mut set.spec.volume_claim_templates {
            without_nulls(&mut claim.metadata);
            claim.other.retain(|field, _| !["apiVersion", "kind", "status"].contains(&field.as_str()));
        }
        Ok(set)
    }

    fn status(record: &SetRecord<Self>) -> Result<PetSetStatus, serde_json::Error> {
        let said = record.status.value();
        let status = status::read(record, &said)?;
        let Some(State { term: _, tickets, started, deleting_claims }) = State::of(&said)? else { return Ok(status) };
        Ok(PetSetStatus { tickets, started, deleting_claims, ..status })
    }

    fn is_ours(record: &SetRecord<Self>) -> bool {
        state::condition(&record.status.value()).is_some()
    }

    fn tenure(record: &SetRecord<Self>, spec: &Value) -> Tenure {
        let term = || State::term(&record.status.value());
        Tenure::of(spec, || Some(format!("{}.{}", record.uid(), term()?)))
    }

    fn status_patch(known: &KeptSet<Self>, status: &PetSetStatus) -> Value {
        let record = known.record();
        let mut next = record.status.object();
        for (field, value) in status::written(status, State::written(&next, status)) {
            next[field] = value;
        }
        let mut patch = record.status_patch(&next);
        patch["metadata"]["uid"] = json!(record.uid());
        patch
    }

    /// Tickets are nothing before they are on record.
    fn check_written(patch: &Value, answer: &SetRecord<Self>) -> Result<()> {
        let message = |status| state::condition(status).map(|condition| &condition["message"]);
        let wanted = message(&patch["status"]);
        if wanted.is_none() || message(&answer.status.value()) == wanted {
            return Ok(());
        }
        Err(Error::new(ErrorKind::Internal, "update the status of a set")
            .with_context("set", answer.key())
            .with_message(format!("the server took the status without the condition {}", state::TYPE)))
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

    #[test]
    fn s10_nothing_is_done_on_a_status_without_what_is_to_be_remembered() {
        let before = record(&json!({}), &json!({}), &json!({ "conditions": [{ "type": "Theirs", "status": "True" }] }));
        let known = KeptSet::of(&before);
        let revision = Some(petset_core::RevisionName::new("web-1"));
        let next = PetSetStatus { current_revision: revision.clone(), update_revision: revision, ..status(&before) };
        let patch = StatefulSets::status_patch(&known, &next);
        assert_eq!(patch["metadata"], json!({ "resourceVersion": "5", "uid": "u" }));
        let answered = |status: &Value| record(&json!({}), &json!({}), status);
        let taken = answered(&patch["status"]);
        StatefulSets::check_written(&patch, &taken).expect("it is on record");
        let dropped = answered(&json!({ "currentRevision": "web-1", "conditions": [] }));
        let error = StatefulSets::check_written(&patch, &dropped).expect_err("it is not on record");
        assert!(error.to_string().contains(state::TYPE), "{error}");
        let other = StatefulSets::status_patch(&known, &next);
        StatefulSets::check_written(&patch, &answered(&other["status"])).expect_err("it is of another term");
        // At rest there is nothing to write, and nothing that could be dropped.
        let rest = StatefulSets::status_patch(&KeptSet::of(&taken), &status(&taken));
        assert_eq!(rest, json!({ "metadata": { "resourceVersion": "5", "uid": "u" } }));
        StatefulSets::check_written(&rest, &taken).expect("nothing was to be written");
    }

    fn status(record: &SetRecord<StatefulSets>) -> PetSetStatus {
        StatefulSets::status(record).expect("a status")
    }
}
