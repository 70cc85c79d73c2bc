//! The controller as a program, against a real API server: it keeps sets alive, says how it is, leaves them alone when it is
//! asked to end, and needs no more rights than the published ones.

mod cluster;
mod program;
#[path = "../common/published.rs"]
mod published;
mod rights;
mod slow;
mod stories;
#[path = "../common/world.rs"]
mod world;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Failed, Trial};
use petset_kube::envtest::Server;

/// Nothing beside the server and the stand-in kubelet.
const CONTROLLERS: Option<&[&str]> = None;

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

fn trial<F: Future<Output = Result<(), Error>>>(name: &str, run: impl FnOnce() -> F + Send + 'static) -> Trial {
    Trial::test(name, move || {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        let result = runtime.expect("a runtime can be made").block_on(run());
        result.map_err(|error| Failed::from(error.to_string()))
    })
}

fn trials() -> Vec<Trial> {
    vec![
        trial("controller_keeps_sets_alive_and_leaves_them_alone", stories::one),
        trial("controller_that_is_killed_is_succeeded_s19", stories::killed),
        trial("controller_without_a_cluster_says_so", stories::no_cluster),
        trial("controller_needs_the_published_rights_and_no_more_s21", rights::story),
    ]
}

#[expect(clippy::print_stderr, reason = "a test program says what it leaves out")]
fn main() -> ExitCode {
    if let Err(error) = Server::assets()
        && std::env::var_os("PETSET_REQUIRE_KUBE").is_none_or(|required| required != "1")
    {
        eprintln!("NO API SERVER: all of it is skipped (PETSET_REQUIRE_KUBE=1 makes that an error): {error}");
        return ExitCode::SUCCESS;
    }
    libtest_mimic::run(&Arguments::from_args(), trials()).exit_code()
}
