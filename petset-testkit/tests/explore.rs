//! The exhaustive search in its smallest size, and the seeded mistakes that it must find.

use petset_testkit::explore::{self, Flaw};

#[test]
fn s1_to_s12_l2_every_small_world_is_safe_and_recovers() {
    for config in explore::quick() {
        let report = explore::explore(&config, 2);
        assert!(report.complete && report.found.is_none(), "{report}\n{:#?}", report.found);
    }
}

#[test]
fn every_seeded_mistake_is_found() {
    for flaw in Flaw::ALL.iter().copied() {
        let report = explore::explore(&explore::flawed(flaw), 2);
        let found = report.found.as_ref().map(|found| found.promise);
        assert_eq!(found, Some(flaw.breaks()), "{report}");
    }
}

#[test]
fn counts_do_not_depend_on_the_number_of_threads() {
    let config = &explore::quick()[0];
    let [one, three] = [1, 3].map(|threads| explore::explore(config, threads));
    assert_eq!((one.states, one.transitions, one.depth), (three.states, three.transitions, three.depth));
}
