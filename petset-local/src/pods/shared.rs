//! What all pods of one directory share.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use petset_core::backend::{Hints, PodRequest};
use petset_core::{Error, ErrorKind, PodUid, Result, SetKey};

use super::cell::Cell;
use super::isolation::Isolation;
use super::options::PodOptions;
use crate::seams::{AddressBook, ClaimSource};

/// Namespace and name of a pod.
pub(crate) type PodKey = (Arc<str>, String);

/// What all pods of one directory share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) root: PathBuf,
    pub(super) options: PodOptions,
    pub(super) isolation: Isolation,
    pub(super) claims: Arc<dyn ClaimSource>,
    pub(super) addresses: Arc<dyn AddressBook>,
    pub(super) boot: String,
    /// The machine's name.
    pub(super) name: String,
    pub(super) hints: Hints,
    pub(super) pods: Mutex<Known>,
    /// Held as long as anybody works in the directory.
    #[expect(dead_code, reason = "the lock lives as long as the descriptor")]
    pub(super) owner: File,
}

/// The pods that are on record.
#[derive(Debug, Default)]
pub(super) struct Known {
    pub(super) cells: BTreeMap<PodKey, Arc<Cell>>,
    /// Pods whose record cannot be read, and why: errors, never missing pods.
    pub(super) broken: BTreeMap<PodKey, String>,
}

impl Shared {
    pub(super) fn known(&self) -> MutexGuard<'_, Known> {
        self.pods.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says that a pod uses the claims whose life its request names, if they still have it; else that it uses none.
    pub(super) fn hold_lives(&self, request: &PodRequest, pod: &PodUid) -> Result<()> {
        let held = request.claim_uids.iter().try_for_each(|(template, uid)| match request.claims.get(template) {
            Some(claim) => self.claims.hold_life(&request.set, claim, uid, pod),
            None => Ok(()),
        });
        held.inspect_err(|_| self.release_claims(request, pod))
    }

    /// Says that a pod uses no claim.
    pub(super) fn release_claims(&self, request: &PodRequest, pod: &PodUid) {
        request.claims.values().for_each(|claim| self.claims.release(&request.set, claim, pod));
    }

    /// Says that the pod uses its claims.
    pub(super) fn hold_claims(&self, cell: &Cell) {
        let record = cell.record();
        for claim in record.request.claims().values() {
            self.claims.hold(record.request.set(), claim, &cell.uid);
        }
    }

    /// The pod of this name; an error when its record cannot be read.
    pub(super) fn pod(&self, set: &SetKey, pod: &str) -> Result<Option<Arc<Cell>>> {
        self.known().get(set, pod)
    }
}

impl Known {
    pub(super) fn get(&self, set: &SetKey, pod: &str) -> Result<Option<Arc<Cell>>> {
        let key = (Arc::clone(&set.namespace), pod.to_owned());
        match self.broken.get(&key) {
            Some(problem) => Err(corrupt(pod, problem)),
            None => Ok(self.cells.get(&key).cloned()),
        }
    }

    /// The pods of `set` by name.
    pub(super) fn of(&self, set: &SetKey) -> Result<Vec<Arc<Cell>>> {
        let is_member = |(namespace, pod): &PodKey| *namespace == set.namespace && set.ordinal_of_pod(pod).is_some();
        if let Some((key, problem)) = self.broken.iter().find(|(key, _)| is_member(key)) {
            return Err(corrupt(&key.1, problem));
        }
        Ok(self.cells.iter().filter(|(key, _)| is_member(key)).map(|(_, cell)| Arc::clone(cell)).collect())
    }
}

fn corrupt(pod: &str, problem: &str) -> Error {
    Error::new(ErrorKind::Corrupt, "read the record of a pod").with_context("pod", pod).with_message(problem)
}
