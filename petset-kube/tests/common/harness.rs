//! How the suites over a real API server run: what a trial is, and what happens where the programs are missing.

use std::process::ExitCode;
use std::time::Duration;

use libtest_mimic::{Arguments, Failed, Trial};
use petset_kube::envtest::Server;

pub(crate) type Error = Box<dyn std::error::Error + Send + Sync>;

/// Fails the test with a sentence.
#[macro_export]
macro_rules! ensure {
    ($holds:expr, $($text:tt)+) => {
        if !$holds {
            return Err(format!($($text)+).into());
        }
    };
}

/// No trial takes as long: one that does hangs.
const FOREVER: Duration = Duration::from_secs(900);

/// A trial on a runtime of its own.
pub(crate) fn trial<F: Future<Output = Result<(), Error>>>(
    name: &str,
    run: impl FnOnce() -> F + Send + 'static,
) -> Trial {
    Trial::test(name, move || {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        let within = async { tokio::time::timeout(FOREVER, run()).await };
        let result = runtime.expect("a runtime can be made").block_on(within);
        result.map_err(|_elapsed| Failed::from("it hangs"))?.map_err(|error| Failed::from(error.to_string()))
    })
}

/// Runs the trials. Where there is no API server, or something `else_missing`, it says so and runs none.
#[expect(clippy::print_stderr, reason = "a test program says what it leaves out")]
pub(crate) fn run(else_missing: Option<&str>, trials: Vec<Trial>) -> ExitCode {
    let missing = Server::assets().err().map(|error| error.to_string());
    if let Some(missing) = missing.as_deref().or(else_missing)
        && std::env::var_os("PETSET_REQUIRE_KUBE").is_none_or(|required| required != "1")
    {
        eprintln!("NO API SERVER: all of it is skipped (PETSET_REQUIRE_KUBE=1 makes that an error): {missing}");
        return ExitCode::SUCCESS;
    }
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}
