//! The simulation in its smallest size, and the seeded mistakes that it must find.

#![cfg(feature = "simulate")]

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

/// But for the one that needs a thousand seeds and more: `scripts/simulate flaws` finds all of them.
#[test]
fn seeded_mistakes_are_found() {
    for flaw in Flaw::ALL.into_iter().filter(|flaw| *flaw != Flaw::ForgottenSets) {
        assert!(sizes::find(flaw, 100).is_some(), "{flaw} is not found");
    }
}
