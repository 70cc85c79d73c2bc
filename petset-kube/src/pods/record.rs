//! What is kept of a pod.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};
use petset_core::backend::Pod;
use petset_core::{Ordinal, PodUid, RevisionName, SetKey, Timestamp, Version};
use serde::Deserialize;
use serde_json::Value;

use super::{identity, status};
use crate::cache::Record;
use crate::impl_resource::impl_resource;
use crate::meta::{self, OwnerKind};

/// As much of a pod as is read. What may be malformed is read later, so that one such pod spoils nobody else's list.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct PodRecord {
    #[serde(deserialize_with = "meta::without_managed_fields")]
    pub(crate) metadata: ObjectMeta,
    #[serde(default)]
    spec: Spec,
    #[serde(default)]
    status: Value,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Spec {
    termination_grace_period_seconds: Value,
}

/// What is kept of a pod: what is said of it, and what it takes to change it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct KeptPod {
    pub(crate) pod: Pod,
    /// Its own grace period is zero: left to itself, the server would forget it before its node has ended it (S3).
    pub(crate) ends_by_force: bool,
    /// References to what does not control it.
    pub(crate) other_owners: Vec<OwnerReference>,
    /// A `StatefulSet` of the name that its own name tells of controls it.
    pub(crate) is_native: bool,
    /// It has the labels of its identity.
    pub(crate) is_labelled: bool,
}

/// The set and the ordinal that a pod's name tells of.
pub(crate) fn identity_of(namespace: &str, name: &str) -> Option<(SetKey, Ordinal)> {
    let (set, ordinal) = name.rsplit_once('-')?;
    Some((SetKey::new(namespace, set), Ordinal::parse_exact(ordinal)?)).filter(|_| !set.is_empty())
}

impl Record for PodRecord {
    type Kept = KeptPod;
    const KINDS: &'static str = "pods";

    fn are_alike(one: &KeptPod, other: &KeptPod) -> bool {
        let mut one = one.clone();
        one.pod.version.clone_from(&other.pod.version);
        one == *other
    }

    fn keep(&self) -> Result<KeptPod, String> {
        let meta = &self.metadata;
        let (uid, version) = meta::identity(meta)?;
        let namespace = meta.namespace.as_deref().unwrap_or_default();
        let name = meta.name.as_deref().unwrap_or_default();
        let identity = identity_of(namespace, name);
        // Others' pods, most of those of a cluster, are kept as well, under a name that no set asks for; little of each.
        let may_be_a_pets = identity.is_some();
        let (set, ordinal) = identity.unwrap_or_else(|| (SetKey::new(namespace, name), Ordinal(0)));
        let labels = meta::map(meta.labels.as_ref().filter(|_| may_be_a_pets));
        let mut owners = meta.owner_references.iter().flatten();
        let is_native = owners.any(|owner| {
            owner.controller == Some(true) && OwnerKind::STATEFUL_SET.is_of(owner) && *owner.name == *set.name
        });
        let pod = Pod {
            set,
            ordinal,
            uid: PodUid::new(uid),
            version: Version::new(version),
            owner: meta::controller(meta),
            revision: labels.get(meta::REVISION).map(|revision| RevisionName::new(revision.as_str())),
            labels: labels.into(),
            annotations: meta::map(meta.annotations.as_ref().filter(|_| may_be_a_pets)).into(),
            created_at: meta.creation_timestamp.as_ref().map_or(Timestamp::default(), meta::timestamp),
            terminating: meta.deletion_timestamp.is_some(),
            status: status::read(if may_be_a_pets { &self.status } else { &Value::Null })?,
        };
        Ok(KeptPod {
            is_labelled: identity::wrong_labels(&pod).is_empty(),
            pod,
            ends_by_force: self.spec.termination_grace_period_seconds == 0,
            other_owners: meta::others(meta),
            is_native,
        })
    }

    fn sets(namespace: &str, name: &str, _kept: Option<&KeptPod>) -> Vec<SetKey> {
        identity_of(namespace, name).map(|(set, _)| set).into_iter().collect()
    }
}

impl_resource!(PodRecord, kind: "Pod", api: ("", "v1"), plural: "pods");

#[cfg(test)]
mod tests {
    use petset_core::backend::PodPhase;
    use serde_json::json;

    use super::*;

    fn read(pod: Value) -> PodRecord {
        serde_json::from_value(pod).expect("metadata can be read")
    }

    #[test]
    fn names_tell_of_their_set_exactly() {
        let set = |name| identity_of("default", name).map(|(set, ordinal)| (set.name.to_string(), ordinal.0));
        assert_eq!(set("web-1-0"), Some(("web-1".to_owned(), 0)));
        assert_eq!(set("web-12"), Some(("web".to_owned(), 12)));
        for nobodys in ["web", "web-", "web-01", "-1", "web-x"] {
            assert_eq!(set(nobodys), None, "{nobodys}");
        }
    }

    #[test]
    fn little_is_kept_of_what_is_no_pets() {
        let pod = |name: &str| {
            let meta = json!({ "name": name, "namespace": "default", "uid": "u", "resourceVersion": "7",
                "labels": { "app": "x" }, "annotations": { "a": "b" } });
            read(json!({ "metadata": meta, "status": { "phase": "Running" } })).keep().expect("it can be read").pod
        };
        let (pets, others) = (pod("web-0"), pod("web-7d4b9c6f5-x2x7q"));
        assert_eq!((pets.labels.len(), pets.annotations.len(), pets.status.phase), (1, 1, PodPhase::Running));
        assert_eq!((others.labels.len(), others.annotations.len(), others.status.phase), (0, 0, PodPhase::Pending));
        assert_eq!((others.uid.as_str(), others.version.as_str()), ("u", "7"));
    }

    #[test]
    fn s15_a_damaged_status_is_a_problem_of_its_pod() {
        let meta = json!({ "name": "web-0", "namespace": "default", "uid": "u", "resourceVersion": "7" });
        assert!(read(json!({ "metadata": meta, "status": "damaged" })).keep().is_err());
        let kept = read(json!({ "metadata": meta, "spec": { "terminationGracePeriodSeconds": 0 } })).keep();
        let kept = kept.expect("a pod without status is a new one");
        assert!(kept.ends_by_force);
        assert_eq!((kept.pod.version, kept.pod.status.ready_since), (Version::from("7"), None));
    }
}
