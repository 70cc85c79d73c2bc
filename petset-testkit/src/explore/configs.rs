//! What is searched: the fast ones with every test run, more for every change, most at night.

use super::config::{Config, Spec};
use super::flaw::Flaw;
use super::model::Faults;

const NONE: Faults = Faults { crash: 0, late: 0, lost: 0, flap: 0, fail: 0, vanish: 0, read: 0 };

/// Small ones, for every test run.
pub fn quick() -> Vec<Config> {
    let two = Spec::new(2);
    vec![
        Config {
            controllers: 1,
            faults: Faults { crash: 1, late: 1, flap: 1, ..NONE },
            ..Config::new("one-rollout", vec![two, two.on(2)])
        },
        Config::new("two-rollout", vec![two, two.on(2)]),
        Config {
            settled: false,
            claims: true,
            controllers: 1,
            ..Config::new("one-fresh-claims", vec![two, two.on(2)])
        },
    ]
}

/// For every change.
pub fn ci() -> Vec<Config> {
    let two = Spec::new(2);
    let three = Spec::new(3);
    let mut configs = quick();
    configs.extend([
        Config {
            controllers: 1,
            faults: Faults { crash: 1, late: 1, flap: 1, ..NONE },
            ..Config::new("one-faults", vec![three, three.on(2), three.scaled(1).on(2), three.on(1)])
        },
        Config::new("two-update-down-up", vec![two, two.on(2), two.on(2).scaled(1), two.on(2)]),
        Config {
            faults: Faults { late: 1, ..NONE },
            ..Config::new("two-update-down-up-late", vec![two, two.on(2), two.on(2).scaled(1), two.on(2)])
        },
        Config {
            faults: Faults { crash: 1, late: 1, flap: 1, ..NONE },
            ..Config::new("two-rollout-faults", vec![two, two.on(2)])
        },
        Config::new("two-three-pets", vec![three, three.on(2)]),
        Config {
            ordered: false,
            ..Config::new("two-parallel-budget-2", vec![three.budget(2), three.budget(2).on(2), three.budget(1).on(2)])
        },
        Config {
            ordered: false,
            ..Config::new("two-parallel-down-up", vec![two, two.on(2), two.scaled(1).on(2), two.on(2)])
        },
        Config::new("two-partition", vec![two, two.on(2).parted(1), two.on(2), two.on(1).parted(2), two.on(1)]),
        Config {
            broken: 2,
            faults: Faults { crash: 1, ..NONE },
            ..Config::new("two-broken-reverted", vec![two, two.on(2), two.on(1)])
        },
        Config {
            claims: true,
            faults: Faults { vanish: 1, fail: 1, ..NONE },
            ..Config::new("two-claims-retained", vec![two, two.scaled(1), two])
        },
        Config {
            claims: true,
            when_scaled: true,
            controllers: 1,
            faults: Faults { crash: 1, lost: 1, ..NONE },
            ..Config::new("one-claims-deleted", vec![two, two.scaled(1), two])
        },
        Config {
            controllers: 1,
            claims: true,
            when_deleted: true,
            faults: Faults { crash: 1, late: 1, ..NONE },
            ..Config::new("one-deleted-anew", vec![two, two.deleted(), two.anew()])
        },
        Config { strays: true, ..Config::new("two-deleted-anew", vec![two, two.deleted(), two.anew()]) },
        Config { stranger: Some(1), settled: false, ..Config::new("two-stranger", vec![two, two.scaled(1), two]) },
    ]);
    configs
}

/// For the night.
pub fn nightly() -> Vec<Config> {
    ci()
}

/// The search that must find this mistake.
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
        Flaw::FreshNames => Config { settled: false, ..Config::new("", vec![two]) },
        Flaw::WaitsForReadiness => Config { controllers: 1, broken: 2, ..Config::new("", vec![two, two.on(2), two]) },
    };
    Config { name: flaw.name(), flaw: Some(flaw), recovery: flaw == Flaw::WaitsForReadiness, ..config }
}
