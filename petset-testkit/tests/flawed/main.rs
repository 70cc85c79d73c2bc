//! Every case can fail: fakes that are wrong in one way each, and the case that tells.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a flaw shows in one place, and everywhere else all is as it should be"
)]

#[path = "../common/mod.rs"]
mod common;
mod flaw;
mod names;
mod pods;
mod store;
mod volumes;

use std::collections::BTreeSet;
use std::sync::Arc;

use petset_testkit::conformance::{self, Case, Part, Subject, Verdict, cases};
use petset_testkit::{Check, FakeWorld};

use flaw::Flaw;
use names::FlawedNames;
use pods::FlawedPods;
use store::FlawedStore;
use volumes::FlawedVolumes;

fn flawed(flaw: Flaw, world: &FakeWorld, later: bool) -> Subject {
    // Here the suite is to tell, and not the world.
    world.permit(Check::AtMostOne);
    world.permit(Check::NoForce);
    Subject::new()
        .pods(Arc::new(FlawedPods::new(flaw, world, later)))
        .volumes(Arc::new(FlawedVolumes::new(flaw, world, later)))
        .names(Arc::new(FlawedNames::new(flaw, world)))
        .store(Arc::new(FlawedStore::new(flaw, world, later)))
}

fn case(part: Part, name: &str) -> Case {
    let found = cases().into_iter().find(|case| case.part() == part && case.name() == name);
    found.unwrap_or_else(|| panic!("there is no case {name} of {part:?}"))
}

fn each_is_told(part: Part) {
    let mut missed = Vec::new();
    for (flaw, of, name) in Flaw::ALL.iter().filter(|(_, of, _)| *of == part) {
        let verdict = conformance::judge(case(*of, name), {
            let flaw = *flaw;
            move || async move { Ok(common::subject(move |world, later| flawed(flaw, world, later))) }
        });
        match verdict {
            Verdict::Failed(why) if !why.starts_with("it could not be tidied up") => {}
            other => missed.push(format!("{name} tells nothing of {flaw:?}: {other:?}")),
        }
        let sound = conformance::judge(case(*of, name), || async { Ok(common::subject(common::honest)) });
        if let Verdict::Failed(why) = sound {
            missed.push(format!("{name} fails without a flaw: {why}"));
        }
    }
    assert!(missed.is_empty(), "{}", missed.join("\n"));
}

#[test]
fn flawed_pods_are_told() {
    each_is_told(Part::Pods);
}

#[test]
fn flawed_volumes_are_told() {
    each_is_told(Part::Volumes);
}

#[test]
fn flawed_names_are_told() {
    each_is_told(Part::Names);
}

#[test]
fn flawed_stores_are_told() {
    each_is_told(Part::Store);
}

#[test]
fn every_bullet_has_a_flaw() {
    let told: BTreeSet<_> = Flaw::ALL.iter().map(|(_, part, name)| (*part, case(*part, name).bullet())).collect();
    let untold: Vec<_> =
        cases().iter().map(|case| (case.part(), case.bullet())).filter(|it| !told.contains(it)).collect();
    assert!(untold.is_empty(), "{untold:?}");
}
