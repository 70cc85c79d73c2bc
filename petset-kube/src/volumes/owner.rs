//! Whose a claim is, and how that is written.
//!
//! Owner references are as Kubernetes' own sets have them, because the cluster deletes claims by them: the set's only where
//! `whenDeleted` says `Delete`. A claim that is to go when its pet is scaled away, and to stay when the set is deleted, has
//! a mark instead, which nobody else reads.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;
use petset_core::{Error, ErrorKind, PodUid, Result, SetKey, SetUid};
use serde_json::{Value, json};

use super::record::KeptClaim;
use crate::meta::{self, OwnerKind, Tenure};
use crate::resource::{KeptSet, Kind};

/// What is to be known of a set that owns claims.
#[derive(Debug, Clone)]
pub(super) struct Holder {
    uid: SetUid,
    tenure: Tenure,
}

impl Holder {
    pub(super) fn of<K: Kind>(set: &KeptSet<K>) -> Self {
        Self { uid: set.record().uid(), tenure: set.tenure().clone() }
    }
}

/// The owner that a claim counts as having, for this set. `None` also where ours is not written as the
/// policy wants it, so that it is written again.
pub(super) fn owner(set: &Holder, claim: &KeptClaim) -> Option<SetUid> {
    let ours = || Some(set.uid.clone());
    match (&claim.owner, &set.tenure) {
        (Some(owner), _) if *owner != set.uid => Some(owner.clone()),
        // Kubernetes' own controller wanted it to go with a pod; now it must not.
        (_, Tenure::Reference | Tenure::Mark(_)) if claim.pod.is_some() => None,
        (_, Tenure::Nothing) if claim.pod.is_some() => ours(),
        (Some(_), Tenure::Reference | Tenure::Nothing) => ours(),
        (Some(_), Tenure::Mark(_)) | (None, Tenure::Reference) => None,
        (None, Tenure::Mark(mark)) => ours().filter(|_| mark.is_some() && claim.mark == *mark),
        (None, Tenure::Nothing) => ours().filter(|_| claim.mark.is_some()),
    }
}

/// The same where nobody knows the set: as it is written.
pub(super) fn written_owner(kind: OwnerKind, claim: &KeptClaim) -> Option<SetUid> {
    let mark = claim.mark.as_deref().filter(|_| kind == OwnerKind::PET_SET);
    claim.owner.clone().or_else(|| mark.map(SetUid::from))
}

/// Whether a claim was given to a pod that is gone: the cluster is about to delete it. `pod` tells which pod there is.
pub(super) fn is_doomed(claim: &KeptClaim, pod: impl FnOnce() -> Option<PodUid>) -> bool {
    claim.pod.as_ref().is_some_and(|of| pod().as_ref() != Some(of))
}

/// The metadata of a claim that belongs to `owner`, beside `others`.
///
/// # Errors
/// `Conflict` when the set is not on record as ours yet.
pub(super) fn metadata(
    kind: OwnerKind,
    key: &SetKey,
    set: Option<&Holder>,
    owner: Option<&SetUid>,
    others: &[OwnerReference],
) -> Result<Value> {
    let written = |reference: Option<&SetUid>, mark: Option<&String>| {
        json!({
            "ownerReferences": meta::references(kind, key, reference, others),
            "annotations": { meta::MARK: mark },
        })
    };
    let Some(uid) = owner else { return Ok(written(None, None)) };
    if set.is_none() && kind == OwnerKind::PET_SET {
        // The way in which nothing goes by itself.
        return Ok(written(None, Some(&uid.to_string())));
    }
    match set.filter(|set| set.uid == *uid).map(|set| &set.tenure) {
        Some(Tenure::Reference) => Ok(written(Some(uid), None)),
        Some(Tenure::Mark(Some(mark))) => Ok(written(None, Some(mark))),
        // The policy has changed since it was asked for: what nothing deletes has no owner.
        Some(Tenure::Nothing) => Ok(written(None, None)),
        Some(Tenure::Mark(None)) | None => Err(not_ours(key)),
    }
}

fn not_ours(key: &SetKey) -> Error {
    Error::new(ErrorKind::Conflict, "own a claim")
        .with_context("set", key)
        .with_message("the set has changed hands since it was looked at")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cache::Record;
    use crate::volumes::record::ClaimRecord;

    fn set(tenure: Tenure) -> Holder {
        Holder { uid: SetUid::from("s"), tenure }
    }

    fn marked() -> Tenure {
        Tenure::Mark(Some("s.1".to_owned()))
    }

    fn claim(owners: &Value, mark: Option<&str>) -> KeptClaim {
        let claim = json!({ "metadata": { "name": "www-web-0", "namespace": "default", "uid": "u", "resourceVersion": "1",
            "ownerReferences": owners, "annotations": { meta::MARK: mark.unwrap_or("") } } });
        serde_json::from_value::<ClaimRecord>(claim).expect("a claim").keep().expect("it can be read")
    }

    fn of_set(uid: &str) -> Value {
        json!([{ "apiVersion": "apps/v1", "kind": "StatefulSet", "name": "web", "uid": uid, "controller": true }])
    }

    fn of_pod(uid: &str) -> Value {
        json!([{ "apiVersion": "v1", "kind": "Pod", "name": "web-0", "uid": uid, "controller": true }])
    }

    #[test]
    fn s6_each_policy_has_its_own_way_to_own() {
        let bare = claim(&json!([]), None);
        let referenced = claim(&of_set("s"), None);
        let with_mark = claim(&json!([]), Some("s.1"));
        let ours = Some(SetUid::from("s"));
        for (tenure, claim, expected) in [
            (Tenure::Reference, &bare, None),
            (Tenure::Reference, &referenced, ours.clone()),
            (Tenure::Reference, &with_mark, None),
            (marked(), &bare, None),
            // With the set's reference it would go with the set, which the policy forbids.
            (marked(), &referenced, None),
            (marked(), &with_mark, ours.clone()),
            // Marked before another controller had the set.
            (Tenure::Mark(Some("s.2".to_owned())), &with_mark, None),
            (Tenure::Mark(None), &with_mark, None),
            // To be taken off.
            (Tenure::Nothing, &referenced, ours.clone()),
            (Tenure::Nothing, &with_mark, ours.clone()),
            (Tenure::Nothing, &bare, None),
        ] {
            assert_eq!(owner(&set(tenure.clone()), claim), expected, "{tenure:?} {claim:?}");
        }
    }

    #[test]
    fn s12_what_is_another_owners_stays_so() {
        for tenure in [Tenure::Reference, marked(), Tenure::Nothing] {
            assert_eq!(owner(&set(tenure.clone()), &claim(&of_set("other"), None)), Some(SetUid::from("other")));
            let foreign =
                json!([{ "apiVersion": "x/v1", "kind": "Backup", "name": "b", "uid": "b", "controller": true }]);
            assert_eq!(owner(&set(tenure), &claim(&foreign, None)), Some(SetUid::from("b")));
        }
    }

    #[test]
    fn s6_a_reference_to_a_pod_is_taken_off_while_the_pod_lives() {
        let condemned = claim(&of_pod("p"), None);
        assert_eq!(owner(&set(Tenure::Reference), &condemned), None);
        assert_eq!(owner(&set(marked()), &condemned), None);
        assert_eq!(owner(&set(Tenure::Nothing), &condemned), Some(SetUid::from("s")));
        assert!(condemned.other_owners.is_empty());
        assert!(!is_doomed(&condemned, || Some(PodUid::new("p"))));
        assert!(is_doomed(&condemned, || None));
        assert!(is_doomed(&condemned, || Some(PodUid::new("q"))));
    }

    #[test]
    fn what_is_written_is_what_counts() {
        let (key, uid) = (SetKey::new("default", "web"), SetUid::from("s"));
        for tenure in [Tenure::Reference, marked()] {
            let kept = set(tenure);
            let written = metadata(OwnerKind::STATEFUL_SET, &key, Some(&kept), Some(&uid), &[]).expect("it is ours");
            let mark = written["annotations"][meta::MARK].as_str();
            assert_eq!(owner(&kept, &claim(&written["ownerReferences"], mark)), Some(uid.clone()));
            let written = metadata(OwnerKind::STATEFUL_SET, &key, Some(&kept), None, &[]).expect("nobody's");
            assert_eq!(written, json!({ "ownerReferences": [], "annotations": { meta::MARK: null } }));
        }
        let written =
            metadata(OwnerKind::STATEFUL_SET, &key, Some(&set(Tenure::Nothing)), Some(&uid), &[]).expect("it is ours");
        assert_eq!(written, json!({ "ownerReferences": [], "annotations": { meta::MARK: null } }));
        let own = metadata(OwnerKind::PET_SET, &key, None, Some(&uid), &[]).expect("of a set that is not known yet");
        assert_eq!(own["ownerReferences"], json!([]));
        let claim = claim(&json!([]), own["annotations"][meta::MARK].as_str());
        assert_eq!(written_owner(OwnerKind::PET_SET, &claim), Some(uid.clone()));
        for kept in [set(Tenure::Mark(None)), Holder { uid: SetUid::from("later"), ..set(Tenure::Reference) }] {
            let error =
                metadata(OwnerKind::STATEFUL_SET, &key, Some(&kept), Some(&uid), &[]).expect_err("it changed hands");
            assert_eq!(error.kind(), ErrorKind::Conflict);
        }
    }
}
