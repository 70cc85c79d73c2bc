//! What a person must be able to do, end to end: real processes, real volumes, real DNS, on this machine.
//!
//! `cargo test --test walkthroughs` runs the CI size, `PETSET_FULL=1` the full one; `PETSET_SEED=<n>` replays what is
//! drawn by chance. This program is also what the pets run (`pet`) and the controller that is killed (`controller`).

#![expect(clippy::print_stderr, reason = "a test says what it skips, and its seed")]

#[path = "../../examples/quickstart/client.rs"]
mod client;
#[path = "../../examples/quickstart/pet.rs"]
mod pet;

mod kills;
mod machine;
mod observer;
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

/// A test that needs pods with a view of their own; where the machine has none it says so and passes.
fn trial<F: Future<Output = Result<(), Error>> + 'static>(name: &'static str, run: fn() -> F) -> Trial {
    Trial::test(name, move || {
        let result = runtime().block_on(async {
            match machine::cannot_run().await {
                Some(why) => {
                    eprintln!("{name}: skipped: {why}");
                    Ok(())
                }
                None => run().await,
            }
        });
        result.map_err(|error| Failed::from(error.to_string()))
    })
}

fn trials() -> Vec<Trial> {
    vec![
        trial("w1_identity", w01_identity::run),
        trial("w2_peers", w02_peers::run),
        trial("w3_scaling_s8_s9", w03_scaling::run),
        trial("w4_upgrade_on_delete", w04_upgrade::on_delete),
        trial("w4_upgrade_partition_s11", w04_upgrade::partition),
        trial("w4_upgrade_broken_template_heals_l2", w04_upgrade::broken_template),
        trial("w5_deletion_ordered_s9", w05_deletion::ordered),
        trial("w5_deletion_orphan_and_adoption", w05_deletion::orphan),
        trial("w5_deletion_of_a_claim_in_use_waits", w05_deletion::claim_in_use),
        trial("w6_pause", w06_pause::run),
        trial("w8_pair_on_a_static_pool_s5", w08_pair::run),
        trial("w9_parallel", w09_parallel::run),
        trial("w10_two_controllers_s14", w10_two_controllers::run),
        trial("s1_s19_controller_killed_at_random_moments", kills::run),
        trial("trouble_full_disk", trouble::full_disk),
        trial("trouble_read_only_root", trouble::read_only_root),
        trial("trouble_missing_binary", trouble::missing_binary),
        trial("trouble_no_permission", trouble::no_permission),
        trial("trouble_port_in_use", trouble::port_in_use),
        trial("bad_input_is_refused_by_field_and_changes_nothing", trouble::bad_input),
    ]
}
