//! Identity on Docker: the labels that objects carry and the names that they have.
//!
//! A name is a function of the identity and of nothing else, and two identities never share one: the engine's own
//! uniqueness of names is the lock behind "at most one pod per identity" (S1) and "exactly these volumes" (S5). The parts
//! of a name are joined by dots, which names of pods, claims' namespaces and containers do not have.
//!
//! | object | name |
//! |---|---|
//! | the pod's sandbox | `<pod>.<namespace>.petset` |
//! | a container of the pod | `<container>.<pod>.<namespace>.petset` |
//! | a volume behind a claim | `<claim>.<namespace>.petset` |
//! | a volume that lives and dies with a pod | `<volume>.<first 13 of its record>.pod.petset` |
//! | who has a pre-made volume | `<volume>.given.pool.petset` |
//! | a namespace's network | `<namespace>.petset` |
//! | the mark of a node on its engine | `<node>.mark.node.petset` |
//!
//! A pod reaches a claim by that name alone: `PodRequest::claims` leads from claim template to claim, and the claim's
//! volume is [`claim_volume`]. Labels say whose an object is; they never decide where it is mounted.

use std::collections::{BTreeMap, HashMap};

use petset_core::{Ordinal, SetKey};

/// What every name ends in.
const END: &str = "petset";

/// What the keys of our labels begin with.
pub(crate) const PREFIX: &str = "petset.rs/";
/// The namespace.
pub(crate) const NAMESPACE: &str = "petset.rs/namespace";
/// The set's name.
pub(crate) const SET: &str = "petset.rs/set";
/// The pet's ordinal.
pub(crate) const ORDINAL: &str = "petset.rs/ordinal";
/// The set's life that asked for the object; what is on record of it may differ later.
pub(crate) const OWNER: &str = "petset.rs/owner";
/// The revision that a pod was made from.
pub(crate) const REVISION: &str = "petset.rs/revision";
/// What the object is: one of [`Role`].
pub(crate) const ROLE: &str = "petset.rs/role";
/// The record in the node's directory of the pod that the object is a part of; each incarnation has its own.
pub(crate) const RECORD: &str = "petset.rs/record";
/// Which node made the object.
pub(crate) const NODE: &str = "petset.rs/node";
/// The node's directory when it marked its engine, for people.
pub(crate) const DIRECTORY: &str = "petset.rs/directory";
/// The container's name in the template.
pub(crate) const CONTAINER: &str = "petset.rs/container";
/// The claim's name.
pub(crate) const CLAIM: &str = "petset.rs/claim";
/// The claim template's name.
pub(crate) const TEMPLATE: &str = "petset.rs/claim-template";
/// The claim's life.
pub(crate) const CLAIM_UID: &str = "petset.rs/claim-uid";
/// The class that a claim's volume was made by.
pub(crate) const STORAGE_CLASS: &str = "petset.rs/storage-class";
/// How many bytes were claimed when the volume was made.
pub(crate) const CAPACITY: &str = "petset.rs/capacity-bytes";

/// What an object is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// The container that is the pod.
    Sandbox,
    /// An init or app container.
    Container,
    /// A volume that lives and dies with its pod.
    PodVolume,
    /// A volume behind a claim.
    Claim,
    /// Who has a pre-made volume.
    PoolLock,
    /// A namespace's network.
    Network,
    /// The empty volume that says whose engine it is.
    Node,
}

impl Role {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Sandbox => "sandbox",
            Self::Container => "container",
            Self::PodVolume => "pod-volume",
            Self::Claim => "claim",
            Self::PoolLock => "pool-lock",
            Self::Network => "network",
            Self::Node => "node",
        }
    }
}

/// The labels that say whose an object of one identity is.
pub(crate) fn identity(role: Role, set: &SetKey, ordinal: Ordinal) -> BTreeMap<String, String> {
    let label = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    BTreeMap::from([
        label(ROLE, role.as_str()),
        label(NAMESPACE, &set.namespace),
        label(SET, &set.name),
        label(ORDINAL, &ordinal.to_string()),
    ])
}

/// The identity that labels tell of; `None` when they are not ours or make no sense.
pub(crate) fn identity_of(labels: &HashMap<String, String>) -> Option<(SetKey, Ordinal)> {
    let ordinal = Ordinal::parse_exact(labels.get(ORDINAL)?)?;
    Some((SetKey::new(labels.get(NAMESPACE)?.as_str(), labels.get(SET)?.as_str()), ordinal))
}

/// A filter for the engine's lists and events: objects of this role, and of this set when one is given.
pub(crate) fn filter(role: Role, set: Option<&SetKey>) -> HashMap<String, Vec<String>> {
    let mut labels = vec![format!("{ROLE}={}", role.as_str())];
    if let Some(set) = set {
        labels.push(format!("{NAMESPACE}={}", set.namespace));
        labels.push(format!("{SET}={}", set.name));
    }
    HashMap::from([("label".to_owned(), labels)])
}

/// A filter for the containers, or the volumes, of one record.
pub(crate) fn part_of(role: Role, record: &str) -> HashMap<String, Vec<String>> {
    let labels = vec![format!("{ROLE}={}", role.as_str()), format!("{RECORD}={record}")];
    HashMap::from([("label".to_owned(), labels)])
}

/// The name of a pod's sandbox, which is the lock of its identity.
pub(crate) fn sandbox(set: &SetKey, ordinal: Ordinal) -> String {
    format!("{}.{}.{END}", set.pod_name(ordinal), set.namespace)
}

/// The name of a container of a pod.
pub(crate) fn container(container: &str, set: &SetKey, ordinal: Ordinal) -> String {
    format!("{container}.{}", sandbox(set, ordinal))
}

/// The name of the volume behind a claim.
pub(crate) fn claim_volume(namespace: &str, claim: &str) -> String {
    format!("{claim}.{namespace}.{END}")
}

/// The name of a volume that lives and dies with its pod.
pub(crate) fn pod_volume(volume: &str, record: &str) -> String {
    let short = record.get(..13).unwrap_or(record);
    format!("{volume}.{short}.pod.{END}")
}

/// The name of the empty volume that says who has a pre-made one.
pub(crate) fn pool_lock(volume: &str) -> String {
    format!("{volume}.given.pool.{END}")
}

/// The name of a namespace's network.
pub(crate) fn network(namespace: &str) -> String {
    format!("{namespace}.{END}")
}

/// The name of the empty volume that says that an engine has a node.
pub(crate) fn mark(node: &str) -> String {
    format!("{node}.mark.node.{END}")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn s5_no_two_identities_share_a_name() {
        let words = ["a", "b", "a-b", "pod", "node", "mark", "petset", "a-0", "b-0-1"];
        let (mut containers, mut volumes, mut made) = (BTreeSet::new(), BTreeSet::new(), (0, 0));
        for namespace in words {
            for name in words {
                let set = SetKey::new(namespace, name);
                for ordinal in [Ordinal(0), Ordinal(1), Ordinal(10)] {
                    containers.insert(sandbox(&set, ordinal));
                    containers.extend(words.map(|word| container(word, &set, ordinal)));
                    made.0 += 1 + words.len();
                }
            }
            volumes.extend(words.map(|claim| claim_volume(namespace, claim)));
            volumes.extend(words.map(|volume| pod_volume(volume, &format!("{namespace:f<36}"))));
            volumes.extend([pool_lock(namespace), mark(namespace)]);
            made.1 += 2 * words.len() + 2;
        }
        // `a-0` is ordinal 0 of `a`, and so is no other name: sets `a` and `a-0` have no pod in common.
        assert_eq!((containers.len(), volumes.len()), made);
    }

    #[test]
    fn labels_round_trip() {
        let set = SetKey::new("default", "web");
        let labels: HashMap<_, _> = identity(Role::Sandbox, &set, Ordinal(3)).into_iter().collect();
        assert_eq!(identity_of(&labels), Some((set, Ordinal(3))));
        assert_eq!(identity_of(&HashMap::new()), None);
    }
}
