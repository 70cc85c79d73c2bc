//! What stands on disk.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use petset_core::backend::ClaimRequest;
use petset_core::spec::ClaimSpec;
use petset_core::{ClaimUid, Error, ErrorKind, Ordinal, Result, SetKey, SetUid};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::files;

/// Whose volume it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Identity {
    pub(super) set: SetKey,
    pub(super) template: String,
    pub(super) ordinal: Ordinal,
    pub(super) name: String,
}

/// A claim.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ClaimRecord {
    #[serde(flatten)]
    pub(super) identity: Identity,
    pub(super) uid: ClaimUid,
    pub(super) owner: Option<SetUid>,
    pub(super) labels: BTreeMap<String, String>,
    pub(super) annotations: BTreeMap<String, String>,
    pub(super) spec: ClaimSpec,
    pub(super) binding: Option<Binding>,
    /// Why it is not bound.
    pub(super) message: Option<String>,
    pub(super) deleting: bool,
}

/// Which volume a claim has, for life.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Binding {
    pub(super) volume: String,
    /// The volume's directory, relative to the volumes' own where it lies in there, so that all of it can be moved.
    pub(super) path: PathBuf,
    pub(super) class: String,
    pub(super) capacity_bytes: u64,
    pub(super) pooled: bool,
}

/// `volume.json`: what is written on the volume itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Marker {
    #[serde(flatten)]
    pub(super) identity: Identity,
    pub(super) uid: ClaimUid,
}

/// Whom a pre-made volume was given to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Given {
    #[serde(flatten)]
    pub(super) marker: Marker,
    pub(super) path: PathBuf,
    /// The claim is gone; the data waits for somebody to look at it.
    pub(super) released: bool,
}

impl ClaimRecord {
    pub(super) fn new(request: ClaimRequest) -> Self {
        let ClaimRequest { set, template, ordinal, name, owner, labels, annotations, spec } = request;
        Self {
            identity: Identity { set, template, ordinal, name },
            uid: ClaimUid::random(),
            owner,
            labels,
            annotations,
            spec,
            binding: None,
            message: None,
            deleting: false,
        }
    }

    pub(super) fn marker(&self) -> Marker {
        Marker { identity: self.identity.clone(), uid: self.uid.clone() }
    }
}

impl Identity {
    pub(super) fn is_of(&self, request: &ClaimRequest) -> bool {
        let Self { set, template, ordinal, name } = self;
        (set, template, ordinal, name) == (&request.set, &request.template, &request.ordinal, &request.name)
    }
}

/// Reads a record; `None` when there is none.
pub(super) fn read<T: DeserializeOwned>(path: &Path) -> Result<Option<T>> {
    match std::fs::read(path) {
        Ok(bytes) => serde_json::from_slice(&bytes).map(Some).map_err(|error| corrupt(path).with_source(error)),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(None),
        Err(error) => Err(files::failed("read a record of volumes", path, error)),
    }
}

/// Writes a record durably.
pub(super) fn write<T: Serialize>(path: &Path, record: &T) -> Result<()> {
    let bytes = serde_json::to_vec_pretty(record)
        .map_err(|error| Error::new(ErrorKind::Invalid, "write a record of volumes").with_source(error))?;
    let parent = path.parent().unwrap_or(path);
    files::create_durably(parent)
        .and_then(|()| files::write_durably(path, &bytes))
        .map_err(|error| files::failed("write a record of volumes", path, error))
}

pub(super) fn corrupt(path: &Path) -> Error {
    Error::new(ErrorKind::Corrupt, "read a record of volumes").with_context("path", path.display())
}
