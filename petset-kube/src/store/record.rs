//! A `ControllerRevision` as it is read and written, whatever version of Kubernetes' types there is.

use std::borrow::Cow;
use std::sync::Arc;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::Resource;
use kube::core::NamespaceResourceScope;
use petset_core::store::Revision;
use petset_core::{RevisionName, SetKey, SetUid, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::cache::Record;
use crate::meta;

/// When a revision was first seen, more exactly than the server knows.
pub(super) const CREATED_AT: &str = "petset.rs/created-at";

/// Of a template that replaces what was there as a whole.
pub(super) const WHOLE: (&str, &str) = ("$patch", "replace");

/// A `ControllerRevision`.
#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct RevisionRecord {
    pub(super) metadata: ObjectMeta,
    #[serde(default)]
    pub(super) data: Value,
    #[serde(default)]
    pub(super) revision: i64,
}

impl RevisionRecord {
    /// Whether it was made for a set of this name.
    pub(super) fn is_marked(&self, set: &SetKey) -> bool {
        let labels = self.metadata.labels.as_ref();
        labels.and_then(|labels| labels.get(meta::SET)).is_some_and(|name| **name == *set.name)
    }

    fn read(&self) -> Result<Revision, String> {
        let mut written = self.data["spec"]["template"].clone();
        let fields = written.as_object_mut().ok_or("it has no template")?;
        fields.remove(WHOLE.0);
        let template = serde_json::from_value(written).map_err(|error| error.to_string())?;
        let exactly = self.metadata.annotations.as_ref().and_then(|annotations| annotations.get(CREATED_AT));
        let exactly = exactly.and_then(|text| serde_json::from_value::<Timestamp>(json!(text)).ok());
        let about = || self.metadata.creation_timestamp.as_ref().map_or(Timestamp::default(), meta::timestamp);
        Ok(Revision {
            name: RevisionName::new(self.metadata.name.as_deref().unwrap_or_default()),
            number: u64::try_from(self.revision).map_err(|_negative| "its number is negative")?,
            created_at: exactly.unwrap_or_else(about),
            template,
        })
    }
}

/// What is kept of a revision.
#[derive(Debug, Clone)]
pub(super) struct KeptRevision {
    pub(super) uid: String,
    pub(super) version: String,
    /// The life of a set that it is of.
    pub(super) owner: Option<SetUid>,
    /// The revision, or what cannot be read.
    pub(super) revision: Result<Arc<Revision>, String>,
}

impl Record for RevisionRecord {
    type Kept = KeptRevision;
    const KINDS: &'static str = "controllerrevisions";
    /// Those of others are none of ours.
    const LABEL: Option<&'static str> = Some(meta::SET);

    fn keep(&self) -> Result<KeptRevision, String> {
        let (uid, version) = meta::identity(&self.metadata)?;
        let owner = meta::controller(&self.metadata);
        Ok(KeptRevision { uid, version, owner, revision: self.read().map(Arc::new) })
    }

    /// Nobody's decision changes with a revision of somebody else's.
    fn sets(_namespace: &str, _name: &str, _kept: Option<&KeptRevision>) -> Vec<SetKey> {
        Vec::new()
    }
}

impl Resource for RevisionRecord {
    type DynamicType = ();
    type Scope = NamespaceResourceScope;

    fn kind((): &()) -> Cow<'_, str> {
        "ControllerRevision".into()
    }

    fn group((): &()) -> Cow<'_, str> {
        "apps".into()
    }

    fn version((): &()) -> Cow<'_, str> {
        "v1".into()
    }

    fn plural((): &()) -> Cow<'_, str> {
        "controllerrevisions".into()
    }

    fn meta(&self) -> &ObjectMeta {
        &self.metadata
    }

    fn meta_mut(&mut self) -> &mut ObjectMeta {
        &mut self.metadata
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_template_is_named_and_spoils_nobody_elses() {
        let mut revision = RevisionRecord { revision: 1, ..RevisionRecord::default() };
        revision.metadata.uid = Some("u".to_owned());
        revision.metadata.resource_version = Some("1".to_owned());
        let kept = revision.keep().expect("it is kept");
        assert_eq!(kept.revision.expect_err("it has no template"), "it has no template");
    }
}
