//! A set's whole life on one machine: real processes, real volumes, real DNS.
//!
//! ```text
//! cargo run --example quickstart              the story, checked at every step, then everything is removed
//! cargo run --example quickstart -- --keep    the same, but the set is left running until Ctrl-C
//! cargo run --example quickstart -- status    in another terminal: what runs, as kubectl would show it
//! ```

#![expect(clippy::print_stdout, reason = "a program for people prints")]

mod client;
mod pet;
mod status;
mod story;
mod told;

use std::path::PathBuf;
use std::process::ExitCode;

const USAGE: &str = "usage: quickstart [--keep] [--dir DIR] | quickstart status [--dir DIR]";

enum Command {
    Story {
        keep: bool,
    },
    Status,
    /// What each pet runs.
    Pet {
        volume: PathBuf,
        port: u16,
    },
}

fn main() -> ExitCode {
    let (command, dir) = match parse(std::env::args().skip(1)) {
        Ok(parsed) => parsed,
        Err(wrong) => {
            println!("quickstart: {wrong}\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            println!("quickstart: no runtime: {error}");
            return ExitCode::FAILURE;
        }
    };
    let result = runtime.block_on(async {
        match command {
            Command::Pet { volume, port } => pet::run(volume, port).await.map_err(|error| error.to_string()),
            Command::Status => status::print(&dir).await.map_err(|error| error.chain().to_string()),
            Command::Story { keep } => story::tell(&dir, keep).await.map_err(|error| chain(&*error)),
        }
    });
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("quickstart: failed: {error}");
            ExitCode::FAILURE
        }
    }
}

/// An error and its causes in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

fn parse(mut arguments: impl Iterator<Item = String>) -> Result<(Command, PathBuf), String> {
    let mut command = Command::Story { keep: false };
    let mut dir = std::env::temp_dir().join("petset-quickstart");
    while let Some(argument) = arguments.next() {
        let mut value = |name: &str| arguments.next().ok_or(format!("{name} needs a value"));
        match argument.as_str() {
            "--keep" if matches!(command, Command::Story { .. }) => command = Command::Story { keep: true },
            "--dir" => dir = PathBuf::from(value("--dir")?),
            "status" if matches!(command, Command::Story { keep: false }) => command = Command::Status,
            "pet" => {
                let volume = PathBuf::from(value("pet")?);
                let port = value("pet")?.parse().map_err(|error| format!("the port of pet: {error}"))?;
                command = Command::Pet { volume, port };
            }
            other => return Err(format!("unexpected argument `{other}`")),
        }
    }
    Ok((command, dir))
}
