//! Step 10: pauses. What failed on a pod or on a claim is not tried on it again before the pause is over, however often
//! somebody looks meanwhile (S18); what this plan would do with the pet after that waits as well, as it does when the request fails. A
//! pod keeps its ticket.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::view::{Observed, RetryAt};
use super::{Hold, HoldReason, Plan};

pub(super) fn step(observed: &Observed<'_>, plan: &mut Plan) {
    if observed.retries.is_empty() {
        return;
    }
    let is_pause = |hold: &&Hold| matches!(hold.reason, HoldReason::Backoff { .. });
    let mut told: BTreeSet<_> = plan.holds.iter().filter(is_pause).filter_map(|hold| hold.ordinal).collect();
    let mut waiting = BTreeSet::new();
    for action in std::mem::take(&mut plan.actions) {
        let pause = action.ordinal().and_then(|ordinal| Some((ordinal, observed.pause(ordinal)?)));
        let is_on = |retry: &RetryAt| action.target().is_some_and(|target| retry.is_on(&target));
        match pause {
            Some((ordinal, retry)) if waiting.contains(&ordinal) || is_on(retry) => {
                waiting.insert(ordinal);
                if told.insert(ordinal) {
                    plan.hold(ordinal, HoldReason::Backoff { until: retry.at, message: Arc::clone(&retry.message) });
                }
            }
            Some(_) | None => plan.actions.push(action),
        }
    }
}
