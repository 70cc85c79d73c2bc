//! `petset-controller`: the controller of `PetSet`s and `StatefulSet`s as a program, for a Deployment in the cluster or for a terminal.

mod arguments;
mod client;
mod health;
mod lines;
mod run;
mod server;
mod stop;
mod work;

use std::process::ExitCode;

use arguments::Arguments;
use clap::Parser;

/// Statuses of big sets come and go many times a second. What the usual allocator keeps of them is as much as all the rest.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// What ends the program.
type Error = Box<dyn std::error::Error + Send + Sync>;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    lines::start(&arguments);
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            tracing::error!(%error, "there is no runtime to be had");
            return ExitCode::FAILURE;
        }
    };
    match runtime.block_on(run::run(&arguments)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(error = %lines::chain(&*error), "the controller ends");
            ExitCode::FAILURE
        }
    }
}
