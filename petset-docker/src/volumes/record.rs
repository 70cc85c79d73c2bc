//! What stands on record.

use std::collections::BTreeMap;

use petset_core::backend::ClaimRequest;
use petset_core::spec::ClaimSpec;
use petset_core::{ClaimUid, Ordinal, SetKey, SetUid};
use redb::TableDefinition;
use serde::{Deserialize, Serialize};

use crate::records::Table;

/// `<namespace>/<set>/<claim>` → [`ClaimRecord`].
pub(crate) const CLAIMS: Table = TableDefinition::new("claims");
/// Pre-made volume → the life of the claim that had it last and is gone.
pub(super) const RELEASED: Table = TableDefinition::new("released-volumes");

/// Whose volume it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Identity {
    pub(super) set: SetKey,
    pub(super) template: String,
    pub(super) ordinal: Ordinal,
    pub(super) name: String,
}

impl Identity {
    /// The key of its record.
    pub(super) fn key(&self) -> String {
        key(&self.set, &self.name)
    }
}

pub(super) fn key(set: &SetKey, claim: &str) -> String {
    format!("{}/{}/{claim}", set.namespace, set.name)
}

/// A claim.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ClaimRecord {
    #[serde(flatten)]
    pub(super) identity: Identity,
    pub(super) uid: ClaimUid,
    pub(super) owner: Option<SetUid>,
    pub(super) labels: BTreeMap<String, String>,
    pub(super) spec: ClaimSpec,
    pub(super) binding: Option<Binding>,
    /// Why it is not bound.
    pub(super) message: Option<String>,
    pub(super) deleting: bool,
}

impl ClaimRecord {
    /// A claim of a new life, without a volume. Its annotations are nothing that a volume could carry.
    pub(super) fn new(request: ClaimRequest) -> Self {
        let ClaimRequest { set, template, ordinal, name, owner, labels, annotations: _, spec } = request;
        Self {
            identity: Identity { set, template, ordinal, name },
            uid: ClaimUid::random(),
            owner,
            labels,
            spec,
            binding: None,
            message: None,
            deleting: false,
        }
    }
}

/// Which volume a claim has, for life.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Binding {
    /// The volume's name on the engine.
    pub(super) volume: String,
    pub(super) class: String,
    pub(super) capacity_bytes: u64,
    /// How a pre-made volume looked when it was given; ours are known by their labels.
    pub(super) pooled: Option<Looks>,
}

/// What tells a pre-made volume from another one of its name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Looks {
    pub(super) driver: String,
    pub(super) labels: BTreeMap<String, String>,
    pub(super) options: BTreeMap<String, String>,
}
