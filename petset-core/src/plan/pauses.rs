//! Step 10: pauses. What failed on a pod or on a claim is not tried on it again before the pause is over, however often
//! somebody looks meanwhile (S18); what this plan would do with the pet after that waits as well. A pod keeps its ticket.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::view::Observed;
use super::{Action, Hold, HoldReason, Plan};

pub(super) fn step(observed: &Observed<'_>, plan: &mut Plan) {
    if observed.retries.is_empty() {
        return;
    }
    let is_pause = |hold: &&Hold| matches!(hold.reason, HoldReason::Backoff { .. });
    let mut told: BTreeSet<_> = plan.holds.iter().filter(is_pause).filter_map(|hold| hold.ordinal).collect();
    let mut waiting = BTreeSet::new();
    for action in std::mem::take(&mut plan.actions) {
        let pause = action.ordinal().and_then(|ordinal| Some((ordinal, observed.pause(ordinal)?)));
        let is_on_it =
            |action: &Action| pause.is_some_and(|(_, retry)| retry.on.is_some() && retry.on == action.target());
        match pause {
            Some((ordinal, retry)) if waiting.contains(&ordinal) || is_on_it(&action) => {
                waiting.insert(ordinal);
                if told.insert(ordinal) {
                    plan.hold(ordinal, HoldReason::Backoff { until: retry.at, message: Arc::clone(&retry.message) });
                }
            }
            Some(_) | None => plan.actions.push(action),
        }
    }
}
