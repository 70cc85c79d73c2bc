//! Doing what a plan says: in its order, without choices. An action that fails leaves the later ones of its pet for the
//! next pass; requests of the same kind run side by side, creations with a slow start (behaviour §1.7, 1, 2, 4, …).

use std::collections::BTreeSet;
use std::mem::discriminant;
use std::sync::atomic::Ordering;

use futures::future::join_all;

use super::event::EventReason;
use super::look::Look;
use super::memory::{Memory, text};
use super::{Engine, meter, records, request};
use crate::backend::{ClaimChange, ClaimPhase, ClaimRef, Created, DeleteOptions, Deleted, PodChange, PodRef};
use crate::error::{ErrorKind, Result};
use crate::names::{Ordinal, Version};
use crate::plan::{Action, DeleteReason, Plan};
use crate::store::StoredSet;

/// What became of one action.
#[derive(Debug)]
pub struct Outcome {
    /// The action.
    pub action: Action,
    /// What became of it.
    pub result: Result<OutcomeKind>,
}

/// What became of an action that did not fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutcomeKind {
    /// It was done.
    Done,
    /// It was so already.
    AlreadySo,
}

/// What became of a plan.
#[derive(Debug, Default)]
pub(super) struct Executed {
    pub(super) outcomes: Vec<Outcome>,
    /// Whether anything changed, so that another look is worth while.
    pub(super) progress: bool,
    /// Whether the set was removed.
    pub(super) removed: bool,
}

impl Engine {
    /// Publishes the set's names if the plan says so.
    ///
    /// # Errors
    /// When they may not be published. It is accounted for.
    pub(super) async fn publish(
        &self,
        stored: &StoredSet,
        look: &Look,
        plan: &Plan,
        memory: &mut Memory,
    ) -> Result<()> {
        let publishes = |action: &&Action| matches!(action, Action::PublishNames { .. });
        let Some(action) = plan.actions.iter().find(publishes) else { return Ok(()) };
        let result = self.answered("publish names", self.perform(stored, &stored.version, look, action)).await;
        self.account(stored, look, action, &result, memory, &mut BTreeSet::new());
        result.map(drop)
    }

    /// Does the rest of the plan.
    pub(super) async fn execute(
        &self,
        stored: &StoredSet,
        version: &Version,
        look: &Look,
        plan: &Plan,
        memory: &mut Memory,
    ) -> Executed {
        let mut executed = Executed::default();
        let mut failed: BTreeSet<Ordinal> = BTreeSet::new();
        let actions: Vec<Action> =
            plan.actions.iter().filter(|action| !matches!(action, Action::PublishNames { .. })).cloned().collect();
        let mut rest = actions.as_slice();
        let mut width = 1;
        let mut withdrawal_failed = false;
        while let Some(first) = rest.first() {
            if withdrawal_failed {
                // A set that is forgotten with its names published has nobody to withdraw them.
                break;
            }
            if self.stopping.load(Ordering::Acquire) {
                break;
            }
            let alike = rest.iter().take_while(|action| discriminant(*action) == discriminant(first)).count();
            let is_creation = matches!(first, Action::CreatePod { .. } | Action::ProvisionClaim { .. });
            let limit = if is_creation { width } else { self.options.max_concurrent_actions.max(1) };
            let (batch, later) = rest.split_at(alike.min(limit));
            rest = later;
            width = if alike > batch.len() { width * 2 } else { 1 }.min(self.options.max_concurrent_actions.max(1));
            let wanted =
                batch.iter().filter(|action| action.ordinal().is_none_or(|ordinal| !failed.contains(&ordinal)));
            let tried = join_all(wanted.map(|action| async move {
                (action, self.answered("act", self.perform(stored, version, look, action)).await)
            }));
            let mut denied = false;
            for (action, result) in tried.await {
                denied |= result.is_err();
                self.account(stored, look, action, &result, memory, &mut failed);
                executed.progress |= matches!(result, Ok(OutcomeKind::Done));
                withdrawal_failed |= result.is_err() && *action == Action::WithdrawNames;
                executed.removed |= result.is_ok() && *action == Action::RemoveSet;
                executed.outcomes.push(Outcome { action: action.clone(), result });
            }
            if denied && is_creation {
                // Whatever denied these will most likely deny the others of their kind too.
                rest = &rest[rest.iter().take_while(|action| discriminant(*action) == discriminant(first)).count()..];
            }
        }
        executed
    }

    async fn perform(
        &self,
        stored: &StoredSet,
        version: &Version,
        look: &Look,
        action: &Action,
    ) -> Result<OutcomeKind> {
        let key = stored.key();
        let backends = self.backends();
        let pod =
            |ordinal: &Ordinal, uid: &crate::PodUid| PodRef { set: key.clone(), ordinal: *ordinal, uid: uid.clone() };
        let claim = |ordinal: &Ordinal, template: &str, uid: &crate::ClaimUid| ClaimRef {
            set: key.clone(),
            name: key.claim_name(template, *ordinal),
            uid: uid.clone(),
        };
        Ok(match action {
            Action::AdoptPod { ordinal, uid } => {
                let owner = Some(Some(stored.uid.clone()));
                let change = PodChange { owner, version: look.version_of(uid), ..PodChange::default() };
                backends.pods.update(&pod(ordinal, uid), change).await?;
                OutcomeKind::Done
            }
            Action::ReleasePod { ordinal, uid } => {
                let change = PodChange { owner: Some(None), version: look.version_of(uid), ..PodChange::default() };
                backends.pods.update(&pod(ordinal, uid), change).await?;
                OutcomeKind::Done
            }
            Action::ProvisionClaim { ordinal, template } => {
                let created = backends.volumes.provision(request::claim(stored, *ordinal, template)?).await?;
                match created {
                    Created::New(claim) if claim.phase == ClaimPhase::Bound => OutcomeKind::Done,
                    // Recorded, but without a volume: looking again at once would not help.
                    Created::New(_) if look.policy_binds() => OutcomeKind::AlreadySo,
                    Created::New(_) => OutcomeKind::Done,
                    Created::AlreadyThere(_) => OutcomeKind::AlreadySo,
                }
            }
            Action::OwnClaim { ordinal, template, uid, ours } => {
                let change = ClaimChange { owner: Some(ours.then(|| stored.uid.clone())), ..ClaimChange::default() };
                backends.volumes.change(&claim(ordinal, template, uid), change).await?;
                OutcomeKind::Done
            }
            Action::DeleteClaim { ordinal, template, uid, cause: _ } => {
                deleted(backends.volumes.delete(&claim(ordinal, template, uid)).await?)
            }
            Action::CreatePod { ordinal, revision } => {
                match backends.pods.create(request::pod(self, stored, look, *ordinal, revision)?).await? {
                    Created::New(_) => OutcomeKind::Done,
                    Created::AlreadyThere(_) => OutcomeKind::AlreadySo,
                }
            }
            Action::DeletePod { ordinal, uid, version, reason: _ } => {
                // Also a ready pod that has a ticket goes as it was seen, or not at all: ours, and on the revision it had.
                let version = version.clone().or_else(|| look.version_of(uid));
                let options = DeleteOptions { grace_seconds: None, version };
                deleted(backends.pods.delete(&pod(ordinal, uid), options).await?)
            }
            Action::PublishNames { digest: _ } => {
                let records = records::record_set(&key, &stored.set, &look.services, &look.pods);
                backends.names.publish(&key, &records).await?;
                OutcomeKind::AlreadySo
            }
            Action::WithdrawNames => {
                backends.names.withdraw(&key).await?;
                OutcomeKind::AlreadySo
            }
            Action::RemoveSet => {
                backends.store.remove(&key, version).await?;
                OutcomeKind::Done
            }
        })
    }

    /// Events, metrics, and what to remember of the result.
    fn account(
        &self,
        stored: &StoredSet,
        look: &Look,
        action: &Action,
        result: &Result<OutcomeKind>,
        memory: &mut Memory,
        failed: &mut BTreeSet<Ordinal>,
    ) {
        meter::action(action.name(), result.is_ok());
        let (key, now) = (stored.key(), self.now());
        let (good, bad) = reasons(action);
        if let Action::PublishNames { digest } = action {
            // After a failure these may be out, or those before them.
            memory.published(result.is_ok().then_some(*digest), now);
        }
        match result {
            Ok(kind) => {
                tracing::debug!(set = %key, ordinal = action.ordinal().map(|ordinal| ordinal.0), action = action.name(), outcome = ?kind, "action");
                if let Some(ordinal) = action.ordinal() {
                    settle(look, action, ordinal, memory, now, &self.options);
                }
                if let (OutcomeKind::Done, Some(reason)) = (kind, good) {
                    self.events.note(&key, Some(&stored.uid), action.ordinal(), reason, action.to_string(), now);
                }
            }
            Err(error) if error.kind() == ErrorKind::Conflict => {
                // The view was old; the next pass sees why.
                failed.extend(action.ordinal());
                tracing::debug!(set = %key, action = action.name(), error = %error.chain(), "action");
            }
            Err(error) => {
                let message = text(error);
                if let Action::CreatePod { ordinal, revision } = action
                    && request::pod(self, stored, look, *ordinal, revision).is_err()
                {
                    memory.lacking.insert(*ordinal);
                }
                if let Some(ordinal) = action.ordinal() {
                    failed.insert(ordinal);
                    // A pod that ended may be gone all the same: its pet waits in either case.
                    let has_ended = matches!(action, Action::DeletePod { reason: DeleteReason::Ended, .. });
                    let (on, what) = if has_ended {
                        (None, format!("{ENDED}: {message}"))
                    } else {
                        (action.target(), message.clone())
                    };
                    memory.failed(ordinal, on, what, error.retry(), now, &self.options);
                }
                self.events.warn(&key, Some(&stored.uid), action.ordinal(), bad, format!("{action}: {message}"), now);
            }
        }
    }
}

/// How the pause of a pet whose pod ended begins to be told.
const ENDED: &str = "its pod ended by itself";

/// A pod that ended by itself makes its pet wait before the next try; what succeeded after failures clears them, unless pods
/// keep ending.
fn settle(
    look: &Look,
    action: &Action,
    ordinal: Ordinal,
    memory: &mut Memory,
    now: crate::Timestamp,
    options: &super::EngineOptions,
) {
    match action {
        Action::DeletePod { reason: DeleteReason::Ended, .. } => {
            let why = look.trouble(ordinal).map_or("no reason given", |trouble| trouble);
            let message = format!("{ENDED}: {why}");
            memory.failed(ordinal, None, message, crate::Retry::Backoff, now, options);
        }
        Action::CreatePod { .. }
        | Action::ProvisionClaim { .. }
        | Action::OwnClaim { .. }
        | Action::DeleteClaim { .. }
        | Action::AdoptPod { .. }
        | Action::ReleasePod { .. }
        | Action::DeletePod { .. } => {
            let ended = memory.retries.get(&ordinal).is_some_and(|retry| retry.message.starts_with(ENDED));
            if !ended {
                memory.succeeded(ordinal);
            }
        }
        Action::PublishNames { .. } | Action::WithdrawNames | Action::RemoveSet => {}
    }
}

fn deleted(deleted: Deleted) -> OutcomeKind {
    match deleted {
        Deleted::Started => OutcomeKind::Done,
        Deleted::AlreadyGone => OutcomeKind::AlreadySo,
    }
}

/// The events of an action: when it was done, and when it failed.
fn reasons(action: &Action) -> (Option<EventReason>, EventReason) {
    match action {
        Action::AdoptPod { .. } | Action::ReleasePod { .. } | Action::OwnClaim { .. } => {
            (Some(EventReason::SuccessfulUpdate), EventReason::FailedUpdate)
        }
        Action::ProvisionClaim { .. } | Action::CreatePod { .. } => {
            (Some(EventReason::SuccessfulCreate), EventReason::FailedCreate)
        }
        Action::DeletePod { reason: DeleteReason::Ended, .. } => {
            (Some(EventReason::PodEnded), EventReason::FailedDelete)
        }
        Action::DeleteClaim { .. } | Action::DeletePod { .. } => {
            (Some(EventReason::SuccessfulDelete), EventReason::FailedDelete)
        }
        Action::PublishNames { .. } | Action::WithdrawNames => (None, EventReason::FailedNames),
        Action::RemoveSet => (Some(EventReason::Deleted), EventReason::FailedDelete),
    }
}

impl Look {
    /// The version in which an incarnation was seen. Owners change only while it has it: another life of the set may have
    /// taken the pod meanwhile (S12).
    fn version_of(&self, uid: &crate::PodUid) -> Option<Version> {
        self.pods.iter().find(|pod| pod.uid == *uid).map(|pod| pod.version.clone())
    }

    fn policy_binds(&self) -> bool {
        self.desired().binds_before_use
    }
}
