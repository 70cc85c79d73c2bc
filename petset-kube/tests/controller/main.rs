//! The controller as a program, against a real API server: it keeps sets alive, says how it is, leaves them alone when it is
//! asked to end, and needs no more rights than the published ones.

mod asked;
mod cluster;
mod embedded;
#[path = "../common/harness.rs"]
mod harness;
#[path = "../common/program.rs"]
mod program;
#[path = "../common/published.rs"]
mod published;
mod rights;
#[path = "../common/slow.rs"]
mod slow;
mod stories;
#[path = "../common/terminal.rs"]
mod terminal;
#[path = "../common/way.rs"]
mod way;
#[path = "../common/world.rs"]
mod world;

use std::process::ExitCode;

use harness::{Error, trial};
use libtest_mimic::Trial;

/// Nothing beside the server and the stand-in kubelet.
const CONTROLLERS: Option<&[&str]> = None;

fn trials() -> Vec<Trial> {
    vec![
        trial("controller_keeps_sets_alive_and_leaves_them_alone", stories::one),
        trial("controller_that_is_killed_is_succeeded_s19", stories::killed),
        trial("controller_without_a_cluster_says_so", stories::no_cluster),
        trial("controller_needs_the_published_rights_and_no_more_s21", rights::story),
    ]
}

fn main() -> ExitCode {
    harness::run(None, trials())
}
