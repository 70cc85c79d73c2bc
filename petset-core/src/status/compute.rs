//! From what was seen and planned to what is reported. Pure: the same input gives the same status, and a status that
//! says nothing new is equal to the one before (S17).

use std::collections::BTreeSet;

use super::{Condition, ConditionStatus, ConditionType, PetSetStatus};
use crate::names::Ordinal;
use crate::plan::{Action, Desired, Hold, HoldReason, Observed, Plan, PodView, RetryAt, Strategy};
use crate::time::Timestamp;

/// Conditions name at most this many reasons.
const MAX_REASONS: usize = 3;

/// The status after this plan, before its actions are done (behaviour §1.13, with its mistakes mended: completion means
/// available, `OnDelete` completes, counts are taken fresh, conditions of others are kept).
pub fn status(
    desired: &Desired<'_>,
    observed: &Observed<'_>,
    plan: &Plan,
    previous: &PetSetStatus,
    generation: u64,
) -> PetSetStatus {
    let counts = Counts::take(desired, observed);
    let complete = desired.deletion.is_none()
        && counts.updated_available == desired.replicas
        && counts.replicas == desired.replicas;
    let current = if complete { desired.update } else { desired.current };
    let Counts { replicas, ready, available, in_range_available, on_current, updated, updated_available: _ } = counts;
    let all_available = desired.deletion.is_none() && in_range_available == desired.replicas;
    let stamp = Stamp { observed, generation, previous };
    PetSetStatus {
        observed_generation: generation,
        replicas,
        ready_replicas: ready,
        available_replicas: available,
        current_replicas: if complete { updated } else { on_current },
        updated_replicas: updated,
        current_revision: Some(current.clone()),
        update_revision: Some(desired.update.clone()),
        collision_count: previous.collision_count,
        conditions: stamp.conditions(desired, plan, all_available, in_range_available, complete),
        tickets: plan.tickets.clone().unwrap_or_else(|| previous.tickets.clone()),
        started: plan.started.clone().unwrap_or_else(|| previous.started.clone()),
        deleting_claims: plan.deleting_claims.clone().unwrap_or_else(|| previous.deleting_claims.clone()),
    }
}

/// The same status with the statement that nothing can be done for the set and why, and nothing else changed.
pub fn halted(previous: &PetSetStatus, reason: &str, message: &str, generation: u64, now: Timestamp) -> PetSetStatus {
    let kind = ConditionType::Degraded.as_str();
    let mut next = previous.clone();
    let before = next.conditions.iter().find(|condition| condition.kind == kind);
    let since =
        before.filter(|before| before.status == ConditionStatus::True).map(|before| before.last_transition_time);
    next.conditions.retain(|condition| condition.kind != kind);
    next.conditions.push(Condition {
        kind: kind.to_owned(),
        status: ConditionStatus::True,
        reason: reason.to_owned(),
        message: message.to_owned(),
        last_transition_time: since.unwrap_or(now),
        observed_generation: generation,
    });
    next
}

#[derive(Debug, Default)]
struct Counts {
    replicas: u32,
    ready: u32,
    available: u32,
    in_range_available: u32,
    on_current: u32,
    updated: u32,
    updated_available: u32,
}

impl Counts {
    fn take(desired: &Desired<'_>, observed: &Observed<'_>) -> Self {
        let mut counts = Self::default();
        for pod in observed.pods.iter().filter(|pod| pod.is_ours()) {
            counts.add(pod, desired, observed);
        }
        counts
    }

    fn add(&mut self, pod: &PodView, desired: &Desired<'_>, observed: &Observed<'_>) {
        let available = pod.is_available(observed.now, desired.min_ready);
        let stays = !pod.terminating;
        self.replicas += 1;
        self.ready += u32::from(pod.is_ready());
        self.available += u32::from(available);
        self.in_range_available += u32::from(available && stays && desired.contains(pod.ordinal));
        self.on_current += u32::from(stays && pod.revision.as_ref() == Some(desired.current));
        if stays && pod.revision.as_ref() == Some(desired.update) {
            self.updated += 1;
            self.updated_available += u32::from(available && desired.contains(pod.ordinal));
        }
    }
}

struct Stamp<'a> {
    observed: &'a Observed<'a>,
    generation: u64,
    previous: &'a PetSetStatus,
}

impl Stamp<'_> {
    fn conditions(
        &self,
        desired: &Desired<'_>,
        plan: &Plan,
        all_available: bool,
        available: u32,
        complete: bool,
    ) -> Vec<Condition> {
        let own = [
            self.available(desired, all_available, available),
            self.progressing(desired, plan, all_available, complete),
            self.degraded(plan),
        ];
        let is_own = |kind: &str| own.iter().any(|condition| condition.kind == kind);
        let foreign = self.previous.conditions.iter().filter(|condition| !is_own(&condition.kind)).cloned();
        own.iter().cloned().chain(foreign).collect()
    }

    fn available(&self, desired: &Desired<'_>, all_available: bool, available: u32) -> Condition {
        let (status, reason) = match (desired.deletion.is_some(), all_available) {
            (true, _) => (ConditionStatus::False, "Deleting"),
            (false, true) => (ConditionStatus::True, "AllPetsAvailable"),
            (false, false) => (ConditionStatus::False, "PetsUnavailable"),
        };
        let message = format!("{available} of {} pets are available", desired.wanted());
        self.condition(ConditionType::Available, status, reason, message)
    }

    fn progressing(&self, desired: &Desired<'_>, plan: &Plan, all_available: bool, complete: bool) -> Condition {
        let rests = plan.holds.iter().all(|hold| hold.reason.is_at_rest());
        // Publishing names is housekeeping; a controller that starts anew does it without the set having changed.
        let acts = plan.acts();
        let (status, reason, message) = if desired.is_held() {
            (ConditionStatus::False, "Paused", "the set is paused".to_owned())
        } else if all_available && !acts && rests {
            let (reason, message) = match (complete, desired.strategy) {
                (true, _) => ("Complete", "every pet is as declared"),
                (false, Strategy::RollingUpdate { .. }) => ("Partitioned", "every pet is on its side of the partition"),
                (false, Strategy::OnDelete) => ("OnDelete", "outdated pets wait for somebody to delete their pods"),
            };
            (ConditionStatus::False, reason, message.to_owned())
        } else {
            match plan.holds.iter().find(|hold| !hold.reason.is_at_rest()) {
                Some(hold) if !acts => (ConditionStatus::True, hold.reason.name(), reasons(&plan.holds)),
                Some(_) | None => {
                    (ConditionStatus::True, "Acting", "pets are being brought to the declared state".to_owned())
                }
            }
        };
        self.condition(ConditionType::Progressing, status, reason, message)
    }

    fn degraded(&self, plan: &Plan) -> Condition {
        let mut troubles: Vec<String> = Vec::new();
        let mut reason = None;
        // Pauses are told from their cause below, so that the text stays the same while a try is under way.
        let is_pause = |hold: &&Hold| matches!(hold.reason, HoldReason::Backoff { .. });
        for hold in plan.holds.iter().filter(|hold| hold.reason.is_trouble() && !is_pause(hold)) {
            reason = reason.or(Some(hold.reason.name()));
            troubles.push(hold.to_string());
        }
        for pod in self.observed.pods.iter().filter(|pod| pod.is_ours()) {
            if let Some(trouble) = &pod.trouble {
                reason = reason.or(Some("PodTrouble"));
                troubles.push(format!("pet {}: {trouble}", pod.ordinal));
            }
        }
        // A pet that is ready again has failed before: that lengthens its next pause, and is no trouble now. Another one is
        // ready because nobody lets its pod go.
        let is_well = |ordinal: Ordinal| {
            let at = self.observed.pods.binary_search_by_key(&ordinal, |pod| pod.ordinal);
            at.is_ok_and(|at| self.observed.pods[at].is_ours() && self.observed.pods[at].is_ready())
        };
        let waits = plan.holds.iter().filter(is_pause).filter_map(|hold| hold.ordinal);
        let is_tried = |action: &&Action| {
            let retry = action.ordinal().and_then(|ordinal| self.observed.retries.get(&ordinal));
            retry.zip(action.target()).is_some_and(|(retry, target)| retry.is_on(&target))
        };
        let tried = plan.actions.iter().filter(is_tried).filter_map(Action::ordinal);
        let is_refused: BTreeSet<Ordinal> = waits.chain(tried).collect();
        let is_trouble = |(ordinal, retry): &(&Ordinal, &RetryAt)| match retry.on {
            None => !is_well(**ordinal),
            Some(_) => is_refused.contains(ordinal),
        };
        for (ordinal, retry) in self.observed.retries.iter().filter(is_trouble).take(MAX_REASONS) {
            reason = reason.or(Some("Backoff"));
            troubles.push(format!("pet {ordinal}: {}", retry.message));
        }
        match reason {
            Some(reason) => {
                troubles.truncate(MAX_REASONS);
                self.condition(ConditionType::Degraded, ConditionStatus::True, reason, troubles.join("; "))
            }
            None => self.condition(
                ConditionType::Degraded,
                ConditionStatus::False,
                "AsExpected",
                "nothing hinders the set".to_owned(),
            ),
        }
    }

    fn condition(&self, kind: ConditionType, status: ConditionStatus, reason: &str, message: String) -> Condition {
        let before = self.previous.conditions.iter().find(|condition| condition.kind == kind.as_str());
        let since = before.filter(|before| before.status == status).map(|before| before.last_transition_time);
        Condition {
            kind: kind.as_str().to_owned(),
            status,
            reason: reason.to_owned(),
            message,
            last_transition_time: since.unwrap_or(self.observed.now),
            observed_generation: self.generation,
        }
    }
}

fn reasons(holds: &[Hold]) -> String {
    let named: Vec<String> =
        holds.iter().filter(|hold| !hold.reason.is_at_rest()).take(MAX_REASONS).map(ToString::to_string).collect();
    named.join("; ")
}
