//! What is wrong is told where people look: in the conditions of a set and in its Events. It is tried again at a bounded
//! pace, other sets go on, and all is well when the cause is gone.

#[path = "../common/account.rs"]
mod account;
#[path = "../common/etcd.rs"]
mod etcd;
mod place;
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
        trial("kube_events_tell_the_life_of_a_set", stories::life),
        trial("kube_trouble_invalid_set_s15", stories::invalid),
        trial("kube_trouble_set_that_becomes_invalid_s15", stories::becomes_invalid),
        trial("kube_trouble_fields_that_the_server_leaves_out", stories::left_out),
        trial("kube_trouble_forbidden_verb_s18", stories::forbidden),
        trial("kube_trouble_quota_s18", stories::quota),
        trial("kube_trouble_unbound_claim", stories::unbound_claim),
        trial("kube_trouble_claim_that_does_not_go", stories::stuck_claim),
        trial("kube_trouble_namespace_that_ends", stories::ending_namespace),
        trial("kube_trouble_missing_namespace", stories::missing_namespace),
        trial("kube_trouble_full_etcd_s18", stories::full_etcd),
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
