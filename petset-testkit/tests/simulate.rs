//! The simulation in its smallest size, and the seeded mistakes that it must find.

use std::collections::BTreeSet;

use petset_core::store::Cascade;
use petset_testkit::fixtures::set;
use petset_testkit::simulate::{Flaw, Plan, Run, Scenario, scenarios, sizes};

fn expect_sound(runs: &[Run]) {
    let tally = sizes::all(runs, 2);
    if let Some(run) = tally.failures.first() {
        let outcome = run.go(true);
        panic!("{:?}\n{}\n{}\nagain: {}", outcome.broken, run.plan, outcome.trace.join("\n"), run.command());
    }
}

#[test]
fn l1_s17_every_scenario_reaches_its_goal_and_rests() {
    let quiet = |scenario| Run::new(scenario, Plan::Quiet);
    expect_sound(&scenarios::all().into_iter().map(quiet).collect::<Vec<_>>());
}

#[test]
fn s1_to_s12_l1_every_single_fault_on_the_way_of_one_pet_is_survived() {
    let scenario = Scenario::new("one-pet", "a pet comes up").declare(set("web").replicas(1).claim("www"));
    expect_sound(&sizes::singles(&scenario));
}

#[test]
fn s1_to_s12_l1_a_few_seeds_are_survived() {
    expect_sound(&sizes::seeds(0..30));
}

#[test]
fn the_same_seed_gives_the_same_trace() {
    for run in sizes::seeds(0..10) {
        assert_eq!(run.go(false).hash, run.go(true).hash, "{}", run.command());
    }
}

/// But for those that need many seeds and have a scenario of their own below: `scripts/simulate flaws` finds all of them.
#[test]
fn seeded_mistakes_are_found() {
    let have_their_own = [Flaw::ForgottenSets, Flaw::FreshNames, Flaw::NoisyStatus, Flaw::OldBudget, Flaw::StaleList];
    for flaw in Flaw::ALL.iter().copied().filter(|flaw| !have_their_own.contains(flaw)) {
        assert!(sizes::find(flaw, 300).is_some(), "{flaw} is not found");
    }
}

/// The promises that some of these runs breaks with the mistake; without it none breaks any.
fn broken_by(flaw: Flaw, runs: &[Run]) -> BTreeSet<&'static str> {
    expect_sound(runs);
    let flawed = runs.iter().map(|run| Run { flaw: Some(flaw), ..run.clone() }.go(false));
    flawed.filter_map(|outcome| outcome.broken).map(|broken| broken.promise).collect()
}

#[test]
fn s1_a_runtime_that_refuses_no_name_is_found() {
    let scenario = Scenario::new("fresh-names", "two controllers make one pet").controllers(2).declare(set("web"));
    let runs: Vec<Run> = (0..20).map(|seed| Run { seed, ..Run::new(scenario.clone(), Plan::Quiet) }).collect();
    let broken = broken_by(Flaw::FreshNames, &runs);
    assert!(broken.contains("S1"), "{broken:?}");
}

#[test]
fn s8_a_list_that_is_older_than_its_question_is_found() {
    let scenario = Scenario::new("stale-list", "a pet falls ill while the next ones are to come")
        .declare(set("web").replicas(1))
        .goal()
        .flap("web", 0)
        .scale("web", 3);
    let broken = broken_by(Flaw::StaleList, &sizes::singles(&scenario));
    assert!(broken.contains("S8"), "{broken:?}");
}

#[test]
fn s10_a_budget_that_was_lowered_counts_from_then_on() {
    let scenario = Scenario::new("old-budget", "the budget is lowered before a rollout")
        .declare(set("web").parallel().max_unavailable(2))
        .goal()
        .declare(set("web").parallel().max_unavailable(1))
        .goal()
        .image("web", "two:1");
    assert_eq!(broken_by(Flaw::OldBudget, &[Run::new(scenario, Plan::Quiet)]), BTreeSet::from(["S10"]));
}

#[test]
fn s17_a_status_that_every_pass_writes_is_found() {
    let scenario = Scenario::new("noisy-status", "a pet comes up").declare(set("web").replicas(1));
    assert_eq!(broken_by(Flaw::NoisyStatus, &[Run::new(scenario, Plan::Quiet)]), BTreeSet::from(["S17"]));
}

#[test]
fn l2_a_store_that_forgets_sets_is_found() {
    let scenario = Scenario::new("forgotten-sets", "a set is gone before its pod comes")
        .declare(set("web").replicas(1))
        .wait(1)
        .delete("web", Cascade::Ordered);
    let broken = broken_by(Flaw::ForgottenSets, &sizes::singles(&scenario));
    assert!(broken.contains("L1"), "{broken:?}");
}
