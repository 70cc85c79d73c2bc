//! Everything around a set goes wrong, and the set comes to its goal: at most one pod per identity, nothing lost. Each
//! story happens to sets of both kinds.

#[path = "../common/account.rs"]
mod account;
mod behind;
mod cut;
#[path = "../common/etcd.rs"]
mod etcd;
mod fate;
mod gone;
#[path = "../common/harness.rs"]
mod harness;
mod killed;
mod kind;
#[path = "../common/observer.rs"]
mod observer;
#[path = "../common/program.rs"]
mod program;
mod proxy;
mod refused;
mod server;
mod stale;
mod stall;
mod story;
mod trouble;
#[path = "../common/way.rs"]
mod way;
#[path = "../common/web.rs"]
mod web;
mod webhook;
#[path = "../common/world.rs"]
mod world;

use std::process::ExitCode;

use harness::{Error, trial};
use kind::Kind;
use libtest_mimic::Trial;
use petset_testkit::seed;

const CONTROLLERS: Option<&[&str]> = None;

/// A trial with chance in it.
#[expect(clippy::print_stderr, reason = "the seed repeats the run")]
fn seeded<F: Future<Output = Result<(), Error>>>(
    name: &str,
    seed: u64,
    run: impl FnOnce(u64) -> F + Send + 'static,
) -> Trial {
    let told = format!("{name}: PETSET_SEED={seed}");
    trial(name, move || async move {
        eprintln!("{told}");
        run(seed).await.map_err(|error| format!("{told}\n{error}").into())
    })
}

/// The same trial with sets of each kind.
fn both<F: Future<Output = Result<(), Error>>>(
    name: &str,
    seed: u64,
    run: impl FnOnce(u64, Kind) -> F + Copy + Send + 'static,
) -> [Trial; 2] {
    Kind::BOTH.map(|kind| seeded(&format!("{name}_{}", kind.name()), seed, move |seed| run(seed, kind)))
}

fn main() -> ExitCode {
    let seed = seed::from_env();
    let of_each_kind = [
        both("s1_s15_l1_api_server_killed", seed, server::api),
        both("s1_s15_l1_etcd_killed", seed, server::etcd),
        both("s1_s2_l1_refused_and_lost_requests", seed, refused::one),
        both("s1_s2_l1_program_behind_a_bad_proxy", seed, proxy::program),
        both("s1_s10_l1_two_controllers", seed, refused::two),
        both("s1_s19_l1_controller_killed", seed, killed::at_many_moments),
        both("s12_l1_mutating_webhook", seed, webhook::mutating),
        both("s13_l3_history_compacted", seed, gone::compaction),
        both("s10_no_ready_pod_goes_on_pods_older_than_the_set", seed, stale::rollout),
        both("s1_s4_s13_l1_controller_moves_to_a_server_that_is_behind", seed, behind::server),
    ];
    let of_both_at_once = seeded("s1_s19_l1_controller_with_a_lease_killed", seed, killed::with_a_lease);
    harness::run(None, of_each_kind.into_iter().flatten().chain([of_both_at_once]).collect())
}
