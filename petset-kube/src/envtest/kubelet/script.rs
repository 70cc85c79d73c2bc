//! What tests said, and what is in the volumes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use k8s_openapi::api::core::v1::{PersistentVolumeClaim, Pod};
use kube::ResourceExt;
use tokio::sync::Notify;

use super::{Kubelet, Program};

/// What every task of a kubelet knows.
#[derive(Debug, Default)]
pub(super) struct Script {
    state: Mutex<State>,
    /// Told when a script or a file changes.
    pub(super) changed: Notify,
    /// Told when a pod is gone.
    pub(super) pod_ended: Notify,
    /// Told when a claim is bound.
    pub(super) claim_bound: Notify,
}

#[derive(Debug, Default)]
struct State {
    default: Program,
    by_pod: BTreeMap<(String, String), Program>,
    /// Those that are bound, by namespace and name.
    bound: BTreeSet<(String, String)>,
    /// By the uid of the claim.
    files: BTreeMap<String, BTreeSet<String>>,
}

impl Script {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn set_default(&self, program: Program) {
        self.lock().default = program;
        self.changed.notify_waiters();
    }

    pub(super) fn set(&self, namespace: &str, pod: &str, program: Option<Program>) {
        let key = (namespace.to_owned(), pod.to_owned());
        match program {
            Some(program) => self.lock().by_pod.insert(key, program),
            None => self.lock().by_pod.remove(&key),
        };
        self.changed.notify_waiters();
    }

    /// What a pod does now: as a test said of its name, else as its annotation says, else what all do.
    pub(super) fn program(&self, pod: &Pod) -> Program {
        let state = self.lock();
        let key = (pod.namespace().unwrap_or_default(), pod.name_any());
        if let Some(program) = state.by_pod.get(&key) {
            return program.clone();
        }
        match pod.annotations().get(Kubelet::PROGRAM).map(|text| serde_json::from_str(text)) {
            None => state.default.clone(),
            Some(Ok(program)) => program,
            Some(Err(error)) => {
                tracing::error!(%error, pod = key.1, "the annotation {} makes no sense", Kubelet::PROGRAM);
                Program { never_starts: true, ..Program::default() }
            }
        }
    }

    /// No claim is known any more.
    pub(super) fn forget_claims(&self) {
        self.lock().bound.clear();
    }

    /// A claim is as it is shown, or was so when it went.
    pub(super) fn saw_claim(&self, claim: &PersistentVolumeClaim, is_there: bool) {
        let key = (claim.namespace().unwrap_or_default(), claim.name_any());
        let phase = claim.status.as_ref().and_then(|status| status.phase.as_deref());
        if is_there && claim.metadata.deletion_timestamp.is_none() && phase == Some("Bound") {
            self.lock().bound.insert(key);
            self.claim_bound.notify_waiters();
        } else {
            self.lock().bound.remove(&key);
        }
    }

    /// Waits until a claim of this name has been seen bound.
    pub(super) async fn until_bound(&self, namespace: &str, name: &str) {
        let key = (namespace.to_owned(), name.to_owned());
        loop {
            let bound = self.claim_bound.notified();
            tokio::pin!(bound);
            bound.as_mut().enable();
            if self.lock().bound.contains(&key) {
                return;
            }
            bound.await;
        }
    }

    pub(super) fn write(&self, claims: &[String], files: &[String]) {
        if files.is_empty() {
            return;
        }
        let mut state = self.lock();
        for claim in claims {
            state.files.entry(claim.clone()).or_default().extend(files.iter().cloned());
        }
        drop(state);
        self.changed.notify_waiters();
    }

    pub(super) fn has(&self, claims: &[String], files: &[String]) -> bool {
        let state = self.lock();
        files.iter().all(|file| claims.iter().filter_map(|claim| state.files.get(claim)).any(|all| all.contains(file)))
    }
}
