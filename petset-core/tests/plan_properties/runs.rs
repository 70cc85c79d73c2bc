//! Properties of runs: whatever happened before, and whatever the tickets say, the declaration is reached and kept.

use petset_core::plan::{Action, Ownership, Strategy as Update};
use petset_core::store::Cascade;
use petset_core::{Ordinal, RevisionName};
use proptest::prelude::*;

use crate::common::World;
use crate::facts::{budget, is_goal};
use crate::trace::{Event, Run, events};
use crate::{config, worlds};

/// B(N) of L1: at most so many passes lead to the goal when everybody does their part. A wanted pet costs at most a
/// deletion or its claims, a creation, a publication of its name, and a wait for `minReadySeconds`; a pod that is not
/// wanted an adoption and its end; and the set as a whole a few passes for owners, pauses and the last look.
fn bound(world: &World) -> usize {
    4 * world.spec.replicas as usize + 2 * world.pods.len() + 8
}

/// c of S18: at most so many writes to the runtime on the way.
fn most_writes(world: &World) -> usize {
    let claims = world.spec.templates.len() + 1;
    (4 + 2 * claims) * (world.spec.replicas as usize + world.pods.len()) + 2 * world.claims.len() + 8
}

fn heal(run: &mut Run, broken: &[RevisionName]) -> Result<(), TestCaseError> {
    let (most, writes) = (bound(&run.world), most_writes(&run.world));
    let first = run.writes;
    let took = run.heal(broken, most);
    prop_assert!(took <= most, "L1: not in {most} passes: {:#?}\n{:#?}", run.world.plan(), run.world);
    let wrote = run.writes - first;
    prop_assert!(wrote <= writes, "S18: {wrote} writes, {writes} allowed");
    Ok(())
}

fn reaches_the_goal(run: &mut Run, broken: &[RevisionName]) -> Result<(), TestCaseError> {
    heal(run, broken)?;
    prop_assert!(is_goal(&run.world), "not the goal: {:#?}\n{:#?}", run.world.plan(), run.world);
    stays(run)
}

/// S17: at the goal nothing is ever written again.
fn stays(run: &mut Run) -> Result<(), TestCaseError> {
    let status = {
        run.pass();
        run.world.status.clone()
    };
    for _ in 0..20 {
        let plan = run.world.plan();
        prop_assert!(plan.actions.is_empty() && !plan.needs_write(), "{plan:#?}");
        run.pass();
        prop_assert_eq!(&run.world.status, &status, "the status is written only if it says something new");
        run.world.now = run.world.now.after(std::time::Duration::from_secs(3600));
    }
    prop_assert!(run.broken.is_empty(), "{:#?}", run.broken);
    Ok(())
}

/// Nothing but what a set that was declared once and grew by itself can have.
fn fresh() -> impl Strategy<Value = World> {
    worlds::living().prop_map(|world| {
        let spec = first_declaration(&world);
        World::new(spec)
    })
}

fn first_declaration(world: &World) -> crate::common::Spec {
    let first = RevisionName::new("A");
    crate::common::Spec { current: first.clone(), update: first, ..world.spec.clone() }
}

/// What the declaration speaks of: each pet with its revision, and whether it is ready.
fn pets(world: &World) -> Vec<(Ordinal, Option<RevisionName>, bool)> {
    let ours = world.pods.iter().filter(|pod| pod.owner == Ownership::Ours);
    ours.map(|pod| (pod.ordinal, pod.revision.clone(), pod.ready_since.is_some())).collect()
}

proptest! {
    #![proptest_config(config(600))]

    /// From any world, with any tickets, pauses and strangers in it.
    #[test]
    fn l1_every_world_converges_and_stays(world in worlds::living()) {
        let mut run = Run::new(world);
        reaches_the_goal(&mut run, &[])?;
    }

    /// From any history with changes of the declaration, lost pods and a second controller in it; S8, S9, S10 and S11
    /// hold at every step of it.
    #[test]
    fn l1_s8_s9_s10_s11_every_history_converges(world in fresh(), history in events(60)) {
        let mut run = Run::new(world);
        for event in &history {
            run.happen(event);
            prop_assert!(run.broken.is_empty(), "{:#?}", run.broken);
        }
        reaches_the_goal(&mut run, &[])?;
    }

    /// As before, from worlds that no history of ours leads to.
    #[test]
    fn l1_s8_s9_s10_s11_every_history_of_any_world_converges(world in worlds::living(), history in events(40)) {
        let mut run = Run::new(world);
        for event in &history {
            run.happen(event);
            prop_assert!(run.broken.is_empty(), "{:#?}", run.broken);
        }
        reaches_the_goal(&mut run, &[])?;
    }

    /// A template that is never ready is reverted after any number of passes: the set heals, ordered or not.
    #[test]
    fn l2_a_never_ready_template_that_is_reverted_heals(world in fresh(), passes in 0..40_usize) {
        let broken = [RevisionName::new("B")];
        let mut run = Run::new(world);
        run.world.spec.strategy = match run.world.spec.strategy {
            Update::RollingUpdate { max_unavailable, .. } => Update::RollingUpdate { partition: 0, max_unavailable },
            Update::OnDelete => Update::RollingUpdate { partition: 0, max_unavailable: 1 },
        };
        reaches_the_goal(&mut run, &broken)?;
        run.world.spec.update = RevisionName::new("B");
        run.heal(&broken, passes);
        run.world.spec.update = RevisionName::new("A");
        reaches_the_goal(&mut run, &broken)?;
        prop_assert!(run.world.pods.iter().all(|pod| pod.revision == Some(RevisionName::new("A"))));
    }

    /// While the broken template is there, it costs no more pets than the budget allows.
    #[test]
    fn s10_a_never_ready_template_stays_within_the_budget(world in fresh()) {
        let broken = [RevisionName::new("B")];
        let mut run = Run::new(world);
        reaches_the_goal(&mut run, &broken)?;
        run.world.spec.update = RevisionName::new("B");
        run.heal(&broken, 200);
        let down = run.world.pods.iter().filter(|pod| pod.ready_since.is_none()).count() as u64
            + u64::from(run.world.spec.replicas) - run.world.pods.len() as u64;
        prop_assert!(down <= budget(&run.world), "{down}");
        prop_assert!(run.broken.is_empty(), "{:#?}", run.broken);
    }

    /// A, then B for a while, then A again ends where A alone does. (With a partition the past shows: kubernetes#91676.)
    #[test]
    fn l5_a_b_a_is_a(world in fresh(), history in events(40)) {
        let mut alone = Run::new(world);
        alone.world.spec.strategy = Update::RollingUpdate { partition: 0, max_unavailable: 1 };
        reaches_the_goal(&mut alone, &[])?;
        let mut detour = alone.clone();
        let replicas = detour.world.spec.replicas;
        for event in &history {
            detour.happen(event);
        }
        detour.world.spec = alone.world.spec.clone();
        detour.world.spec.current = detour.world.status.current_revision.clone().unwrap_or(RevisionName::new("A"));
        prop_assert_eq!(detour.world.spec.replicas, replicas);
        reaches_the_goal(&mut detour, &[])?;
        prop_assert_eq!(pets(&detour.world), pets(&alone.world));
    }

    /// A set is torn down in order and forgotten, whatever was going on.
    #[test]
    fn s9_l1_teardown_is_ordered_and_ends(world in fresh(), history in events(40)) {
        let mut run = Run::new(world);
        for event in &history {
            run.happen(event);
        }
        run.world.spec.deletion = Some(Cascade::Ordered);
        heal(&mut run, &[])?;
        prop_assert!(run.world.removed && run.world.withdrawn, "{:#?}", run.world.plan());
        prop_assert!(run.world.pods.iter().all(|pod| pod.owner != Ownership::Ours));
        prop_assert!(run.broken.is_empty(), "{:#?}", run.broken);
        let kept = run.world.spec.when_deleted || run.world.claims.iter().all(|claim| claim.owner != Ownership::Ours);
        prop_assert!(kept, "S6: nobody's claims are in the name of nobody");
    }

    /// Orphaning ends nothing.
    #[test]
    fn orphaning_ends_no_pod(world in fresh(), history in events(30)) {
        let mut run = Run::new(world);
        for event in &history {
            run.happen(event);
        }
        run.world.spec.deletion = Some(Cascade::Orphan);
        let standing = run.world.pods.iter().filter(|pod| !pod.terminating).count();
        let plan = run.world.plan();
        let ends = |action: &Action| matches!(action, Action::DeletePod { .. } | Action::DeleteClaim { .. });
        prop_assert!(!plan.actions.iter().any(ends), "{plan:#?}");
        heal(&mut run, &[])?;
        prop_assert!(run.world.removed);
        prop_assert_eq!(run.world.pods.len(), standing);
    }

    /// S19: the passes of a run may be anybody's. Forgetting what is only memory (pauses, what was published) at every
    /// step changes nothing about where it ends.
    #[test]
    fn s19_nothing_that_matters_is_remembered(world in fresh(), history in events(40)) {
        let mut run = Run::new(world);
        for event in &history {
            run.world.retries.clear();
            run.world.lapses.clear();
            run.world.published = None;
            run.happen(event);
            prop_assert!(run.broken.is_empty(), "{:#?}", run.broken);
        }
        reaches_the_goal(&mut run, &[])?;
    }

    /// A pass that is told twice, or whose reply was lost, does nothing twice.
    #[test]
    fn s1_a_repeated_plan_changes_nothing_more(world in fresh(), history in events(40)) {
        let mut run = Run::new(world);
        for event in &history {
            run.happen(event);
        }
        let plan = run.world.plan();
        run.world.write(&plan);
        for action in &plan.actions {
            run.world.apply(action);
        }
        let once = format!("{:?}{:?}", run.world.pods, run.world.claims);
        for action in plan.actions.iter().filter(|action| !matches!(action,
            Action::AdoptPod { .. } | Action::ReleasePod { .. } | Action::OwnClaim { .. } | Action::DeleteClaim { .. })) {
            run.world.apply(action);
        }
        prop_assert_eq!(format!("{:?}{:?}", run.world.pods, run.world.claims), once);
    }

    /// Two controllers take turns at random with views of any age. A history of looks and acts alone.
    #[test]
    fn s10_budget_two_controllers(world in fresh(), turns in proptest::collection::vec(0..6_u8, 0..80)) {
        let mut run = Run::new(world);
        reaches_the_goal(&mut run, &[])?;
        run.world.spec.update = RevisionName::new("B");
        for turn in turns {
            run.happen(match turn {
                0 => &Event::Look,
                1 => &Event::Act,
                2 => &Event::Gone,
                3 => &Event::Time(5),
                _ => &Event::Pass,
            });
            if turn == 5 {
                run.cooperate(&[]);
            }
            prop_assert!(run.broken.is_empty(), "{:#?}", run.broken);
        }
        reaches_the_goal(&mut run, &[])?;
    }
}
