//! The records in memory: read once, written through.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use petset_core::{Error, ErrorKind, Result, SetKey};
use tokio::sync::{Mutex, OwnedMutexGuard};

use super::record::{CLAIMS, ClaimRecord, RELEASED, key};
use crate::records::Records;

/// Everything that is on record.
#[derive(Debug, Default)]
pub(super) struct State {
    /// By namespace, then claim.
    claims: BTreeMap<String, BTreeMap<String, ClaimRecord>>,
    /// The keys of records that cannot be read, and why.
    unreadable: BTreeMap<String, String>,
    /// Pre-made volume → the claim's life that had it last.
    pub(super) released: BTreeMap<String, String>,
    /// Volumes that this process asked for, and whose creation the engine has not told of yet.
    pub(super) made: BTreeSet<String>,
    /// One at a time works on a claim.
    turns: BTreeMap<String, Arc<Mutex<()>>>,
}

impl State {
    pub(super) async fn load(records: &Records) -> Result<Self> {
        let mut state = Self::default();
        for (key, claim) in records.each::<ClaimRecord>(CLAIMS).await? {
            match claim {
                Ok(claim) if claim.identity.key() == key => state.put(claim),
                Ok(claim) => state.broken(key, format!("it is the record of {}", claim.identity.key())),
                Err(error) => state.broken(key, error.chain().to_string()),
            }
        }
        state.released = records.all(RELEASED).await?.into_iter().collect();
        Ok(state)
    }

    fn broken(&mut self, key: String, why: String) {
        tracing::error!(claim = key, why, "the record of a claim cannot be read");
        self.unreadable.insert(key, why);
    }

    /// The claim of this name in the namespace, whosever it is.
    pub(super) fn named(&self, namespace: &str, claim: &str) -> Option<&ClaimRecord> {
        self.claims.get(namespace)?.get(claim)
    }

    /// The set's claim of this name.
    pub(super) fn get(&self, set: &SetKey, claim: &str) -> Option<&ClaimRecord> {
        self.named(&set.namespace, claim).filter(|found| found.identity.set == *set)
    }

    pub(super) fn put(&mut self, claim: ClaimRecord) {
        let namespace = self.claims.entry(claim.identity.set.namespace.to_string()).or_default();
        namespace.insert(claim.identity.name.clone(), claim);
    }

    pub(super) fn remove(&mut self, claim: &ClaimRecord) {
        if let Some(claims) = self.claims.get_mut(&*claim.identity.set.namespace) {
            claims.remove(&claim.identity.name);
        }
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &ClaimRecord> {
        self.claims.values().flat_map(BTreeMap::values)
    }

    pub(super) fn of<'s>(&'s self, set: &'s SetKey) -> impl Iterator<Item = &'s ClaimRecord> {
        let claims = self.claims.get(&*set.namespace);
        claims.into_iter().flat_map(BTreeMap::values).filter(move |claim| claim.identity.set == *set)
    }

    /// Every set that has a claim.
    pub(super) fn sets(&self) -> BTreeSet<SetKey> {
        self.all().map(|claim| claim.identity.set.clone()).collect()
    }

    /// Refuses when a record of the set cannot be read: it is not known what the set has (S15).
    pub(super) fn readable(&self, set: &SetKey) -> Result<()> {
        let prefix = key(set, "");
        match self.unreadable.iter().find(|(key, _)| key.starts_with(&prefix)) {
            None => Ok(()),
            Some((key, why)) => Err(Error::new(ErrorKind::Corrupt, "read the record of a claim")
                .with_context("claim", key)
                .with_message(why.clone())),
        }
    }

    /// Whose turn comes next on a claim's name; waiting is done outside of the state.
    pub(super) fn turn(&mut self, namespace: &str, claim: &str) -> impl Future<Output = OwnedMutexGuard<()>> + use<> {
        // Nobody has or waits for those that only this map knows.
        self.turns.retain(|_, turn| Arc::strong_count(turn) > 1);
        let turn = self.turns.entry(format!("{namespace}/{claim}")).or_default();
        Arc::clone(turn).lock_owned()
    }
}
