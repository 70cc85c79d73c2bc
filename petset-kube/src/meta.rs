//! Whose an object is: owner references, and the marks that we put on objects.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference, Time};
use petset_core::spec::RetentionPolicyType;
use petset_core::{SetKey, SetUid, Timestamp};
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};

/// The set's name: a label of everything that we make for a set.
pub(crate) const SET: &str = "petset.rs/set";
/// The claim template's name: a label of every claim that we make.
pub(crate) const CLAIM_TEMPLATE: &str = "petset.rs/claim-template";
/// That a claim goes when its pet is scaled away, and stays when the set is deleted: an annotation.
pub(crate) const MARK: &str = "petset.rs/goes-with-pet";
/// The revision that a pod was made from: the label that Kubernetes' own sets use.
pub(crate) const REVISION: &str = "controller-revision-hash";

/// The pod's name: the label by which Services select a single pod of Kubernetes' own sets.
pub(crate) const POD_NAME: &str = "statefulset.kubernetes.io/pod-name";
/// The pod's ordinal: a label as well, since Kubernetes 1.28.
pub(crate) const POD_INDEX: &str = "apps.kubernetes.io/pod-index";

/// What kind of object owns pods and claims.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct OwnerKind {
    pub(crate) api_version: &'static str,
    pub(crate) kind: &'static str,
}

impl OwnerKind {
    /// Our own resource.
    pub(crate) const PET_SET: Self = Self { api_version: "petset.rs/v1", kind: "PetSet" };
    /// Kubernetes' own.
    pub(crate) const STATEFUL_SET: Self = Self { api_version: "apps/v1", kind: "StatefulSet" };

    /// The two parts of its API version.
    pub(crate) fn group_and_version(self) -> (&'static str, &'static str) {
        self.api_version.split_once('/').unwrap_or(("", self.api_version))
    }

    /// Whether an owner is of this kind, of whatever version.
    pub(crate) fn is_of(self, owner: &OwnerReference) -> bool {
        let group = owner.api_version.split_once('/').map_or("", |(group, _)| group);
        (group, owner.kind.as_str()) == (self.group_and_version().0, self.kind)
    }

    /// The reference of an object that this life of a set controls.
    pub(crate) fn reference(self, set: &SetKey, uid: &SetUid) -> OwnerReference {
        OwnerReference {
            api_version: self.api_version.to_owned(),
            kind: self.kind.to_owned(),
            name: set.name.to_string(),
            uid: uid.to_string(),
            controller: Some(true),
            block_owner_deletion: Some(true),
        }
    }
}

/// How a claim is told to be its set's, once a policy may delete it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Tenure {
    /// By an owner reference: the cluster deletes the claim with the set.
    Reference,
    /// By an annotation of this value, as the claim is to stay when the set is deleted; `None` while the set is not ours.
    Mark(Option<String>),
    /// By nothing: no policy deletes it.
    Nothing,
}

impl Tenure {
    /// As the retention policy in `spec` wants it.
    pub(crate) fn of(spec: &Value, mark: impl FnOnce() -> Option<String>) -> Self {
        let policy = |when: &str| {
            let policy = &spec["persistentVolumeClaimRetentionPolicy"][when];
            RetentionPolicyType::deserialize(policy).unwrap_or_default()
        };
        match (policy("whenDeleted"), policy("whenScaled")) {
            (RetentionPolicyType::Delete, _) => Self::Reference,
            (RetentionPolicyType::Retain, RetentionPolicyType::Delete) => Self::Mark(mark()),
            (RetentionPolicyType::Retain, RetentionPolicyType::Retain) => Self::Nothing,
        }
    }
}

/// The life of a set, or of something else, that controls an object.
pub(crate) fn controller(meta: &ObjectMeta) -> Option<SetUid> {
    let owners = meta.owner_references.iter().flatten();
    owners.filter(|owner| owner.controller == Some(true)).map(|owner| SetUid::new(owner.uid.as_str())).next()
}

/// The references of an object that control it not.
pub(crate) fn others(meta: &ObjectMeta) -> Vec<OwnerReference> {
    meta.owner_references.iter().flatten().filter(|owner| owner.controller != Some(true)).cloned().collect()
}

/// The references of an object once `owner` controls it, beside `others`.
pub(crate) fn references(kind: OwnerKind, set: &SetKey, owner: Option<&SetUid>, others: &[OwnerReference]) -> Value {
    let ours = owner.map(|uid| kind.reference(set, uid));
    json!(others.iter().cloned().chain(ours).collect::<Vec<_>>())
}

/// Reads metadata without the record of who wrote which field: it is longer than all the rest, and nobody here asks for it.
pub(crate) fn without_managed_fields<'de, D: Deserializer<'de>>(deserializer: D) -> Result<ObjectMeta, D::Error> {
    let Metadata {
        annotations,
        creation_timestamp,
        deletion_grace_period_seconds,
        deletion_timestamp,
        finalizers,
        generate_name,
        generation,
        labels,
        name,
        namespace,
        owner_references,
        resource_version,
        uid,
    } = Metadata::deserialize(deserializer)?;
    Ok(ObjectMeta {
        annotations,
        creation_timestamp,
        deletion_grace_period_seconds,
        deletion_timestamp,
        finalizers,
        generate_name,
        generation,
        labels,
        managed_fields: None,
        name,
        namespace,
        owner_references,
        resource_version,
        self_link: None,
        uid,
    })
}

/// The metadata that is read.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Metadata {
    annotations: Option<BTreeMap<String, String>>,
    creation_timestamp: Option<Time>,
    deletion_grace_period_seconds: Option<i64>,
    deletion_timestamp: Option<Time>,
    finalizers: Option<Vec<String>>,
    generate_name: Option<String>,
    generation: Option<i64>,
    labels: Option<BTreeMap<String, String>>,
    name: Option<String>,
    namespace: Option<String>,
    owner_references: Option<Vec<OwnerReference>>,
    resource_version: Option<String>,
    uid: Option<String>,
}

/// What an object says of itself that everybody wants: uid and version.
pub(crate) fn identity(meta: &ObjectMeta) -> Result<(String, String), String> {
    match (&meta.uid, &meta.resource_version) {
        (Some(uid), Some(version)) => Ok((uid.clone(), version.clone())),
        (None, _) => Err("it has no uid".to_owned()),
        (Some(_), None) => Err("it has no resourceVersion".to_owned()),
    }
}

/// A moment of the server's.
pub(crate) fn timestamp(time: &Time) -> Timestamp {
    Timestamp::from_micros(time.0.as_microsecond())
}

/// A map that may be missing.
pub(crate) fn map(map: Option<&BTreeMap<String, String>>) -> BTreeMap<String, String> {
    map.cloned().unwrap_or_default()
}
