//! The planner's own rehearsal against the world of these tests, which shares no code with it.

use petset_core::plan::{Action, Hold, rehearse};
use petset_core::{Ordinal, PodUid, RevisionName};
use proptest::prelude::*;

use crate::common::World;
use crate::{config, worlds};

/// No rehearsal of a small world needs more passes.
const MAX_PASSES: usize = 1_000;

/// An action without the uids that a rehearsal makes up.
fn told(action: &Action) -> String {
    let text = action.to_string();
    match (text.find(" ("), text.find("):")) {
        (Some(from), Some(to)) => format!("{}{}", &text[..from], &text[to + 1..]),
        _ => text,
    }
}

/// Plays the planner in a world where everything works at once, time included.
fn play(mut world: World) -> (Vec<String>, Vec<Hold>) {
    let mut actions = Vec::new();
    world.pods.retain(|pod| !pod.terminating);
    for _ in 0..MAX_PASSES {
        let plan = world.plan();
        if plan.actions.is_empty() && !plan.needs_write() {
            match plan.wake_at {
                Some(at) if at > world.now => world.now = at,
                _ => return (actions, plan.holds),
            }
        }
        world.tickets = plan.tickets.unwrap_or(world.tickets);
        world.started = plan.started.unwrap_or(world.started);
        world.deleting_claims = plan.deleting_claims.unwrap_or(world.deleting_claims);
        for action in plan.actions {
            actions.push(told(&action));
            world.apply(&action);
            match action {
                Action::CreatePod { ordinal, .. } => {
                    world.make_ready(ordinal);
                    // The world would give it a number that a ticket of its past may name.
                    world.edit(ordinal, |pod| pod.uid = PodUid::new(format!("new-{}", actions.len())));
                }
                Action::DeletePod { ordinal, .. } => world.remove_pod(ordinal),
                Action::DeleteClaim { uid, .. } => world.claims.retain(|claim| claim.uid != uid),
                Action::RemoveSet => return (actions, Vec::new()),
                Action::AdoptPod { .. }
                | Action::ReleasePod { .. }
                | Action::ProvisionClaim { .. }
                | Action::OwnClaim { .. }
                | Action::PublishNames { .. }
                | Action::WithdrawNames => {}
            }
        }
    }
    panic!("it never ends: {actions:#?}");
}

proptest! {
    #![proptest_config(config(1_500))]

    #[test]
    fn a_rehearsal_tells_what_happens_where_everything_works(world in worlds::small()) {
        let rehearsal = rehearse(&world.spec.desired(), &world.observed());
        let (actions, holds) = play(world);
        prop_assert_eq!(rehearsal.actions.iter().map(told).collect::<Vec<_>>(), actions);
        prop_assert_eq!(rehearsal.holds, holds);
    }

    /// Most small worlds are in trouble somewhere; these get to the end.
    #[test]
    fn a_rehearsal_of_a_rollout_goes_to_its_end(replicas in 0..6_u32, partition in 0..4_u32, min_ready in 0..2_u64) {
        let mut world = World::new(crate::common::Spec {
            replicas,
            strategy: petset_core::plan::Strategy::RollingUpdate { partition, max_unavailable: 1 },
            min_ready: std::time::Duration::from_secs(min_ready),
            templates: vec!["www".into()],
            update: RevisionName::new("B"),
            when_scaled: true,
            ..crate::common::Spec::default()
        });
        for ordinal in 0..4 {
            world.put_pod(Ordinal(ordinal), Some(RevisionName::new("A")));
            world.make_ready(Ordinal(ordinal));
        }
        let rehearsal = rehearse(&world.spec.desired(), &world.observed());
        let (actions, holds) = play(world);
        prop_assert_eq!(rehearsal.actions.iter().map(told).collect::<Vec<_>>(), actions);
        prop_assert!(holds.is_empty() && rehearsal.holds.is_empty(), "{holds:#?}");
    }
}
