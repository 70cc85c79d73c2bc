//! What is searched: the fast ones with every test run, more for every change, most at night.

use super::config::{Config, Spec};
#[cfg(feature = "flaws")]
use super::flaw::Flaw;
use super::model::Faults;

/// A search ends here at night: more fingerprints than that need too much memory.
const NIGHTLY_STATES: u64 = 60_000_000;

const NONE: Faults = Faults { crash: 0, late: 0, lost: 0, flap: 0, fail: 0, vanish: 0, read: 0 };

/// Small ones, for every test run.
pub fn quick() -> Vec<Config> {
    let two = Spec::new(2);
    vec![
        Config::new("one-rollout", vec![two, two.on(2)]).alone().faults(Faults { crash: 1, late: 1, flap: 1, ..NONE }),
        Config::new("two-rollout", vec![two, two.on(2)]),
        Config::new("one-fresh-claims", vec![two, two.on(2)]).alone().claims().fresh(),
        Config::new("two-update-down-up", vec![two, two.on(2), two.on(2).scaled(1), two.on(2)]),
        Config::new("two-three-pets", vec![three(), three().on(2)]),
        Config::new("two-partition", vec![two, two.on(2).parted(1), two.on(2), two.on(1).parted(2), two.on(1)]),
        Config { broken: 2, ..Config::new("two-broken-reverted", vec![two, two.on(2), two.on(1)]) }
            .faults(Faults { crash: 1, ..NONE }),
        Config { stranger: Some(1), ..Config::new("two-stranger", vec![two, two.scaled(1), two]) }.fresh(),
    ]
}

/// For every change.
pub fn ci() -> Vec<Config> {
    let (two, three) = (Spec::new(2), three());
    let down_up = || vec![two, two.on(2), two.on(2).scaled(1), two.on(2)];
    let mut configs = quick();
    configs.extend([
        Config::new("one-faults", vec![three, three.on(2), three.scaled(1).on(2), three.on(1)])
            .alone()
            .faults(Faults { crash: 1, late: 1, lost: 1, flap: 1, fail: 1, ..NONE }),
        Config::new("two-down-up-late", down_up()).faults(Faults { late: 1, ..NONE }),
        Config::new("two-down-up-faults", down_up()).faults(Faults { crash: 1, late: 1, flap: 2, fail: 1, ..NONE }),
        Config::new("two-rollout-faults", vec![two, two.on(2)]).faults(Faults {
            crash: 2,
            late: 2,
            lost: 1,
            flap: 2,
            fail: 1,
            read: 1,
            ..NONE
        }),
        Config::new("two-three-down-up", vec![three, three.on(2), three.on(2).scaled(1), three.on(2), three])
            .faults(Faults { late: 1, flap: 1, ..NONE }),
        Config::new("two-parallel-down-up", down_up()).parallel().faults(Faults { late: 1, ..NONE }),
        Config::new("two-parallel-budget-2", vec![three.budget(2), three.budget(2).on(2), three.budget(1).on(2)])
            .parallel()
            .faults(Faults { flap: 1, ..NONE }),
        Config::new("two-partition-faults", vec![three, three.on(2).parted(2), three.on(2).parted(1), three.on(1)])
            .faults(Faults { late: 1, fail: 1, ..NONE }),
        Config { broken: 2, ..Config::new("two-three-broken", vec![three, three.on(2), three.on(3), three]) }
            .faults(Faults { flap: 1, late: 1, ..NONE }),
        Config::new("two-claims-retained", vec![two, two.scaled(1), two.on(2)]).claims().faults(Faults {
            vanish: 1,
            fail: 1,
            ..NONE
        }),
        Config::new("one-claims-fresh", vec![two, two.scaled(1), two.on(2)]).alone().claims().fresh().faults(Faults {
            fail: 1,
            late: 1,
            crash: 1,
            ..NONE
        }),
        Config::new("two-claims-fresh", vec![two, two.on(2)]).claims().fresh().faults(Faults {
            fail: 1,
            late: 1,
            ..NONE
        }),
        Config::new("two-claims-late", vec![two, two.scaled(1), two]).claims().faults(Faults {
            vanish: 1,
            fail: 1,
            late: 1,
            crash: 1,
            ..NONE
        }),
        Config { when_scaled: true, ..Config::new("one-claims-scaled", vec![two, two.scaled(1), two]) }
            .alone()
            .claims()
            .faults(Faults { crash: 1, lost: 1, ..NONE }),
        Config { when_scaled: true, ..Config::new("one-claims-scaled-late", vec![two, two.scaled(1), two]) }
            .alone()
            .claims()
            .faults(Faults { crash: 1, late: 1, ..NONE }),
        Config { when_scaled: true, ..Config::new("two-claims-scaled", vec![two, two.scaled(1), two]) }.claims(),
        Config { when_deleted: true, ..Config::new("one-deleted-anew", vec![two, two.deleted(), two.anew()]) }
            .alone()
            .claims()
            .faults(Faults { crash: 1, late: 1, fail: 1, ..NONE }),
        Config::new("two-deleted-anew", vec![two, two.on(2), two.deleted(), two.anew()]).faults(Faults {
            late: 1,
            flap: 1,
            ..NONE
        }),
        Config { when_scaled: true, ..Config::new("two-claims-scaled-late", vec![two, two.scaled(1), two]) }
            .claims()
            .faults(Faults { late: 1, fail: 1, crash: 1, ..NONE }),
        Config { when_deleted: true, ..Config::new("two-claims-deleted-anew", vec![two, two.deleted(), two.anew()]) }
            .claims()
            .faults(Faults { late: 1, fail: 1, crash: 1, ..NONE }),
        Config::new("two-orphaned-anew", vec![two, two.orphaned(), two.anew().on(2)]).faults(Faults {
            late: 1,
            fail: 1,
            ..NONE
        }),
    ]);
    configs.extend(views());
    configs.extend(late());
    configs
}

/// Lists that show one object after the other, and volumes that are bound before they are used.
fn views() -> Vec<Config> {
    let two = Spec::new(2);
    vec![
        Config::new("one-piecemeal", vec![two, two.on(2), two.on(2).scaled(1), two.on(2)])
            .alone()
            .piecemeal()
            .faults(Faults { crash: 1, late: 1, flap: 1, fail: 1, ..NONE }),
        Config { when_scaled: true, ..Config::new("one-piecemeal-claims", vec![two, two.scaled(1), two]) }
            .alone()
            .claims()
            .piecemeal()
            .faults(Faults { crash: 1, late: 1, fail: 1, vanish: 1, ..NONE }),
        Config { when_scaled: true, ..Config::new("two-piecemeal-claims", vec![two, two.scaled(1), two]) }
            .claims()
            .piecemeal(),
        Config {
            when_scaled: true,
            binds_before_use: true,
            ..Config::new("one-claims-bound-first", vec![two, two.scaled(1), two.on(2)])
        }
        .alone()
        .claims()
        .fresh()
        .faults(Faults { crash: 1, late: 1, fail: 1, vanish: 1, ..NONE }),
        Config { binds_before_use: true, ..Config::new("two-claims-bound-first", vec![two, two.on(2)]) }
            .claims()
            .fresh()
            .faults(Faults { late: 1, fail: 1, ..NONE }),
        Config::new("two-piecemeal", vec![two, two.on(2), two.on(2).scaled(1), two.on(2)]).piecemeal(),
    ]
}

/// Requests that create something and land after the world has moved on.
fn late() -> Vec<Config> {
    let two = Spec::new(2);
    vec![
        Config { when_scaled: true, ..Config::new("one-pod-made-late", vec![two, two.scaled(1), two]) }
            .alone()
            .claims()
            .faults(Faults { crash: 1, late: 1, fail: 1, ..NONE }),
        Config::new("one-claim-made-late", vec![two]).alone().claims().fresh().faults(Faults {
            vanish: 1,
            fail: 1,
            late: 1,
            ..NONE
        }),
        Config::new("two-claim-made-late", vec![two]).claims().fresh().faults(Faults {
            vanish: 1,
            fail: 1,
            late: 1,
            crash: 1,
            ..NONE
        }),
        Config::new("one-pod-of-a-gone-set", vec![two, two.deleted()]).alone().faults(Faults {
            late: 2,
            fail: 1,
            ..NONE
        }),
        Config::new("two-pod-of-an-earlier-life", vec![two, two.deleted(), two.anew()]).faults(Faults {
            late: 1,
            fail: 1,
            ..NONE
        }),
    ]
}

/// For the night.
pub fn nightly() -> Vec<Config> {
    let (two, three) = (Spec::new(2), three());
    let mut configs = ci();
    let long = vec![two, two.on(2), two.scaled(1).on(2), two.on(2), two.on(1), two.scaled(1), two.on(3)];
    configs.extend([
        Config::new("one-everything", vec![three, three.on(2), three.scaled(1).on(2), three.on(1)])
            .alone()
            .faults(Faults { crash: 2, late: 2, lost: 1, flap: 1, fail: 1, read: 1, ..NONE }),
        Config::new("two-three-everything", vec![three, three.on(2), three.on(2).scaled(1), three.on(2), three])
            .faults(Faults { crash: 1, late: 1, lost: 1, flap: 1, fail: 1, ..NONE }),
        Config::new("two-three-parallel", vec![three, three.on(2), three.on(2).scaled(1), three.on(2)])
            .parallel()
            .faults(Faults { late: 1, flap: 1, ..NONE }),
        Config::new("two-long-script", long).faults(Faults { crash: 1, late: 2, flap: 1, ..NONE }),
        Config::new("two-claims-faults", vec![two, two.scaled(1), two.on(2)]).claims().faults(Faults {
            vanish: 1,
            fail: 1,
            late: 1,
            crash: 1,
            flap: 1,
            ..NONE
        }),
    ]);
    for config in &mut configs {
        config.max_states = NIGHTLY_STATES;
    }
    configs
}

fn three() -> Spec {
    Spec::new(3)
}

/// The search that must find this mistake.
#[cfg(feature = "flaws")]
pub fn flawed(flaw: Flaw) -> Config {
    let two = Spec::new(2);
    let rollout = vec![two, two.on(2)];
    let down_up = vec![two, two.on(2), two.on(2).scaled(1), two.on(2)];
    let config = match flaw {
        Flaw::NoUid => {
            Config { controllers: 1, faults: Faults { crash: 1, late: 1, ..NONE }, ..Config::new("", rollout) }
        }
        Flaw::NoTicket | Flaw::NoSwap | Flaw::IgnoresConflict => Config::new("", rollout),
        Flaw::EarlyFree | Flaw::NaiveTicket => Config::new("", down_up),
        Flaw::StaleList => Config {
            faults: Faults { flap: 1, ..NONE },
            ..Config::new("", vec![Spec::new(3), Spec::new(3).on(2), Spec::new(2).on(2), Spec::new(3).on(3)])
        },
        Flaw::NoVersion => Config { faults: Faults { flap: 1, ..NONE }, ..Config::new("", rollout) },
        Flaw::ErrorIsAbsence => {
            Config { controllers: 1, faults: Faults { read: 1, ..NONE }, ..Config::new("", rollout) }
        }
        Flaw::SkipsReadiness => Config { controllers: 1, settled: false, ..Config::new("", rollout) },
        Flaw::WrongOrder => Config { controllers: 1, ..Config::new("", vec![Spec::new(3), Spec::new(1)]) },
        Flaw::DeletesClaims => Config { controllers: 1, claims: true, ..Config::new("", vec![two, two.scaled(1)]) },
        Flaw::ForgetsPartition => Config {
            controllers: 1,
            faults: Faults { fail: 1, ..NONE },
            ..Config::new("", vec![two, two.on(2).parted(1)])
        },
        Flaw::ForgetsStarted => Config {
            controllers: 1,
            claims: true,
            faults: Faults { vanish: 1, fail: 1, ..NONE },
            ..Config::new("", vec![two])
        },
        Flaw::TakesStrangers => {
            Config { controllers: 1, stranger: Some(1), ..Config::new("", vec![two, two.scaled(1)]) }
        }
        Flaw::AnyClaim => Config {
            controllers: 1,
            claims: true,
            settled: false,
            faults: Faults { vanish: 1, fail: 1, late: 1, ..NONE },
            ..Config::new("", vec![two])
        },
        Flaw::KeepsDoomed => Config {
            controllers: 1,
            claims: true,
            when_scaled: true,
            faults: Faults { fail: 1, late: 1, ..NONE },
            ..Config::new("", vec![two, two.scaled(1), two])
        },
        Flaw::LeavesLeftovers => Config {
            controllers: 1,
            faults: Faults { fail: 1, late: 1, ..NONE },
            ..Config::new("", vec![two, two.deleted(), two.anew()])
        },
        Flaw::TakesTaken => Config::new("", vec![two, two.orphaned(), two.anew()]),
        Flaw::FreshNames => Config { settled: false, ..Config::new("", vec![two]) },
        Flaw::NamesAnotherPod | Flaw::ComparesTemplates | Flaw::NoisyStatus => Config::new("", rollout).alone(),
        Flaw::NamesAnotherVersion => Config { broken: 2, ..Config::new("", vec![two, two.on(2), two]) }.alone(),
        Flaw::NamesAnotherClaim | Flaw::KeepsClaimsOfScaled | Flaw::GivesClaimsAway => {
            Config { when_scaled: true, ..Config::new("", vec![two, two.scaled(1)]) }.alone().claims()
        }
        Flaw::KeepsClaimsOfDeleted => {
            Config { when_deleted: true, ..Config::new("", vec![two, two.deleted()]) }.alone().claims()
        }
        Flaw::NamesAnotherTemplate => Config::new("", vec![two]).alone().claims().fresh(),
        Flaw::CreatesTwice => Config::new("", vec![two]).alone().fresh(),
        Flaw::OldBudget => {
            let three = three();
            Config::new("", vec![three.budget(2), three.budget(1), three.budget(1).on(2)]).alone().parallel()
        }
        Flaw::WaitsForReadiness => Config { controllers: 1, broken: 2, ..Config::new("", vec![two, two.on(2), two]) },
    };
    Config { name: flaw.name(), flaw: Some(flaw), recovery: ["L2", "S17"].contains(&flaw.breaks()), ..config }
}
