//! The suite over the fake: it keeps what it is used to show of others.

mod common;

use std::process::ExitCode;

use petset_testkit::conformance;

fn main() -> ExitCode {
    conformance::run(|| async { Ok(common::subject(common::honest)) })
}
