//! What is kept of a claim.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1 as k8s;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};
use petset_core::backend::{Claim, ClaimPhase};
use petset_core::spec::Quantity;
use petset_core::{ClaimUid, Ordinal, PodUid, SetKey, SetUid};
use serde::Deserialize;
use serde_json::Value;

use crate::cache::Record;
use crate::impl_resource::impl_resource;
use crate::meta;

/// As much of a claim as is read. What may be malformed is read later, so that one such claim spoils nobody else's list.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct ClaimRecord {
    #[serde(deserialize_with = "meta::without_managed_fields")]
    pub(crate) metadata: ObjectMeta,
    #[serde(default)]
    spec: Value,
    #[serde(default)]
    status: Value,
}

/// What is kept of a claim.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct KeptClaim {
    pub(crate) claim_uid: ClaimUid,
    pub(crate) version: String,
    pub(crate) owner: Option<SetUid>,
    /// The other references, but for those to a pod of the pet.
    pub(crate) other_owners: Vec<OwnerReference>,
    /// The pod of the pet that the claim is to go with: Kubernetes' own controller writes so before it scales down.
    pub(crate) pod: Option<PodUid>,
    /// The mark of a set that owns it without a reference.
    pub(crate) mark: Option<String>,
    /// The set and the claim template that it was made for, where that is on record.
    pub(crate) made_for: Option<(String, String)>,
    pub(crate) phase: ClaimPhase,
    pub(crate) volume: Option<String>,
    pub(crate) asked: Option<Quantity>,
    pub(crate) capacity: Option<Quantity>,
    pub(crate) storage_class: Option<String>,
}

impl KeptClaim {
    pub(crate) fn is_terminating(&self) -> bool {
        self.phase == ClaimPhase::Terminating
    }

    /// Whether everything that says whose it is, is the same in `later`.
    pub(super) fn is_owned_as(&self, later: &Self) -> bool {
        let of = |claim: &Self| {
            let Self { owner, other_owners, pod, mark, made_for, .. } = claim.clone();
            (owner, other_owners, pod, mark, made_for)
        };
        of(self) == of(later)
    }

    /// Which template and ordinal of `set` a claim of this name is, if any: as it is on record, else as the name reads.
    pub(crate) fn identity<'n>(set: &SetKey, name: &'n str, kept: Option<&Self>) -> Option<(&'n str, Ordinal)> {
        let (template, ordinal) = set.identity_of_claim(name)?;
        let made_for = kept.and_then(|kept| kept.made_for.as_ref());
        let fits = made_for.is_none_or(|(of, made)| **of == *set.name && made == template);
        fits.then_some((template, ordinal))
    }

    /// The claim as `set` sees it, if it is one of its own.
    pub(crate) fn claim(&self, set: &SetKey, name: &str) -> Option<Claim> {
        let (template, ordinal) = Self::identity(set, name, Some(self))?;
        let message = match self.phase {
            ClaimPhase::Pending => Some(match self.storage_class.as_deref() {
                Some("") => "it waits for a volume that was made for it: it names no storage class".to_owned(),
                Some(class) => format!("it waits for a volume of storage class {class}"),
                None => "it waits for a volume: it names no storage class, and the cluster has no default".to_owned(),
            }),
            ClaimPhase::Bound | ClaimPhase::Lost | ClaimPhase::Terminating => None,
        };
        Some(Claim {
            set: set.clone(),
            template: template.to_owned(),
            ordinal,
            name: name.to_owned(),
            uid: self.claim_uid.clone(),
            owner: self.owner.clone(),
            phase: self.phase,
            volume: self.volume.clone(),
            capacity_bytes: self.capacity.as_ref().and_then(Quantity::bytes),
            storage_class: self.storage_class.clone(),
            message,
        })
    }
}

impl Record for ClaimRecord {
    type Kept = KeptClaim;
    const KINDS: &'static str = "persistentvolumeclaims";
    const INDEX: Option<fn(&(String, String)) -> Vec<SetKey>> =
        Some(|(namespace, name)| Self::sets(namespace, name, None));

    fn are_alike(one: &KeptClaim, other: &KeptClaim) -> bool {
        let mut one = one.clone();
        one.version.clone_from(&other.version);
        one == *other
    }

    fn keep(&self) -> Result<KeptClaim, String> {
        let meta = &self.metadata;
        let (uid, version) = meta::identity(meta)?;
        let spec: k8s::PersistentVolumeClaimSpec = part("spec", &self.spec)?;
        let status: k8s::PersistentVolumeClaimStatus = part("status", &self.status)?;
        let phase = match status.phase.as_deref() {
            _ if meta.deletion_timestamp.is_some() => ClaimPhase::Terminating,
            None | Some("" | "Pending") => ClaimPhase::Pending,
            Some("Bound") => ClaimPhase::Bound,
            Some("Lost") => ClaimPhase::Lost,
            Some(other) => return Err(format!("its phase {other} is none that is known")),
        };
        // Before it is bound, what is written there is what is wished for, or under way.
        let is_bound = status.phase.as_deref().is_some_and(|phase| !matches!(phase, "" | "Pending"));
        let label = |key| text(meta.labels.as_ref(), key);
        let others = meta::others(meta).into_iter();
        let storage = |amount: &k8s_openapi::apimachinery::pkg::api::resource::Quantity| Quantity::from(&*amount.0);
        let asked = spec.resources.as_ref().and_then(|resources| resources.requests.as_ref()?.get("storage"));
        let capacity = status.capacity.as_ref().and_then(|capacity| capacity.get("storage"));
        Ok(KeptClaim {
            claim_uid: ClaimUid::new(uid),
            version,
            owner: controller(meta).or_else(|| set_owner(meta)),
            other_owners: others.filter(|owner| !is_set(owner) && !is_pod(meta, owner)).collect(),
            pod: meta
                .owner_references
                .iter()
                .flatten()
                .find(|owner| is_pod(meta, owner))
                .map(|pod| pod.uid.as_str().into()),
            mark: text(meta.annotations.as_ref(), meta::MARK),
            made_for: label(meta::SET).zip(label(meta::CLAIM_TEMPLATE)),
            phase,
            volume: spec.volume_name.filter(|name| is_bound && !name.is_empty()),
            asked: asked.map(storage),
            capacity: capacity.map(storage),
            storage_class: spec.storage_class_name,
        })
    }

    fn sets(namespace: &str, name: &str, kept: Option<&KeptClaim>) -> Vec<SetKey> {
        if let Some((set, _)) = kept.and_then(|kept| kept.made_for.as_ref()) {
            return vec![SetKey::new(namespace, set.as_str())];
        }
        let Some((rest, ordinal)) = name.rsplit_once('-') else { return Vec::new() };
        if Ordinal::parse_exact(ordinal).is_none() {
            return Vec::new();
        }
        // Each reading of the name may be the right one.
        rest.match_indices('-').map(|(at, _)| SetKey::new(namespace, &rest[at + 1..])).collect()
    }
}

/// Claims may be owned by a set without being controlled by it, as Kubernetes' own sets do.
fn set_owner(meta: &ObjectMeta) -> Option<SetUid> {
    let mut owners = meta.owner_references.iter().flatten();
    owners.find(|owner| is_set(owner)).map(|owner| SetUid::new(owner.uid.as_str()))
}

/// The life of whatever controls it, unless that is a pod of its own pet.
fn controller(meta: &ObjectMeta) -> Option<SetUid> {
    let mut owners = meta.owner_references.iter().flatten();
    let owner = owners.find(|owner| owner.controller == Some(true) && !is_pod(meta, owner));
    owner.map(|owner| SetUid::new(owner.uid.as_str()))
}

/// Whether the reference is to a pod of the pet that the claim is named for.
fn is_pod(meta: &ObjectMeta, owner: &OwnerReference) -> bool {
    let name = meta.name.as_deref().unwrap_or_default();
    owner.kind == "Pod" && name.strip_suffix(owner.name.as_str()).is_some_and(|template| template.ends_with('-'))
}

fn is_set(owner: &OwnerReference) -> bool {
    matches!(owner.kind.as_str(), "PetSet" | "StatefulSet")
}

/// A label or an annotation that says something.
fn text(map: Option<&BTreeMap<String, String>>, key: &str) -> Option<String> {
    map.and_then(|map| map.get(key)).filter(|text| !text.is_empty()).cloned()
}

fn part<T: Default + for<'de> Deserialize<'de>>(what: &str, value: &Value) -> Result<T, String> {
    if value.is_null() {
        return Ok(T::default());
    }
    T::deserialize(value).map_err(|error| format!("its {what}: {error}"))
}

impl_resource!(ClaimRecord, kind: "PersistentVolumeClaim", api: ("", "v1"), plural: "persistentvolumeclaims");

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn kept(labels: &Value, owners: &Value) -> KeptClaim {
        let claim = json!({ "metadata": { "name": "www-a-b-0", "namespace": "default", "uid": "u", "resourceVersion": "1",
            "labels": labels, "ownerReferences": owners } });
        serde_json::from_value::<ClaimRecord>(claim).expect("a claim").keep().expect("it can be read")
    }

    #[test]
    fn s5_a_name_that_reads_in_two_ways_is_one_claim_of_one_set() {
        let (short, long) = (SetKey::new("default", "b"), SetKey::new("default", "a-b"));
        let unmarked = kept(&json!({}), &json!([]));
        assert_eq!(unmarked.claim(&short, "www-a-b-0").map(|claim| claim.template).as_deref(), Some("www-a"));
        assert_eq!(unmarked.claim(&long, "www-a-b-0").map(|claim| claim.template).as_deref(), Some("www"));
        assert_eq!(ClaimRecord::sets("default", "www-a-b-0", Some(&unmarked)), [long.clone(), short.clone()]);
        let marked = kept(&json!({ meta::SET: "a-b", meta::CLAIM_TEMPLATE: "www" }), &json!([]));
        assert_eq!(marked.claim(&short, "www-a-b-0"), None);
        assert!(marked.claim(&long, "www-a-b-0").is_some());
        assert_eq!(ClaimRecord::sets("default", "www-a-b-0", Some(&marked)), [long]);
    }

    #[test]
    fn owners_are_sets_and_others_stay_others() {
        let set = json!({ "apiVersion": "apps/v1", "kind": "StatefulSet", "name": "b", "uid": "s" });
        let pod = json!({ "apiVersion": "v1", "kind": "Pod", "name": "c-0", "uid": "p" });
        let claim = kept(&json!({}), &json!([pod, set]));
        assert_eq!(claim.owner, Some(SetUid::from("s")));
        assert_eq!(claim.other_owners.iter().map(|owner| owner.uid.as_str()).collect::<Vec<_>>(), ["p"]);
        assert_eq!(claim.pod, None, "it is no pod of a pet that the claim is named for");
    }
}
