//! Step 9: pauses. What failed on a pod is not tried on that pod again before its pause is over, however often somebody
//! looks meanwhile (S18). The pod keeps its ticket.

use std::sync::Arc;

use super::view::{Observed, RetryAt};
use super::{Action, HoldReason, Plan};

pub(super) fn step(observed: &Observed<'_>, plan: &mut Plan) {
    if observed.retries.is_empty() {
        return;
    }
    for action in std::mem::take(&mut plan.actions) {
        match action.ordinal().zip(pause(observed, &action)) {
            Some((ordinal, retry)) => {
                plan.hold(ordinal, HoldReason::Backoff { until: retry.at, message: Arc::clone(&retry.message) });
                plan.wake(retry.at);
            }
            None => plan.actions.push(action),
        }
    }
}

fn pause<'a>(observed: &'a Observed<'_>, action: &Action) -> Option<&'a RetryAt> {
    let retry = observed.retries.get(&action.ordinal()?)?;
    (retry.at > observed.now && retry.pod.is_some() && retry.pod.as_ref() == action.pod()).then_some(retry)
}
