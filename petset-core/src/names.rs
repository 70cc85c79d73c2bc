//! The words of identity as types: keys, ordinals, uids, and the names that follow from them.
//!
//! Every name that the system gives is a function of the set's name and an ordinal, so that the runtime's own
//! uniqueness of names is the lock behind "at most one pod per identity".

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// Namespace and name of a set. Prints and parses as `namespace/name`; a bare `name` is in namespace `default`.
///
/// ```
/// use petset_core::SetKey;
/// assert_eq!("web".parse::<SetKey>().unwrap(), SetKey::new("default", "web"));
/// assert_eq!(SetKey::new("prod", "db").to_string(), "prod/db");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SetKey {
    /// The namespace.
    pub namespace: Arc<str>,
    /// The set's name.
    pub name: Arc<str>,
}

impl SetKey {
    /// The key of set `name` in `namespace`.
    pub fn new(namespace: impl Into<Arc<str>>, name: impl Into<Arc<str>>) -> Self {
        Self { namespace: namespace.into(), name: name.into() }
    }

    /// The pod's (and the pet's) name: `<set>-<ordinal>`.
    pub fn pod_name(&self, ordinal: Ordinal) -> String {
        format!("{}-{ordinal}", self.name)
    }

    /// The claim's name: `<template>-<set>-<ordinal>`.
    pub fn claim_name(&self, template: &str, ordinal: Ordinal) -> String {
        format!("{template}-{}-{ordinal}", self.name)
    }

    /// The ordinal of `pod`, if `pod` is exactly the name that this set would give it: `web-01` is nobody's pet.
    pub fn ordinal_of_pod(&self, pod: &str) -> Option<Ordinal> {
        Ordinal::parse_exact(pod.strip_prefix(&*self.name)?.strip_prefix('-')?)
    }

    /// The claim template and the ordinal that `claim` belongs to, if it is named like a claim of this set.
    pub fn identity_of_claim<'c>(&self, claim: &'c str) -> Option<(&'c str, Ordinal)> {
        let (rest, ordinal) = claim.rsplit_once('-')?;
        let template = rest.strip_suffix(&*self.name)?.strip_suffix('-')?;
        if template.is_empty() { None } else { Some((template, Ordinal::parse_exact(ordinal)?)) }
    }
}

impl fmt::Display for SetKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.namespace, self.name)
    }
}

impl FromStr for SetKey {
    type Err = crate::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (namespace, name) = text.split_once('/').unwrap_or(("default", text));
        if namespace.is_empty() || name.is_empty() || name.contains('/') {
            return Err(crate::Error::new(crate::ErrorKind::Invalid, "read the key of a set")
                .with_context("key", text)
                .with_message("expected `name` or `namespace/name`"));
        }
        Ok(Self::new(namespace, name))
    }
}

impl TryFrom<&str> for SetKey {
    type Error = crate::Error;

    fn try_from(text: &str) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl TryFrom<&Self> for SetKey {
    type Error = crate::Error;

    fn try_from(key: &Self) -> Result<Self, Self::Error> {
        Ok(key.clone())
    }
}

/// The number of a pet, `0..=i32::MAX` as in Kubernetes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Ordinal(pub u32);

impl Ordinal {
    /// The highest ordinal that a pet may have.
    pub const MAX: Self = Self(i32::MAX as u32);

    /// Reads an ordinal in the only form that the system writes: decimal, no sign, no leading zero, not above
    /// [`Ordinal::MAX`].
    pub fn parse_exact(text: &str) -> Option<Self> {
        let canonical = !text.is_empty()
            && text.bytes().all(|byte| byte.is_ascii_digit())
            && (text == "0" || !text.starts_with('0'));
        let ordinal = Self(text.parse().ok()?);
        (canonical && ordinal <= Self::MAX).then_some(ordinal)
    }
}

impl fmt::Display for Ordinal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

macro_rules! opaque_text {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Wraps the text as it is.
            pub fn new(text: impl Into<Arc<str>>) -> Self {
                Self(text.into())
            }

            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self::new(text)
            }
        }
    };
}

opaque_text! {
    /// One life of a set: a set that is deleted and created again under the same name has another uid.
    SetUid
}
opaque_text! {
    /// One incarnation of a pet, given by the runtime, never used twice.
    PodUid
}
opaque_text! {
    /// One life of a claim.
    ClaimUid
}
opaque_text! {
    /// The name of a revision, `<set>-<hash>`; what "outdated" is decided by, and nothing else (S16).
    RevisionName
}
opaque_text! {
    /// An opaque version of a stored or observed object; it changes with every change of the object.
    Version
}

impl SetUid {
    /// A fresh random uid.
    pub fn random() -> Self {
        Self::new(uuid::Uuid::new_v4().to_string())
    }
}

impl PodUid {
    /// A fresh random uid, for runtimes that give none of their own.
    pub fn random() -> Self {
        Self::new(uuid::Uuid::new_v4().to_string())
    }
}

impl ClaimUid {
    /// A fresh random uid, for provisioners that give none of their own.
    pub fn random() -> Self {
        Self::new(uuid::Uuid::new_v4().to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip_and_foreign_spellings_are_nobodys() {
        let set = SetKey::new("default", "web");
        assert_eq!(set.ordinal_of_pod(&set.pod_name(Ordinal(12))), Some(Ordinal(12)));
        for foreign in ["web-01", "web-", "web", "web-1-2", "web--1", "web-2147483648", "other-1", "web-+1"] {
            assert_eq!(set.ordinal_of_pod(foreign), None, "{foreign}");
        }
        let claim = set.claim_name("www", Ordinal(3));
        assert_eq!(set.identity_of_claim(&claim), Some(("www", Ordinal(3))));
        assert_eq!(set.identity_of_claim("-web-3"), None);
    }
}
