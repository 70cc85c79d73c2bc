//! A set as the server has it, and as core understands it.

use std::marker::PhantomData;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use petset_core::spec::{PetSet, PetSetSpec};
use petset_core::store::{Cascade, Deletion, StoredSet};
use petset_core::{Error, ErrorKind, Result, SetKey, SetUid, Timestamp, Version};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::kept::KeptSet;
use super::kind::Kind;
use super::metadata;
use crate::cache::Record;
use crate::compact::Compact;
use crate::impl_resource::impl_resource;
use crate::merge::difference;
use crate::meta;

/// What the server puts on an object whose dependents are to stay.
const ORPHAN: &str = "orphan";

/// A set as the server has it. Nothing of what it says is read before it is asked for: one set that cannot be read must not
/// hide the others of its list, as it would for [`PetSet`](super::PetSet).
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(bound = "")]
pub(crate) struct SetRecord<K> {
    #[serde(rename = "apiVersion", skip_serializing_if = "Option::is_none")]
    api_version: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<String>,
    #[serde(deserialize_with = "meta::without_managed_fields")]
    pub(crate) metadata: ObjectMeta,
    #[serde(default)]
    pub(crate) spec: Compact,
    #[serde(default, skip_serializing_if = "Compact::is_null")]
    pub(crate) status: Compact,
    #[serde(skip)]
    of: PhantomData<K>,
}

impl<K: Kind> SetRecord<K> {
    pub(crate) fn uid(&self) -> SetUid {
        SetUid::new(self.metadata.uid.as_deref().unwrap_or_default())
    }

    pub(crate) fn version(&self) -> Version {
        Version::new(self.metadata.resource_version.as_deref().unwrap_or_default())
    }

    /// Whether somebody asked for its end.
    pub(crate) fn is_marked(&self) -> bool {
        self.metadata.deletion_timestamp.is_some()
    }

    /// Whether it waits for us before it goes.
    pub(crate) fn has_finalizer(&self) -> bool {
        self.metadata.finalizers.iter().flatten().any(|finalizer| Some(finalizer.as_str()) == K::FINALIZER)
    }

    /// Whether it is over as far as we are concerned: it goes as soon as others let it.
    pub(crate) fn is_over(&self) -> bool {
        self.is_marked() && !self.has_finalizer()
    }

    /// How its end was asked for.
    pub(crate) fn deletion(&self) -> Option<Deletion> {
        let requested_at = meta::timestamp(self.metadata.deletion_timestamp.as_ref()?);
        let orphans = self.metadata.finalizers.iter().flatten().any(|finalizer| finalizer == ORPHAN);
        Some(Deletion { cascade: if orphans { Cascade::Orphan } else { Cascade::Ordered }, requested_at })
    }

    /// The set as core understands it: defaults filled in, everything checked.
    ///
    /// # Errors
    /// `Invalid` with every violation by field, `Corrupt` when what is there is no set at all.
    pub(crate) fn stored(&self) -> Result<StoredSet> {
        let unreadable = |error: serde_json::Error| {
            Error::new(ErrorKind::Corrupt, "read a set").with_context("set", self.key()).with_source(error)
        };
        let metadata = metadata::declared(&self.metadata).map_err(unreadable)?;
        let set = PetSet { metadata, spec: PetSetSpec::deserialize(self.spec.value()).map_err(unreadable)? };
        let set = K::complete(self, set).map_err(|error| error.with_context("set", self.key()))?;
        let status = K::status(self).map_err(unreadable)?;
        Ok(StoredSet {
            set,
            uid: self.uid(),
            former: Vec::new(),
            generation: self.metadata.generation.and_then(|generation| u64::try_from(generation).ok()).unwrap_or(1),
            version: self.version(),
            created_at: self.metadata.creation_timestamp.as_ref().map_or(Timestamp::default(), meta::timestamp),
            deletion: self.deletion(),
            status,
        })
    }

    /// The merge patch that makes `status` of the status that is here, on this version.
    pub(crate) fn status_patch(&self, status: &Value) -> Value {
        let mut patch = json!({ "metadata": { "resourceVersion": self.version() } });
        if let Some(change) = difference(&self.status.object(), status) {
            patch["status"] = change;
        }
        patch
    }

    pub(crate) fn key(&self) -> SetKey {
        let meta = &self.metadata;
        SetKey::new(meta.namespace.as_deref().unwrap_or_default(), meta.name.as_deref().unwrap_or_default())
    }
}

/// A declaration as the server is told of it.
pub(crate) fn declaration<K: Kind>(set: &PetSet) -> Value {
    let PetSet { metadata, spec } = set;
    json!({ "apiVersion": K::OWNER.api_version, "kind": K::OWNER.kind, "metadata": metadata, "spec": spec })
}

/// Metadata inside of a template, without what a server writes where nothing is: some versions do, some do not.
pub(crate) fn without_nulls(metadata: &mut petset_core::spec::ObjectMeta) {
    metadata.other.retain(|_, value| !value.is_null());
}

impl<K: Kind> Record for SetRecord<K> {
    type Kept = KeptSet<K>;
    const KINDS: &'static str = K::PLURAL;

    /// What of it cannot be read is told to whoever asks for this set.
    fn keep(&self) -> Result<KeptSet<K>, String> {
        Ok(KeptSet::of(self))
    }

    fn sets(namespace: &str, name: &str, _kept: Option<&KeptSet<K>>) -> Vec<SetKey> {
        vec![SetKey::new(namespace, name)]
    }
}

impl_resource!(SetRecord<K: Kind>, kind: K::OWNER.kind, api: K::OWNER.group_and_version(), plural: K::PLURAL);
