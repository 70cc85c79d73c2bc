//! From a declaration to the few numbers that decisions need.

use std::sync::Arc;
use std::time::Duration;

use crate::plan::{Desired, Strategy};
use crate::revision::RevisionPlan;
use crate::spec::{IntOrString, PetSetSpec, PodManagementPolicy, RetentionPolicyType, UpdateStrategyType};
use crate::store::{Cascade, StoredSet};
use crate::{Ordinal, PAUSED};

/// The owner of what [`Desired`] borrows.
#[derive(Debug)]
pub(super) struct Policy {
    replicas: u32,
    start: Ordinal,
    ordered: bool,
    strategy: Strategy,
    min_ready: Duration,
    when_scaled: bool,
    when_deleted: bool,
    claim_templates: Vec<Arc<str>>,
    deletion: Option<Cascade>,
    binds_before_use: bool,
    paused: bool,
    pub(super) history_limit: i32,
}

impl Policy {
    pub(super) fn of(stored: &StoredSet, binds_before_use: bool) -> Self {
        let spec = &stored.set.spec;
        let retention = spec.retention();
        let mut claim_templates: Vec<Arc<str>> =
            spec.volume_claim_templates.iter().map(|template| template.metadata.name.as_str().into()).collect();
        claim_templates.sort_unstable();
        Self {
            replicas: spec.replicas(),
            start: spec.start(),
            ordered: spec.pod_management_policy.unwrap_or_default() == PodManagementPolicy::OrderedReady,
            strategy: strategy(spec),
            min_ready: Duration::from_secs(spec.min_ready_seconds.unwrap_or(0).max(0).unsigned_abs().into()),
            when_scaled: retention.when_scaled == RetentionPolicyType::Delete,
            when_deleted: retention.when_deleted == RetentionPolicyType::Delete,
            claim_templates,
            deletion: stored.deletion.map(|deletion| deletion.cascade),
            binds_before_use,
            paused: stored.set.metadata.annotations.get(PAUSED).is_some_and(|says| says == "true"),
            history_limit: spec.revision_history_limit.unwrap_or(10),
        }
    }

    pub(super) fn desired<'a>(&'a self, revisions: &'a RevisionPlan) -> Desired<'a> {
        Desired {
            replicas: self.replicas,
            start: self.start,
            ordered: self.ordered,
            strategy: self.strategy,
            min_ready: self.min_ready,
            delete_claims_when_scaled: self.when_scaled,
            delete_claims_when_deleted: self.when_deleted,
            claim_templates: &self.claim_templates,
            deletion: self.deletion,
            current: &revisions.current,
            update: &revisions.update,
            binds_before_use: self.binds_before_use,
            paused: self.paused,
        }
    }
}

fn strategy(spec: &PetSetSpec) -> Strategy {
    let strategy = spec.update_strategy.clone().unwrap_or_default();
    match strategy.kind.unwrap_or_default() {
        UpdateStrategyType::OnDelete => Strategy::OnDelete,
        UpdateStrategyType::RollingUpdate => {
            let knobs = strategy.rolling_update.unwrap_or_default();
            Strategy::RollingUpdate {
                partition: knobs.partition.unwrap_or(0).max(0).unsigned_abs(),
                max_unavailable: max_unavailable(knobs.max_unavailable.as_ref(), spec.replicas()),
            }
        }
    }
}

/// A number as it is, a per cent of `replicas` rounded down, at least 1 (behaviour §1.12).
fn max_unavailable(value: Option<&IntOrString>, replicas: u32) -> u32 {
    let number = match value {
        None => 1,
        Some(IntOrString::Int(number)) => u32::try_from(*number).unwrap_or(1),
        Some(IntOrString::String(text)) => {
            let percent: u64 = text.strip_suffix('%').and_then(|number| number.parse().ok()).unwrap_or(0);
            u32::try_from(u64::from(replicas) * percent.min(100) / 100).unwrap_or(u32::MAX)
        }
    };
    number.max(1)
}
