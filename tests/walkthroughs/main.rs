//! What a person must be able to do, end to end: real processes, real volumes, real DNS, on this machine; with the
//! feature `docker` also real containers of its engine, in the trials whose names begin with `docker_`.
//!
//! `cargo test --test walkthroughs` runs the CI size, `PETSET_FULL=1` the full one; `PETSET_SEED=<n>` replays what is
//! drawn by chance; `PETSET_REQUIRE_DOCKER=1` makes it an error that no engine answers. This program is also what the pets run (`pet`) and the controller that is killed (`controller`).

#![expect(clippy::print_stderr, reason = "a test says what it skips, and its seed")]

#[path = "../../examples/quickstart/client.rs"]
mod client;
#[path = "../../examples/quickstart/pet.rs"]
mod pet;

mod condition;
#[cfg(feature = "docker")]
mod docker;
mod kills;
mod local;
mod machine;
mod manifests;
mod observer;
mod place;
mod trouble;
mod w01_identity;
mod w02_peers;
mod w03_scaling;
mod w04_upgrade;
mod w05_deletion;
mod w06_pause;
mod w08_pair;
mod w09_parallel;
mod w10_two_controllers;

use std::path::PathBuf;
use std::process::ExitCode;

use libtest_mimic::{Arguments, Failed, Trial};
use place::On;

type Error = Box<dyn std::error::Error + Send + Sync>;

/// Fails the test with a sentence.
#[macro_export]
macro_rules! ensure {
    ($holds:expr, $($text:tt)+) => {
        if !$holds {
            return Err(format!($($text)+).into());
        }
    };
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    match arguments.get(1).map(String::as_str) {
        Some("pet") => child(pet::run(PathBuf::from(&arguments[2]), arguments[3].parse().expect("a port"))),
        Some("controller") => child(kills::control(PathBuf::from(&arguments[2]))),
        _ => libtest_mimic::run(&Arguments::from_args(), trials()).exit_code(),
    }
}

fn child<E: std::fmt::Display>(run: impl Future<Output = Result<(), E>>) -> ExitCode {
    match runtime().block_on(run) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime can be made")
}

/// A test on one backend; where that cannot run it says so and passes, unless it must run.
fn trial<F: Future<Output = Result<(), Error>> + 'static>(
    on: On,
    name: &str,
    run: impl FnOnce() -> F + Send + 'static,
) -> Trial {
    let name = format!("{}{name}", on.prefix());
    Trial::test(name.clone(), move || {
        let result = runtime().block_on(async {
            match on.cannot_run().await {
                Some(why) if on.is_required() => Err(why.into()),
                Some(why) => {
                    eprintln!("{name}: SKIPPED: {why}");
                    Ok(())
                }
                None => run().await,
            }
        });
        result.map_err(|error| Failed::from(error.to_string()))
    })
}

fn trials() -> Vec<Trial> {
    let mut trials = walkthroughs(On::Local);
    trials.extend(local_trials());
    #[cfg(feature = "docker")]
    {
        trials.extend(walkthroughs(On::Docker));
        trials.extend(docker::trials());
    }
    trials
}

/// What every backend does.
fn walkthroughs(on: On) -> Vec<Trial> {
    vec![
        trial(on, "w1_identity", move || w01_identity::run(on)),
        trial(on, "w2_peers", move || w02_peers::run(on)),
        trial(on, "w3_scaling_s8_s9", move || w03_scaling::run(on)),
        trial(on, "w4_upgrade_on_delete", move || w04_upgrade::on_delete(on)),
        trial(on, "w4_upgrade_partition_s11", move || w04_upgrade::partition(on)),
        trial(on, "w4_upgrade_broken_template_heals_l2", move || w04_upgrade::broken_template(on)),
        trial(on, "w5_deletion_ordered_s9", move || w05_deletion::ordered(on)),
        trial(on, "w5_deletion_orphan_and_adoption", move || w05_deletion::orphan(on)),
        trial(on, "w5_deletion_of_a_claim_in_use_waits", move || w05_deletion::claim_in_use(on)),
        trial(on, "w6_pause", move || w06_pause::run(on)),
        trial(on, "w8_pair_on_a_static_pool_s5", move || w08_pair::run(on)),
        trial(on, "w9_parallel", move || w09_parallel::run(on)),
        trial(on, "w10_two_controllers_s14", move || w10_two_controllers::run(on)),
    ]
}

fn local_trials() -> Vec<Trial> {
    vec![
        trial(On::Local, "s1_s19_controller_killed_at_random_moments", kills::run),
        trial(On::Local, "trouble_full_disk", trouble::full_disk),
        trial(On::Local, "trouble_read_only_root", trouble::read_only_root),
        trial(On::Local, "trouble_missing_binary", trouble::missing_binary),
        trial(On::Local, "trouble_no_permission", trouble::no_permission),
        trial(On::Local, "trouble_port_in_use", trouble::port_in_use),
        trial(On::Local, "bad_input_is_refused_by_field_and_changes_nothing", trouble::bad_input),
    ]
}
