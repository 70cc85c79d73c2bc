//! What a volume's labels say: whose it is.

use std::collections::{BTreeMap, HashMap};

use petset_core::{ClaimUid, SetUid};

use super::record::{Binding, ClaimRecord, Identity};
use crate::labels::{self, Role};

/// Whose volume it is, as its labels say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) identity: Identity,
    pub(super) uid: ClaimUid,
}

impl Mark {
    pub(super) fn of(claim: &ClaimRecord) -> Self {
        Self { identity: claim.identity.clone(), uid: claim.uid.clone() }
    }

    /// The labels that say so.
    pub(super) fn labels(&self, role: Role, node: Option<&str>) -> BTreeMap<String, String> {
        let Identity { set, template, ordinal, name } = &self.identity;
        let mut all = labels::identity(role, set, *ordinal);
        all.insert(labels::TEMPLATE.to_owned(), template.clone());
        all.insert(labels::CLAIM.to_owned(), name.clone());
        all.insert(labels::CLAIM_UID.to_owned(), self.uid.to_string());
        all.extend(node.map(|node| (labels::NODE.to_owned(), node.to_owned())));
        all
    }

    /// What these labels say, if anything.
    pub(super) fn read(labels: &HashMap<String, String>) -> Option<Self> {
        let (set, ordinal) = labels::identity_of(labels)?;
        let template = labels.get(labels::TEMPLATE)?.clone();
        let name = labels.get(labels::CLAIM)?.clone();
        let uid = ClaimUid::from(labels.get(labels::CLAIM_UID)?.as_str());
        Some(Self { identity: Identity { set, template, ordinal, name }, uid })
    }
}

/// The node that made a volume, as its labels say; `None` of one that was made by hand.
pub(super) fn node_of(labels: &HashMap<String, String>) -> Option<&str> {
    labels.get(labels::NODE).map(String::as_str)
}

/// Every label of a volume that is made for a claim: the claim's own, and over them whose it is.
pub(super) fn of_claim(claim: &ClaimRecord, class: &str, bytes: u64, node: Option<&str>) -> BTreeMap<String, String> {
    let mut all = claim.labels.clone();
    all.extend(Mark::of(claim).labels(Role::Claim, node));
    all.insert(labels::STORAGE_CLASS.to_owned(), class.to_owned());
    all.insert(labels::CAPACITY.to_owned(), bytes.to_string());
    all.extend(claim.owner.as_ref().map(|owner| (labels::OWNER.to_owned(), owner.to_string())));
    all
}

/// The claim that the labels of its volume tell of, as it was when the volume was made.
pub(super) fn claim_of(volume: &str, labels: &HashMap<String, String>) -> Option<ClaimRecord> {
    let Mark { identity, uid } = Mark::read(labels)?;
    if volume != labels::claim_volume(&identity.set.namespace, &identity.name) {
        return None;
    }
    let own = |key: &&String| !key.starts_with(labels::PREFIX);
    let binding = Binding {
        volume: volume.to_owned(),
        class: labels.get(labels::STORAGE_CLASS)?.clone(),
        capacity_bytes: labels.get(labels::CAPACITY)?.parse().ok()?,
        pooled: None,
    };
    Some(ClaimRecord {
        identity,
        uid,
        owner: labels.get(labels::OWNER).map(|owner| SetUid::from(owner.as_str())),
        labels: labels.iter().filter(|(key, _)| own(key)).map(|(key, value)| (key.clone(), value.clone())).collect(),
        spec: petset_core::spec::ClaimSpec::default(),
        binding: Some(binding),
        message: None,
        deleting: false,
    })
}

#[cfg(test)]
mod tests {
    use petset_core::spec::ClaimSpec;
    use petset_core::{Ordinal, SetKey};

    use super::*;

    #[test]
    fn s19_the_labels_alone_tell_the_claim() {
        let set = SetKey::new("default", "web");
        let volume = labels::claim_volume("default", "www-web-3");
        let claim = ClaimRecord {
            identity: Identity { set, template: "www".into(), ordinal: Ordinal(3), name: "www-web-3".into() },
            uid: ClaimUid::random(),
            owner: Some(SetUid::from("owner")),
            labels: [("app".to_owned(), "nginx".to_owned())].into(),
            spec: ClaimSpec::default(),
            binding: Some(Binding { volume: volume.clone(), class: "fast".into(), capacity_bytes: 7, pooled: None }),
            message: None,
            deleting: false,
        };
        let labels: HashMap<_, _> = of_claim(&claim, "fast", 7, Some("node")).into_iter().collect();
        assert_eq!(node_of(&labels), Some("node"));
        assert_eq!(claim_of(&volume, &labels), Some(claim));
        assert_eq!(claim_of("another", &labels), None, "a volume under another name is not the claim's");
        assert_eq!(claim_of(&volume, &HashMap::new()), None);
    }
}
