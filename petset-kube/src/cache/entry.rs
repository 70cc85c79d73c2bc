//! What is kept of one object.

use std::fmt::Debug;
use std::time::Instant;

use kube::Resource;
use petset_core::SetKey;
use serde::de::DeserializeOwned;

use super::map::Key;

/// An object as it is read from the server, and what is kept of it.
pub(crate) trait Record:
    Resource<DynamicType = ()> + Clone + Debug + DeserializeOwned + Send + Sync + 'static
{
    /// What is kept.
    type Kept: Clone + Debug + Send + Sync + 'static;

    /// The kind in the plural, for messages: "pods".
    const KINDS: &'static str;

    /// Only objects with this label are looked at.
    const LABEL: Option<&'static str> = None;

    /// All sets that an object may belong to by its name, where that does not begin with the set's: then sets find theirs
    /// by it.
    const INDEX: Option<fn(&Key) -> Vec<SetKey>> = None;

    /// Whether nobody would decide otherwise on the one than on the other: they differ in their versions at most.
    fn are_alike(_one: &Self::Kept, _other: &Self::Kept) -> bool {
        false
    }

    /// What is kept of it; an error says what cannot be read.
    fn keep(&self) -> Result<Self::Kept, String>;

    /// The sets that it may concern.
    fn sets(namespace: &str, name: &str, kept: Option<&Self::Kept>) -> Vec<SetKey>;
}

/// One object in a view.
#[derive(Debug, Clone)]
pub(super) struct Entry<T> {
    /// The server's version, as a number: they rise with every change of anything.
    pub(super) version: u64,
    /// What is kept, or what cannot be read.
    pub(super) kept: Result<T, String>,
    /// Since when it is there by an own write or read only, which the watch has not shown yet.
    pub(super) unconfirmed: Option<Instant>,
}

/// A version as a number. One that is none is older than all.
pub(super) fn version_of(resource: &impl Resource) -> u64 {
    resource.meta().resource_version.as_deref().and_then(|version| version.parse().ok()).unwrap_or(0)
}

/// Namespace and name.
pub(super) fn key_of(object: &impl Resource) -> Key {
    let meta = object.meta();
    (meta.namespace.clone().unwrap_or_default(), meta.name.clone().unwrap_or_default())
}
