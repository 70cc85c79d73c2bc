//! Engines that are killed, controllers that are killed, wires that are cut, at random moments of a story of scaling and
//! updates. The volumes are the witnesses: every pet takes a lock in its volume, and writes down whom it finds there.
//!
//! `cargo test -p petset-docker --test faults` runs the CI size, `PETSET_FULL=1` the full one; `PETSET_SEED=<n>` draws
//! the same moments again. Each test has an engine of its own, for which it needs root and `dockerd`;
//! `PETSET_REQUIRE_DOCKER=1` makes it an error that there can be none. This program is also the controller that is killed.

#![expect(clippy::print_stderr, reason = "a test says what it skips, and its seed")]

#[path = "../common/engine.rs"]
#[expect(dead_code, reason = "not all of it is used here")]
mod engine;
mod forgotten;
#[path = "../common/http.rs"]
mod http;
mod overlap;
mod random;
mod run;
mod story;
mod wire;
mod witness;

use std::path::Path;
use std::process::ExitCode;

use libtest_mimic::{Arguments, Failed, Trial};

type Error = Box<dyn std::error::Error + Send + Sync>;

/// The first argument of a process that is to be a controller; its directory and the engine follow.
const CONTROLLER: &str = "controller";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    if let [_, word, dir, host] = &arguments[..]
        && word == CONTROLLER
    {
        return match runtime().block_on(run::control(Path::new(dir), host)) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("{error}");
                ExitCode::FAILURE
            }
        };
    }
    let mut arguments = Arguments::from_args();
    // Engines share the machine's networks, and a fault is felt most when nothing else is slow.
    arguments.test_threads = Some(1);
    let trials = vec![
        trial("s1_the_witness_sees_two_at_once", overlap::is_seen),
        trial("s1_a_start_that_the_engine_forgot_is_ended_before_its_pod_goes", forgotten::back_at_once),
        trial("s1_a_start_that_the_engine_never_hears_of_is_ended_before_its_pod_goes", forgotten::back_too_late),
        trial("s1_l2_a_start_that_the_engine_forgot_twice_is_ended_before_its_pod_goes", forgotten::and_its_sandbox),
        trial("l2_a_sandbox_that_the_engine_only_heard_of_is_replaced", forgotten::sandbox_by_hearsay),
        trial("s1_s6_engine_killed_at_random_moments", run::engine_killed),
        trial("s1_s6_controller_killed_at_random_moments", run::controller_killed),
        trial("s1_s6_socket_cut_at_random_moments", run::socket_cut),
    ];
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime can be made")
}

/// A test that needs an engine of its own; where there can be none it says so and passes, unless it must run.
fn trial<F: Future<Output = Result<(), Error>> + 'static>(name: &'static str, run: fn() -> F) -> Trial {
    Trial::test(name, move || {
        if engine::is_missing(name)? {
            return Ok(());
        }
        runtime().block_on(run()).map_err(|error| Failed::from(error.to_string()))
    })
}
