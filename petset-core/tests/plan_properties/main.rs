//! What holds for every plan and every run of plans, shown on random worlds.
//!
//! Tests carry the ids of the promises that they show. Seeds are fixed, so a run is the same everywhere; `PETSET_SEED`
//! sets another one, and `PETSET_FULL=1` runs ten times as many cases. Found failures are kept in `regressions.txt`.

mod check;
#[path = "../common/mod.rs"]
mod common;
mod facts;
mod holds;
mod legal;
mod once;
mod rehearsal;
mod runs;
mod trace;
mod worlds;

use proptest::prelude::ProptestConfig;
use proptest::test_runner::{FileFailurePersistence, RngSeed};

/// So many cases, or ten times as many when everything is asked for.
fn config(cases: u32) -> ProptestConfig {
    let seed = petset_testkit::seed::given().unwrap_or(0x7065_7473);
    let factor = if std::env::var_os("PETSET_FULL").is_some_and(|full| full == "1") { 10 } else { 1 };
    ProptestConfig {
        cases: cases * factor,
        rng_seed: RngSeed::Fixed(seed),
        failure_persistence: Some(Box::new(FileFailurePersistence::Direct("tests/plan_properties/regressions.txt"))),
        max_shrink_iters: 20_000,
        ..ProptestConfig::default()
    }
}
