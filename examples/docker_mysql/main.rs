//! Real databases on a Docker Engine: the replicated MySQL application of the Kubernetes documentation, its manifests as
//! they are, and a pair on volumes that were made by hand.
//!
//! ```text
//! scripts/services docker images                                  the images that the manifests name
//! cargo run --example docker_mysql --features docker              the story, checked at every step, then all is removed
//! cargo run --example docker_mysql --features docker -- --keep    the same, but the databases are left running
//! cargo run --example docker_mysql --features docker -- --pair    the pair instead, with or without --keep
//! ```

#![expect(clippy::print_stdout, reason = "a program for people prints")]

mod client;
mod database;
mod pair;
mod stage;
mod story;
#[path = "../quickstart/told.rs"]
mod told;
mod writer;

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if let Some(word) = words.iter().find(|word| !["--keep", "--pair"].contains(&word.as_str())) {
        println!("docker_mysql: `{word}` means nothing here; usage: docker_mysql [--pair] [--keep]");
        return ExitCode::from(2);
    }
    let (keep, dir) = (words.iter().any(|word| word == "--keep"), std::env::temp_dir());
    let told = if words.iter().any(|word| word == "--pair") {
        pair::tell(&dir.join("petset-docker-pair"), keep).await
    } else {
        story::tell(&dir.join("petset-docker-mysql"), keep).await
    };
    match told {
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
