//! A `ControllerRevision` as it is read and written, whatever version of Kubernetes' types there is.

use std::collections::BTreeMap;
use std::marker::PhantomData;
use std::sync::Arc;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};
use petset_core::spec::PodTemplate;
use petset_core::store::Revision;
use petset_core::{RevisionName, SetKey, SetUid, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::cache::Record;
use crate::compact::Compact;
use crate::impl_resource::impl_resource;
use crate::meta;
use crate::resource::{CREATED_AT, SetKind, WHOLE, without_nulls};

/// A `ControllerRevision` of a set of one kind.
#[derive(Debug, Clone, Deserialize)]
#[serde(bound = "")]
pub(super) struct RevisionRecord<K> {
    #[serde(deserialize_with = "meta::without_managed_fields")]
    pub(super) metadata: ObjectMeta,
    #[serde(default)]
    pub(super) data: Value,
    #[serde(default)]
    pub(super) revision: i64,
    #[serde(skip)]
    kind: PhantomData<K>,
}

impl<K: SetKind> RevisionRecord<K> {
    /// Whether it was made for a set of this name.
    pub(super) fn is_marked(&self, set: &SetKey) -> bool {
        let labels = self.metadata.labels.as_ref();
        labels.and_then(|labels| labels.get(meta::SET)).is_some_and(|name| **name == *set.name)
    }

    fn read(&self) -> Result<Snapshot, String> {
        let mut template = self.data["spec"]["template"].clone();
        let fields = template.as_object_mut().ok_or("it has no template")?;
        fields.remove(WHOLE.0);
        let template = Compact::from(&template);
        read_template(&template)?;
        let exactly = self.metadata.annotations.as_ref().and_then(|annotations| annotations.get(CREATED_AT));
        let exactly = exactly.and_then(|text| serde_json::from_value::<Timestamp>(json!(text)).ok());
        let about = || self.metadata.creation_timestamp.as_ref().map_or(Timestamp::default(), meta::timestamp);
        Ok(Snapshot {
            name: RevisionName::new(self.metadata.name.as_deref().unwrap_or_default()),
            number: u64::try_from(self.revision).map_err(|_negative| "its number is negative")?,
            created_at: exactly.unwrap_or_else(about),
            template,
        })
    }
}

/// A revision that can be read. At rest there are many of them, and nobody asks.
#[derive(Debug, Clone)]
pub(super) struct Snapshot {
    name: RevisionName,
    number: u64,
    created_at: Timestamp,
    template: Compact,
}

impl Snapshot {
    /// The revision.
    ///
    /// # Errors
    /// None once it was kept.
    pub(super) fn revision(&self) -> Result<Revision, String> {
        let Self { name, number, created_at, template } = self;
        let (name, template) = (name.clone(), read_template(template)?);
        Ok(Revision { name, number: *number, created_at: *created_at, template })
    }
}

fn read_template(template: &Compact) -> Result<PodTemplate, String> {
    let mut template: PodTemplate = template.read().map_err(|error| error.to_string())?;
    without_nulls(&mut template.metadata);
    Ok(template)
}

/// What is kept of a revision.
#[derive(Debug, Clone)]
pub(super) struct KeptRevision {
    pub(super) uid: String,
    pub(super) version: String,
    /// The life of a set that it is of.
    pub(super) owner: Option<SetUid>,
    /// What is to be known of it before it is adopted, where nobody owns it and it stays.
    pub(super) orphan: Option<Orphan>,
    snapshot: Result<Arc<Snapshot>, String>,
}

impl KeptRevision {
    /// The revision, or what cannot be read.
    pub(super) fn revision(&self) -> Result<Revision, String> {
        self.snapshot.clone()?.revision()
    }
}

/// What is kept of a revision that nobody owns.
#[derive(Debug, Clone)]
pub(super) struct Orphan {
    pub(super) labels: BTreeMap<String, String>,
    pub(super) others: Vec<OwnerReference>,
}

impl<K: SetKind> Record for RevisionRecord<K> {
    type Kept = KeptRevision;
    const KINDS: &'static str = "controllerrevisions";
    /// Those of others are none of ours.
    const LABEL: Option<&'static str> = K::REVISION_LABEL;

    fn keep(&self) -> Result<KeptRevision, String> {
        let (uid, version) = meta::identity(&self.metadata)?;
        let owner = meta::controller(&self.metadata);
        let is_orphan = owner.is_none() && self.metadata.deletion_timestamp.is_none();
        let orphan = is_orphan
            .then(|| Orphan { labels: meta::map(self.metadata.labels.as_ref()), others: meta::others(&self.metadata) });
        let mut owners = self.metadata.owner_references.iter().flatten();
        let other = owners.find(|owner| owner.controller == Some(true) && owner.kind != K::OWNER.kind);
        let snapshot = match other {
            // Nobody asks for it, and there may be many.
            Some(other) => Err(format!("it is of the {} {}", other.kind, other.name)),
            None => self.read().map(Arc::new),
        };
        Ok(KeptRevision { uid, version, owner, orphan, snapshot })
    }

    /// A set whose name one has may take it where nobody owns it. Else nobody's decision changes with a revision of somebody
    /// else's.
    fn sets(namespace: &str, name: &str, kept: Option<&KeptRevision>) -> Vec<SetKey> {
        let set = kept.filter(|kept| kept.orphan.is_some()).and_then(|_| name.rsplit_once('-'));
        set.map(|(set, _)| SetKey::new(namespace, set)).into_iter().collect()
    }
}

impl_resource!(RevisionRecord<K: SetKind>, kind: "ControllerRevision", api: ("apps", "v1"), plural: "controllerrevisions");

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::StatefulSets;

    fn kept(data: &Value) -> KeptRevision {
        let revision = json!({ "metadata": { "name": "web-1", "uid": "u", "resourceVersion": "1" }, "data": data,
            "revision": 1 });
        let revision: RevisionRecord<StatefulSets> = serde_json::from_value(revision).expect("a revision");
        revision.keep().expect("it is kept")
    }

    #[test]
    fn what_is_no_template_is_named_and_spoils_nobody_elses() {
        assert_eq!(kept(&Value::Null).revision().expect_err("it has no template"), "it has no template");
    }

    #[test]
    fn of_other_kinds_no_template_is_kept() {
        let of = |kind: &str| {
            let revision = json!({ "metadata": { "name": "web-1", "uid": "u", "resourceVersion": "1", "ownerReferences": [
                { "apiVersion": "apps/v1", "kind": kind, "name": "web", "uid": "o", "controller": true }] },
                "data": { "spec": { "template": { "spec": {} } } }, "revision": 1 });
            let revision: RevisionRecord<StatefulSets> = serde_json::from_value(revision).expect("a revision");
            revision.keep().expect("it is kept")
        };
        assert!(of("StatefulSet").revision().is_ok());
        let other = of("DaemonSet");
        assert_eq!(other.owner, Some(SetUid::from("o")));
        assert_eq!(other.revision().expect_err("it is left out"), "it is of the DaemonSet web");
    }

    #[test]
    fn s16_what_versions_write_differently_makes_no_other_template() {
        let with = |metadata: Value| {
            let template =
                json!({ "$patch": "replace", "metadata": metadata, "spec": { "dnsPolicy": "ClusterFirst" } });
            kept(&json!({ "spec": { "template": template } })).revision().expect("it can be read")
        };
        // Until Kubernetes 1.33, and since.
        let before = with(json!({ "creationTimestamp": null, "labels": { "app": "a" } }));
        assert_eq!(before, with(json!({ "labels": { "app": "a" } })));
        assert_ne!(before, with(json!({ "labels": { "app": "b" } })));
    }
}
