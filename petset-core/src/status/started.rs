//! Which pets have run, and on which claims.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::names::{ClaimUid, Ordinal};

/// The pets that have run, each with the life of every claim that it ran on. Clones share what they hold.
///
/// Written as an object: `{"0": {"data": "<uid>"}}`. A pet without claims in it has run on claims that nobody knows
/// any more; for such a pet every claim of the right name counts as its own.
///
/// ```
/// use petset_core::status::Started;
/// use petset_core::{ClaimUid, Ordinal};
/// let mut started: Started = [Ordinal(0)].into_iter().collect();
/// started.insert(Ordinal(1), [("data".into(), ClaimUid::new("a"))]);
/// assert!(started.contains(Ordinal(0)) && started.may_use(Ordinal(0), "data", &ClaimUid::new("b")));
/// assert!(!started.may_use(Ordinal(1), "data", &ClaimUid::new("b")));
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Started {
    pets: Arc<BTreeMap<Ordinal, BTreeMap<Arc<str>, ClaimUid>>>,
}

impl Started {
    /// True when no pet has run.
    pub fn is_empty(&self) -> bool {
        self.pets.is_empty()
    }

    /// Whether `ordinal` has run.
    pub fn contains(&self, ordinal: Ordinal) -> bool {
        self.pets.contains_key(&ordinal)
    }

    /// The claim of this template that `ordinal` ran on, if it is known.
    pub fn claim(&self, ordinal: Ordinal, template: &str) -> Option<&ClaimUid> {
        self.pets.get(&ordinal).and_then(|claims| claims.get(template))
    }

    /// Whether `ordinal` may start on this claim: false when it has run on another life of it.
    pub fn may_use(&self, ordinal: Ordinal, template: &str, uid: &ClaimUid) -> bool {
        self.claim(ordinal, template).is_none_or(|known| known == uid)
    }

    /// From now on `ordinal` has run on exactly these claims, by template.
    pub fn insert(&mut self, ordinal: Ordinal, claims: impl IntoIterator<Item = (Arc<str>, ClaimUid)>) {
        Arc::make_mut(&mut self.pets).insert(ordinal, claims.into_iter().collect());
    }

    /// From now on `ordinal` has never run; false when it had not.
    pub fn remove(&mut self, ordinal: Ordinal) -> bool {
        self.contains(ordinal) && Arc::make_mut(&mut self.pets).remove(&ordinal).is_some()
    }

    /// Every pet that has run, ascending.
    pub fn ordinals(&self) -> impl Iterator<Item = Ordinal> + '_ {
        self.pets.keys().copied()
    }

    /// The claims that `ordinal` ran on, as far as they are known.
    pub fn claims(&self, ordinal: Ordinal) -> impl Iterator<Item = (&str, &ClaimUid)> {
        self.pets.get(&ordinal).into_iter().flatten().map(|(template, uid)| (&**template, uid))
    }
}

/// Pets that have run on claims that nobody knows.
impl FromIterator<Ordinal> for Started {
    fn from_iter<I: IntoIterator<Item = Ordinal>>(ordinals: I) -> Self {
        Self { pets: Arc::new(ordinals.into_iter().map(|ordinal| (ordinal, BTreeMap::new())).collect()) }
    }
}
