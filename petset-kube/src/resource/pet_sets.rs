//! [`PetSets`]: our own resource.

use petset_core::manifest::Manifest;
use petset_core::spec::PetSet;
use petset_core::status::{self, Condition};
use petset_core::store::Revision;
use petset_core::{Error, Result, SetUid};
use serde::Deserialize;
use serde_json::{Value, json};

use super::kept::KeptSet;
use super::kind::Kind;
use super::record::SetRecord;
use super::status::PetSetStatus;
use super::{CREATED_AT, FINALIZER, WHOLE};
use crate::meta::{self, OwnerKind, Tenure};

/// Sets as `PetSet` resources, of `petset.rs/v1`.
#[derive(Debug, Clone, Copy)]
pub struct PetSets;

impl Kind for PetSets {
    const OWNER: OwnerKind = OwnerKind::PET_SET;
    const PLURAL: &'static str = "petsets";
    const FINALIZER: Option<&'static str> = Some(FINALIZER);
    const REVISION_LABEL: Option<&'static str> = Some(meta::SET);
    const SHARES_REVISIONS: bool = false;

    fn complete(_record: &SetRecord<Self>, set: PetSet) -> Result<PetSet> {
        let checked = Manifest::try_from(set).map_err(Error::from)?;
        Ok(checked.sets.into_iter().next().expect("a manifest of one set has one"))
    }

    fn status(record: &SetRecord<Self>) -> Result<status::PetSetStatus, serde_json::Error> {
        Ok(Option::<PetSetStatus>::deserialize(record.status.value())?.unwrap_or_default().into())
    }

    /// Nobody else works on such sets.
    fn is_ours(_record: &SetRecord<Self>) -> bool {
        true
    }

    /// Our finalizer keeps the set, not what it owns: whoever deletes it in the foreground has the cluster delete all of
    /// that at once.
    fn tenure(record: &SetRecord<Self>, spec: &Value) -> Tenure {
        Tenure::of(spec, || Some(record.uid().to_string()))
    }

    fn status_patch(known: &KeptSet<Self>, status: &status::PetSetStatus) -> Value {
        let status = PetSetStatus::new(status.clone(), known.selector().map(str::to_owned));
        known.record().status_patch(&json!(status))
    }

    fn check_written(_patch: &Value, _answer: &SetRecord<Self>) -> Result<()> {
        Ok(())
    }

    fn condition(condition: &Condition) -> Value {
        json!(condition)
    }

    fn revision_selector(known: &KeptSet<Self>) -> String {
        format!("{}={}", meta::SET, known.record().key().name)
    }

    fn revision(record: &SetRecord<Self>, uid: &SetUid, revision: &Revision) -> Result<String> {
        let key = record.key();
        let mut template: Value = serde_json::to_value(&revision.template).expect("a template is JSON");
        template[WHOLE.0] = json!(WHOLE.1);
        let mut labels = revision.template.metadata.labels.clone();
        labels.insert(meta::SET.to_owned(), key.name.to_string());
        let written = json!({
            "apiVersion": "apps/v1",
            "kind": "ControllerRevision",
            "metadata": {
                "name": revision.name,
                "namespace": key.namespace,
                "labels": labels,
                "annotations": { CREATED_AT: revision.created_at.to_string() },
                "ownerReferences": [Self::OWNER.reference(&key, uid)],
            },
            "revision": revision.number,
            "data": { "spec": { "template": template } },
        });
        Ok(written.to_string())
    }
}
