//! The replicated MySQL application of the Kubernetes documentation, its manifests as they are, on a Docker Engine.
//!
//! ```text
//! scripts/services docker images                                the images that the manifests name
//! cargo run --example docker_mysql --features docker            the story, checked at every step, then all is removed
//! cargo run --example docker_mysql --features docker -- --keep  the same, but the databases are left running
//! ```

#![expect(clippy::print_stdout, reason = "a program for people prints")]

mod database;
mod story;
#[path = "../quickstart/told.rs"]
mod told;
mod writer;

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    let keep = match std::env::args().skip(1).collect::<Vec<_>>().as_slice() {
        [] => false,
        [keep] if keep == "--keep" => true,
        _ => {
            println!("usage: docker_mysql [--keep]");
            return ExitCode::from(2);
        }
    };
    match story::tell(&std::env::temp_dir().join("petset-docker-mysql"), keep).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("docker_mysql: failed: {}", chain(&*error));
            ExitCode::FAILURE
        }
    }
}

/// An error and its causes in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}
