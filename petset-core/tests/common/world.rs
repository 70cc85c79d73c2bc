//! Pods, claims and status, and what actions do to them.

use std::collections::BTreeMap;
use std::sync::Arc;

use petset_core::backend::{ClaimPhase, PodPhase};
use petset_core::plan::{self, Action, ClaimView, Observed, Ownership, Plan, PodView, RetryAt};
use petset_core::status::{self, OrdinalSet, PetSetStatus, Started, Ticket};
use petset_core::{ClaimUid, Ordinal, PodUid, RevisionName, Timestamp, Version};

use super::Spec;

/// Everything that a pass reads, and everything that it writes.
#[derive(Debug, Clone)]
pub(crate) struct World {
    pub(crate) spec: Spec,
    pub(crate) now: Timestamp,
    pub(crate) pods: Vec<PodView>,
    pub(crate) claims: Vec<ClaimView>,
    pub(crate) tickets: Vec<Ticket>,
    pub(crate) started: Started,
    pub(crate) deleting_claims: OrdinalSet,
    pub(crate) retries: BTreeMap<Ordinal, RetryAt>,
    pub(crate) lapses: BTreeMap<Ordinal, Timestamp>,
    pub(crate) published: Option<u64>,
    pub(crate) status: PetSetStatus,
    /// Moves whenever tickets or started pets are written: what a compare-and-swap compares.
    pub(crate) version: u64,
    pub(crate) withdrawn: bool,
    pub(crate) removed: bool,
    lives: BTreeMap<Ordinal, u32>,
    changes: u64,
}

/// What became of an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Applied {
    Done,
    /// The incarnation is no more, or its end has been asked for.
    AlreadySo,
    /// The pod changed since it was seen, or its name is taken.
    Conflict,
}

impl World {
    /// An empty world an hour after the epoch, so that things can have happened before.
    pub(crate) fn new(spec: Spec) -> Self {
        Self {
            spec,
            now: Timestamp::from_micros(3_600_000_000),
            pods: Vec::new(),
            claims: Vec::new(),
            tickets: Vec::new(),
            started: Started::default(),
            deleting_claims: OrdinalSet::default(),
            retries: BTreeMap::new(),
            lapses: BTreeMap::new(),
            published: None,
            status: PetSetStatus::default(),
            version: 0,
            withdrawn: false,
            removed: false,
            lives: BTreeMap::new(),
            changes: 0,
        }
    }

    /// What a fresh read shows.
    pub(crate) fn observed(&self) -> Observed<'_> {
        Observed {
            now: self.now,
            pods: &self.pods,
            claims: &self.claims,
            tickets: &self.tickets,
            started: &self.started,
            deleting_claims: &self.deleting_claims,
            retries: &self.retries,
            lapses: &self.lapses,
            names_seed: 0,
            published: self.published,
        }
    }

    /// The plan for what a fresh read shows.
    pub(crate) fn plan(&self) -> Plan {
        plan::plan(&self.spec.desired(), &self.observed())
    }

    /// Which of the planner's own invariants `plan` breaks on this view.
    pub(crate) fn broken(&self, plan: &Plan) -> Vec<String> {
        plan::check::broken(&self.spec.desired(), &self.observed(), plan)
    }

    /// Writes what a pass writes before it acts: tickets, started pets, and the status, whose current revision is
    /// where the set comes from in the next pass.
    pub(crate) fn write(&mut self, plan: &Plan) {
        let previous = PetSetStatus {
            tickets: self.tickets.clone(),
            started: self.started.clone(),
            deleting_claims: self.deleting_claims.clone(),
            ..self.status.clone()
        };
        let next = status::status(&self.spec.desired(), &self.observed(), plan, &previous, 1);
        if plan.needs_write() {
            self.version += 1;
        }
        self.tickets.clone_from(&next.tickets);
        self.started = next.started.clone();
        self.deleting_claims = next.deleting_claims.clone();
        if let Some(current) = &next.current_revision {
            self.spec.current = current.clone();
        }
        self.status = next;
    }

    /// What a backend does when it is asked for `action`, with the preconditions that backends promise.
    pub(crate) fn apply(&mut self, action: &Action) -> Applied {
        match action {
            Action::AdoptPod { uid, .. } => self.on_pod(uid, |pod| pod.owner = Ownership::Ours),
            Action::ReleasePod { uid, .. } => self.on_pod(uid, |pod| pod.owner = Ownership::Nobody),
            Action::ProvisionClaim { ordinal, template } => {
                let owner =
                    if self.spec.when_scaled || self.spec.when_deleted { Ownership::Ours } else { Ownership::Nobody };
                self.put_claim(*ordinal, template, ClaimPhase::Bound, owner)
            }
            Action::OwnClaim { uid, ours, .. } => {
                let owner = if *ours { Ownership::Ours } else { Ownership::Nobody };
                self.on_claim(uid, |claim| claim.owner = owner)
            }
            Action::DeleteClaim { uid, .. } => self.on_claim(uid, |claim| claim.phase = ClaimPhase::Terminating),
            Action::CreatePod { ordinal, revision } => {
                if self.pod(*ordinal).is_some() {
                    return Applied::Conflict;
                }
                self.put_pod(*ordinal, Some(revision.clone()));
                Applied::Done
            }
            Action::DeletePod { uid, version, .. } => {
                let Some(at) = self.pods.iter().position(|pod| pod.uid == *uid && !pod.terminating) else {
                    return Applied::AlreadySo;
                };
                if version.as_ref().is_some_and(|version| *version != self.pods[at].version) {
                    return Applied::Conflict;
                }
                self.change(at, |pod| pod.terminating = true);
                Applied::Done
            }
            Action::PublishNames { digest } => {
                self.published = Some(*digest);
                Applied::Done
            }
            Action::WithdrawNames => {
                self.withdrawn = true;
                Applied::Done
            }
            Action::RemoveSet => {
                self.removed = true;
                Applied::Done
            }
        }
    }

    pub(crate) fn pod(&self, ordinal: Ordinal) -> Option<&PodView> {
        self.pods.iter().find(|pod| pod.ordinal == ordinal)
    }

    /// A new pod: on record, pending, ours. Uids read `<ordinal>.<how many before it, plus one>`.
    pub(crate) fn put_pod(&mut self, ordinal: Ordinal, revision: Option<RevisionName>) {
        let life = self.lives.entry(ordinal).or_insert(0);
        *life += 1;
        let pod = PodView {
            ordinal,
            uid: PodUid::new(format!("{ordinal}.{life}")),
            version: Version::new("0"),
            owner: Ownership::Ours,
            selected: true,
            revision,
            phase: PodPhase::Pending,
            ready_since: None,
            terminating: false,
            initialized: true,
            address: None,
            trouble: None,
        };
        let at = self.pods.partition_point(|other| other.ordinal < ordinal);
        self.pods.insert(at, pod);
        let at = self.pods.partition_point(|other| other.ordinal < ordinal);
        self.change(at, |_| {});
    }

    /// Changes a pod, and so its version.
    pub(crate) fn edit(&mut self, ordinal: Ordinal, edit: impl FnOnce(&mut PodView)) -> Applied {
        match self.pods.iter().position(|pod| pod.ordinal == ordinal) {
            Some(at) => {
                self.change(at, edit);
                Applied::Done
            }
            None => Applied::AlreadySo,
        }
    }

    /// The pod runs and is ready from now on; it keeps its time if it is ready already.
    pub(crate) fn make_ready(&mut self, ordinal: Ordinal) -> Applied {
        let now = self.now;
        self.edit(ordinal, |pod| {
            pod.phase = PodPhase::Running;
            pod.ready_since = pod.ready_since.or(Some(now));
        })
    }

    /// The pod is in this phase, and not ready.
    pub(crate) fn make(&mut self, ordinal: Ordinal, phase: PodPhase) -> Applied {
        self.edit(ordinal, |pod| {
            pod.phase = phase;
            pod.ready_since = None;
        })
    }

    /// The end of whatever pod stands there is confirmed.
    pub(crate) fn remove_pod(&mut self, ordinal: Ordinal) {
        self.pods.retain(|pod| pod.ordinal != ordinal);
    }

    /// A claim, unless there is one of this name.
    pub(crate) fn put_claim(
        &mut self,
        ordinal: Ordinal,
        template: &Arc<str>,
        phase: ClaimPhase,
        owner: Ownership,
    ) -> Applied {
        let at = self.claims.partition_point(|claim| (claim.ordinal, &claim.template) < (ordinal, template));
        if self.claims.get(at).is_some_and(|claim| claim.ordinal == ordinal && claim.template == *template) {
            return Applied::Conflict;
        }
        self.changes += 1;
        let uid = ClaimUid::new(format!("{template}-{ordinal}.{}", self.changes));
        let template = Arc::clone(template);
        self.claims.insert(at, ClaimView { ordinal, template, uid, owner, phase, message: None });
        Applied::Done
    }

    fn on_pod(&mut self, uid: &PodUid, edit: impl FnOnce(&mut PodView)) -> Applied {
        match self.pods.iter().position(|pod| pod.uid == *uid) {
            Some(at) => {
                self.change(at, edit);
                Applied::Done
            }
            None => Applied::AlreadySo,
        }
    }

    fn on_claim(&mut self, uid: &ClaimUid, edit: impl FnOnce(&mut ClaimView)) -> Applied {
        match self.claims.iter_mut().find(|claim| claim.uid == *uid) {
            Some(claim) => {
                edit(claim);
                Applied::Done
            }
            None => Applied::AlreadySo,
        }
    }

    fn change(&mut self, at: usize, edit: impl FnOnce(&mut PodView)) {
        self.changes += 1;
        let pod = &mut self.pods[at];
        edit(pod);
        pod.version = Version::new(self.changes.to_string());
    }
}
