//! Scenarios and faults that are drawn from a seed.

use std::sync::LazyLock;

use petset_core::spec::{UpdateStrategy, UpdateStrategyType};
use petset_core::store::Cascade;

use super::plan::{Plan, Swizzle};
use super::scenario::Scenario;
use super::scenarios;
use crate::fixtures::{self, SetBuilder};

static KNOWN: LazyLock<Vec<Scenario>> = LazyLock::new(scenarios::all);

/// What happens in the run of this seed, and what goes wrong.
pub(super) fn draw(seed: u64) -> (Scenario, Plan) {
    let mut rng = fastrand::Rng::with_seed(seed);
    let scenario = if rng.bool() { KNOWN[rng.usize(0..KNOWN.len())].clone() } else { declarations(&mut rng) };
    (scenario, Plan::Drawn(Swizzle::draw(&mut rng)))
}

/// A set by chance, and changes of it. The last template is one that becomes ready.
fn declarations(rng: &mut fastrand::Rng) -> Scenario {
    let mut scenario = Scenario::new("drawn", "declarations by chance").declare(set(rng)).goal();
    for _ in 0..rng.usize(1..7) {
        scenario = match rng.u32(0..14) {
            0..3 => scenario.scale("web", rng.i32(0..6)),
            3..6 => scenario.image("web", IMAGES[rng.usize(0..IMAGES.len())]),
            6 => scenario.partition("web", rng.i32(0..4)),
            7 => scenario.kill_all("web"),
            8 => scenario.fail("web", rng.u32(0..5)),
            9 => scenario.flap("web", rng.u32(0..5)),
            10 => scenario.delete_pod("web", rng.u32(0..5)),
            11 => scenario.crash(),
            12 => scenario.declare(set(rng)),
            _ => {
                let cascade = if rng.bool() { Cascade::Ordered } else { Cascade::Orphan };
                scenario.delete("web", cascade).gone("web").declare(set(rng))
            }
        };
        scenario = match rng.u32(0..3) {
            0 => scenario,
            1 => scenario.wait(rng.u64(0..40)),
            _ => scenario.goal(),
        };
    }
    // Below a partition, and without leave to delete pods, what never becomes ready stays: both end with the last template.
    let rolls = UpdateStrategy { kind: Some(UpdateStrategyType::RollingUpdate), ..UpdateStrategy::default() };
    scenario
        .image("web", "last:1")
        .change("web", "roll out to every pet", move |set| set.spec.update_strategy = Some(rolls.clone()))
}

const IMAGES: [&str; 8] = ["one:1", "two:1", "three:1", "bad:1", "bad:2", "slow:1", "stubborn:1", "frail:1"];

fn set(rng: &mut fastrand::Rng) -> SetBuilder {
    let mut set = fixtures::set("web").replicas(rng.i32(0..6)).image("one:1").max_unavailable(rng.i32(1..4));
    for claim in ["www", "log"].into_iter().take(rng.usize(0..3)) {
        set = set.claim(claim);
    }
    let tweaks: [fn(SetBuilder) -> SetBuilder; 8] = [
        |set| set.parallel(),
        |set| set.on_delete(),
        |set| set.partition(1),
        |set| set.min_ready_seconds(5),
        |set| set.start(3),
        |set| set.delete_claims_when_scaled(),
        |set| set.delete_claims_when_deleted(),
        |set| set.revision_history_limit(1),
    ];
    for tweak in tweaks {
        if rng.u32(0..4) == 0 {
            set = tweak(set);
        }
    }
    set
}
