//! Properties of one plan on one view.

use petset_core::plan::{
    self, Action, DeleteReason, HoldReason, MAX_CREATES, Observed, Ownership, Plan, PodView, leftovers,
};
use petset_core::status::{OrdinalSet, Ticket};
use petset_core::{Ordinal, PodUid, Timestamp};
use proptest::prelude::*;

use crate::common::{Spec, World};
use crate::facts::{self, is_available, is_goal, is_wanted};
use crate::holds::avoidable;
use crate::legal::illegal;
use crate::{config, worlds};

fn named_pods(plan: &Plan) -> Vec<&PodUid> {
    let mut uids = Vec::new();
    for action in &plan.actions {
        if let Action::DeletePod { uid, .. } | Action::ReleasePod { uid, .. } | Action::AdoptPod { uid, .. } = action {
            uids.push(uid);
        }
    }
    uids
}

/// Destructive requests: what a wrong clock or a wrong order must never bring about.
fn destructive(plan: &Plan) -> Vec<String> {
    let is = |action: &&Action| {
        matches!(action, Action::DeletePod { .. } | Action::DeleteClaim { .. } | Action::ReleasePod { .. })
    };
    plan.actions.iter().filter(is).map(ToString::to_string).collect()
}

proptest! {
    #![proptest_config(config(3000))]

    /// The planner's own checker finds nothing either.
    #[test]
    fn every_invariant_is_kept(world in worlds::small()) {
        let broken = world.broken(&world.plan());
        prop_assert!(broken.is_empty(), "{broken:#?}");
    }

    #[test]
    fn s20_no_world_is_too_absurd(world in worlds::absurd()) {
        let plan = world.plan();
        let broken = world.broken(&plan);
        prop_assert!(broken.is_empty(), "{broken:#?}");
        let status = petset_core::status::status(&world.spec.desired(), &world.observed(), &plan, &world.status, 1);
        prop_assert!(status.ready_replicas <= status.replicas && status.available_replicas <= status.ready_replicas);
        prop_assert!(status.updated_replicas <= status.replicas && status.current_replicas <= status.replicas);
        prop_assert!(plan.actions.len() <= MAX_CREATES * 2 + 60, "S18: one plan is bounded");
    }

    #[test]
    fn s4_s7_s8_s9_s10_s11_s12_every_action_is_legal(world in worlds::small()) {
        let plan = world.plan();
        let found = illegal(&world, &plan);
        prop_assert!(found.is_empty(), "{found:#?}\n{plan:#?}");
    }

    #[test]
    fn s4_s12_every_action_is_legal_in_absurd_worlds(world in worlds::absurd()) {
        let plan = world.plan();
        let found = illegal(&world, &plan);
        prop_assert!(found.is_empty(), "{found:#?}\n{plan:#?}");
    }

    #[test]
    fn every_hold_is_unavoidable(world in worlds::small()) {
        let plan = world.plan();
        let found = avoidable(&world, &plan);
        prop_assert!(found.is_empty(), "{found:#?}\n{plan:#?}");
    }

    #[test]
    fn every_hold_is_unavoidable_in_absurd_worlds(world in worlds::absurd()) {
        let plan = world.plan();
        let found = avoidable(&world, &plan);
        prop_assert!(found.is_empty(), "{found:#?}\n{plan:#?}");
    }

    /// "Nothing happens" always has a reason: short of the goal a plan acts, waits for something, or is paused.
    #[test]
    fn l1_nothing_is_left_undone_without_a_word(world in worlds::living()) {
        let plan = world.plan();
        let told = |ordinal: Ordinal| plan.holds.iter().any(|hold| hold.ordinal == Some(ordinal))
            || plan.actions.iter().any(|action| action.ordinal() == Some(ordinal));
        let acts_or_waits = !plan.actions.is_empty() || plan.holds.iter().any(|hold| !hold.reason.is_at_rest())
            || plan.tickets.is_some();
        prop_assert!(is_goal(&world) || acts_or_waits, "{plan:#?}");
        for pod in world.pods.iter().filter(|pod| pod.owner == Ownership::Ours && is_wanted(&world, pod.ordinal)) {
            let cut_short = plan.holds.iter().any(|hold| matches!(
                hold.reason, HoldReason::Predecessor { .. } | HoldReason::NotInitialized { .. } | HoldReason::Paused));
            prop_assert!(is_available(&world, pod) || cut_short || told(pod.ordinal), "{:?} {plan:#?}", pod.ordinal);
        }
    }

    #[test]
    fn a_plan_is_a_function_of_what_it_sees(world in worlds::absurd()) {
        prop_assert_eq!(world.plan(), world.clone().plan());
    }

    /// What a backend lists in another order is sorted to the same view, and tickets have no order at all.
    #[test]
    fn order_of_the_input_is_irrelevant(world in worlds::small(), by in any::<u64>()) {
        let mut other = world.clone();
        let key = |uid: &PodUid| uid.as_str().bytes().fold(by, |sum, byte| sum.rotate_left(7) ^ u64::from(byte));
        other.pods.sort_by_key(|pod| key(&pod.uid));
        other.pods.sort_by_key(|pod| pod.ordinal);
        other.tickets.sort_by_key(|ticket| key(&ticket.uid));
        let sorted = |plan: Plan| {
            let mut actions: Vec<String> = plan.actions.iter().map(ToString::to_string).collect();
            actions.sort();
            let mut tickets = plan.tickets.unwrap_or_default();
            tickets.sort_by_key(|ticket| ticket.uid.clone());
            (actions, tickets, plan.started, plan.wake_at)
        };
        prop_assert_eq!(sorted(world.plan()), sorted(other.plan()));
    }

    #[test]
    fn s6_no_claim_is_deleted_by_default(world in worlds::absurd()) {
        let mut world = world;
        (world.spec.when_scaled, world.spec.when_deleted) = (false, false);
        // A deletion that was begun under another policy is seen through.
        world.deleting_claims = OrdinalSet::default();
        let plan = world.plan();
        let harmful = plan.actions.iter().any(|action| {
            matches!(action, Action::DeleteClaim { .. } | Action::OwnClaim { ours: true, .. })
        });
        prop_assert!(!harmful, "{plan:#?}");
    }

    /// With no pause after readiness and none after failures, the clock decides nothing that hurts.
    #[test]
    fn s14_no_destructive_step_reads_the_clock(world in worlds::small(), now in any::<i64>()) {
        let (mut early, mut late) = (world.clone(), world);
        for world in [&mut early, &mut late] {
            world.spec.min_ready = std::time::Duration::ZERO;
            world.retries.clear();
            world.lapses.clear();
        }
        late.now = Timestamp::from_micros(now);
        prop_assert_eq!(destructive(&early.plan()), destructive(&late.plan()));
    }

    /// Whatever waits for time alone says when to look again.
    #[test]
    fn l3_who_waits_for_time_says_until_when(world in worlds::small()) {
        let plan = world.plan();
        for hold in &plan.holds {
            if let HoldReason::NotAvailable { at: until } | HoldReason::Backoff { until, .. } = &hold.reason {
                prop_assert!(plan.wake_at.is_some_and(|at| at <= *until && at > world.now), "{plan:#?}");
            }
        }
    }

    /// The view was taken, then every pod was replaced: whoever acts on the old view hurts nobody.
    #[test]
    fn s4_a_late_plan_never_hits_another_incarnation(world in worlds::small()) {
        let plan = world.plan();
        let mut later = world.clone();
        let places: Vec<Ordinal> = later.pods.iter().map(|pod| pod.ordinal).collect();
        for ordinal in places {
            later.remove_pod(ordinal);
            later.put_pod(ordinal, None);
        }
        let before = format!("{:?}", later.pods);
        for action in plan.actions.iter().filter(|action| !matches!(action, Action::CreatePod { .. })) {
            later.apply(action);
        }
        prop_assert_eq!(format!("{:?}", later.pods), before);
    }

    /// Every pod became ready after the view was taken: only those with a ticket may go.
    #[test]
    fn s10_a_pod_that_became_ready_is_spared(world in worlds::small()) {
        let plan = world.plan();
        let mut later = world.clone();
        let tickets = plan.tickets.clone().unwrap_or_else(|| world.tickets.clone());
        let standing: Vec<Ordinal> =
            world.pods.iter().filter(|pod| pod.ready_since.is_none()).map(|pod| pod.ordinal).collect();
        for ordinal in standing {
            later.make_ready(ordinal);
        }
        for action in &plan.actions {
            if let Action::DeletePod { uid, .. } = action {
                let became = later.apply(action);
                let spared = became == crate::common::Applied::Conflict;
                prop_assert!(spared || tickets.iter().any(|ticket| ticket.uid == *uid)
                    || world.pods.iter().any(|pod| pod.uid == *uid && pod.ready_since.is_some()));
            }
        }
    }

    /// Two planners with the same view and one swap: whoever loses may still send what needed no ticket, and all of it
    /// together takes down no more ready pods than the winner's tickets allow.
    #[test]
    fn s10_budget_two_controllers_with_the_same_view(world in worlds::living()) {
        let (winner, loser) = (world.plan(), world.plan());
        let mut after = world.clone();
        after.write(&winner);
        for action in winner.actions.iter().chain(loser.actions.iter().filter(|_| loser.tickets.is_none())) {
            after.apply(action);
        }
        let new: Vec<_> = after.tickets.iter().filter(|ticket| !world.tickets.contains(ticket)).collect();
        let rolled = new.iter().any(|ticket| is_wanted(&world, ticket.ordinal));
        let down = facts::others_down(&after, &after.tickets, Ordinal(u32::MAX));
        prop_assert!(!rolled || down <= facts::budget(&world), "{down} are down");
        let ready = |pod: &&PodView| pod.ready_since.is_some() && !pod.terminating && pod.owner != Ownership::Former;
        for pod in world.pods.iter().filter(ready) {
            let ended = after.pods.iter().any(|later| later.uid == pod.uid && later.terminating);
            prop_assert!(!ended || after.tickets.iter().any(|ticket| ticket.uid == pod.uid));
        }
    }

    /// Pets in trouble leave their place in a pass to those that can start.
    #[test]
    fn l4_blocked_pets_do_not_starve_others(blocked in 490..700_u32, free in 1..20_u32) {
        let spec = Spec { replicas: blocked + free, ordered: false, templates: vec!["www".into()], ..Spec::default() };
        let mut world = World::new(spec);
        world.started = (0..blocked).map(Ordinal).collect();
        let asked = world.plan().actions.iter().filter(|action| matches!(action, Action::ProvisionClaim { .. })).count();
        prop_assert_eq!(asked, free as usize);
    }

    /// A plan is idle when it asks for nothing, writes nothing, and tells of nothing that could change by itself.
    #[test]
    fn s17_an_idle_plan_is_one_without_consequences(world in worlds::small()) {
        let mut world = world;
        publish(&mut world);
        let plan = world.plan();
        let writes = [plan.tickets.is_some(), plan.started.is_some(), plan.deleting_claims.is_some()].contains(&true);
        prop_assert_eq!(plan.needs_write(), writes);
        let waits = plan.holds.iter().any(|hold| {
            !matches!(hold.reason, HoldReason::OnDelete | HoldReason::ClaimForeign { .. })
        });
        prop_assert_eq!(plan.is_idle(), plan.actions.is_empty() && !writes && !waits);
    }

    /// Of a set that is no more, exactly the pods of its lives are ended, each by its uid and version.
    #[test]
    fn l2_s12_leftovers_are_the_pods_of_former_lives(world in worlds::small()) {
        let ended: Vec<_> = leftovers(&world.pods);
        let former = |pod: &&PodView| pod.owner == Ownership::Former && !pod.terminating;
        let expected: Vec<_> = world.pods.iter().filter(former).map(|pod| Action::DeletePod {
            ordinal: pod.ordinal,
            uid: pod.uid.clone(),
            version: Some(pod.version.clone()),
            reason: DeleteReason::FormerLife,
        }).collect();
        prop_assert_eq!(ended, expected);
    }

    #[test]
    fn s12_strangers_are_never_named(world in worlds::small()) {
        let plan = world.plan();
        let foreign = |pod: &&PodView| pod.owner == Ownership::Foreign;
        for pod in world.pods.iter().filter(foreign) {
            prop_assert!(!named_pods(&plan).contains(&&pod.uid));
        }
        for claim in world.claims.iter().filter(|claim| claim.owner == Ownership::Foreign) {
            let named = plan.actions.iter().any(|action| matches!(
                action, Action::OwnClaim { uid, .. } | Action::DeleteClaim { uid, .. } if *uid == claim.uid));
            prop_assert!(!named, "{plan:#?}");
        }
    }

    #[test]
    fn s15_a_paused_set_changes_nothing(world in worlds::absurd()) {
        let mut world = world;
        world.spec.paused = true;
        world.spec.deletion = None;
        let plan = world.plan();
        prop_assert!(!plan.acts() && !plan.needs_write());
        prop_assert!(!plan.is_idle());
    }
}

/// The names are published as they are now.
fn publish(world: &mut World) {
    for action in world.plan().actions {
        if matches!(action, Action::PublishNames { .. }) {
            world.apply(&action);
        }
    }
}

#[test]
fn s17_a_plan_at_the_goal_is_idle_and_one_that_writes_is_not() {
    let mut world = World::new(Spec { replicas: 2, ..Spec::default() });
    for ordinal in [0, 1] {
        world.put_pod(Ordinal(ordinal), Some(world.spec.update.clone()));
        world.make_ready(Ordinal(ordinal));
    }
    publish(&mut world);
    assert!(world.plan().is_idle());
    // A ticket is freed, and nothing else happens.
    world.tickets = vec![Ticket { ordinal: Ordinal(1), uid: PodUid::new("1.0") }];
    let plan = world.plan();
    assert!(plan.actions.is_empty() && plan.holds.is_empty() && plan.needs_write() && !plan.is_idle());
}

#[test]
fn names_are_published_again_when_services_or_ports_change() {
    let mut world = World::new(Spec::default());
    publish(&mut world);
    let publishes = |names_seed| {
        let plan = plan::plan(&world.spec.desired(), &Observed { names_seed, ..world.observed() });
        plan.actions.iter().any(|action| matches!(action, Action::PublishNames { .. }))
    };
    assert!(!publishes(0) && publishes(1));
}
