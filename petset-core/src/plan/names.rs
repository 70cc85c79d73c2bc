//! Step 9: names. They are published when anything that they depend on changed, and withdrawn before a deleted set is
//! forgotten.

use super::slots::Slots;
use super::view::{Desired, Observed};
use super::{Action, Plan};

pub(super) fn step(desired: &Desired<'_>, observed: &Observed<'_>, slots: &Slots<'_>, plan: &mut Plan) {
    if desired.deletion.is_some() {
        let done = plan.actions.is_empty() && slots.condemned().next().is_none();
        if done {
            plan.actions.push(Action::WithdrawNames);
            plan.actions.push(Action::RemoveSet);
            return;
        }
    }
    if observed.published != Some(slots.census.names) {
        plan.actions.push(Action::PublishNames { digest: slots.census.names });
    }
}
