//! The records in memory: read once, written through.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use petset_core::{PodUid, Result, SetKey};

use super::record::{self, ClaimRecord, Given};
use crate::files;

/// Everything that is on record.
#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) sets: BTreeMap<SetKey, BTreeMap<String, Slot>>,
    /// Namespace → claim → the set that has it.
    names: BTreeMap<String, BTreeMap<String, SetKey>>,
    /// Pre-made volume → whom it was given to; `None` when that cannot be read, and it is given to nobody.
    pub(super) pool: BTreeMap<String, Option<Given>>,
    pub(super) holds: BTreeMap<(SetKey, String), BTreeSet<PodUid>>,
    pub(super) settled: bool,
}

/// A claim, or a file that should say what a claim is and does not.
#[derive(Debug)]
pub(super) enum Slot {
    Known(Box<ClaimRecord>),
    Unreadable(PathBuf),
}

impl State {
    pub(super) fn load(dir: &Path) -> Result<Self> {
        let mut state = Self::default();
        for (set, name, path) in claim_files(dir)? {
            let slot = match load_claim(&path, &set, &name) {
                Ok(Some(record)) => Slot::Known(Box::new(record)),
                Ok(None) => continue,
                Err(error) => {
                    tracing::error!(%set, claim = name, error = %error.chain(), "claim record cannot be read");
                    Slot::Unreadable(path)
                }
            };
            state.insert(set, name, slot);
        }
        for (name, path) in json_files(&dir.join("pool"))? {
            let given = record::read::<Given>(&path).unwrap_or_else(|error| {
                tracing::error!(volume = name, error = %error.chain(), "volume record cannot be read");
                None
            });
            state.pool.insert(name, given);
        }
        Ok(state)
    }

    pub(super) fn get(&self, set: &SetKey, name: &str) -> Option<&Slot> {
        self.sets.get(set)?.get(name)
    }

    pub(super) fn known(&self, set: &SetKey, name: &str) -> Option<&ClaimRecord> {
        match self.get(set, name)? {
            Slot::Known(record) => Some(record),
            Slot::Unreadable(_) => None,
        }
    }

    pub(super) fn insert(&mut self, set: SetKey, name: String, slot: Slot) {
        self.names.entry(set.namespace.to_string()).or_default().insert(name.clone(), set.clone());
        self.sets.entry(set).or_default().insert(name, slot);
    }

    pub(super) fn remove(&mut self, set: &SetKey, name: &str) {
        if let Some(claims) = self.sets.get_mut(set) {
            claims.remove(name);
            if claims.is_empty() {
                self.sets.remove(set);
            }
        }
        if let Some(names) = self.names.get_mut(&*set.namespace) {
            names.remove(name);
        }
        self.holds.remove(&(set.clone(), name.to_owned()));
    }

    /// The set that has a claim of this name in the namespace.
    pub(super) fn set_of(&self, namespace: &str, name: &str) -> Option<&SetKey> {
        self.names.get(namespace)?.get(name)
    }

    pub(super) fn is_held(&self, set: &SetKey, name: &str) -> bool {
        self.holds.get(&(set.clone(), name.to_owned())).is_some_and(|pods| !pods.is_empty())
    }
}

/// One claim's record; it must be where its names say.
pub(super) fn load_claim(path: &Path, set: &SetKey, name: &str) -> Result<Option<ClaimRecord>> {
    let Some(claim) = record::read::<ClaimRecord>(path)? else { return Ok(None) };
    if claim.identity.set != *set || claim.identity.name != name {
        return Err(record::corrupt(path)
            .with_message(format!("it is the record of {} of {}", claim.identity.name, claim.identity.set)));
    }
    Ok(Some(claim))
}

/// Every claim's file, with the names that its path says.
pub(super) fn claim_files(dir: &Path) -> Result<Vec<(SetKey, String, PathBuf)>> {
    let mut found = Vec::new();
    for (namespace, path) in entries(&dir.join("claims"))? {
        for (set, path) in entries(&path)? {
            let key = SetKey::new(namespace.as_str(), set.as_str());
            found.extend(json_files(&path)?.into_iter().map(|(name, path)| (key.clone(), name, path)));
        }
    }
    Ok(found)
}

fn json_files(dir: &Path) -> Result<Vec<(String, PathBuf)>> {
    let files = entries(dir)?.into_iter();
    Ok(files.filter_map(|(name, path)| Some((name.strip_suffix(".json")?.to_owned(), path))).collect())
}

/// The names in a directory; none when it is not there.
pub(super) fn entries(dir: &Path) -> Result<Vec<(String, PathBuf)>> {
    let failed = |error| files::failed("read a directory of volumes", dir, error);
    let found = match std::fs::read_dir(dir) {
        Ok(found) => found,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed(error)),
    };
    let mut names = Vec::new();
    for entry in found {
        let entry = entry.map_err(failed)?;
        if let Ok(name) = entry.file_name().into_string() {
            names.push((name, entry.path()));
        }
    }
    names.sort();
    Ok(names)
}
