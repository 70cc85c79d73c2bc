//! What people do to the claims of pets.

use std::sync::Arc;
use std::time::Duration;

use petset_core::backend::VolumeProvisioner;
use petset_core::{Backends, Engine, EngineOptions, Ordinal, SetKey, until};
use petset_testkit::faults::{Fault, FaultPlan};
use petset_testkit::{Check, Faults, Op, fixtures};

use super::support::{Bench, SOON, manifest, until_reason, web};

#[tokio::test(start_paused = true)]
async fn deleting_a_claim_by_name_allows_an_empty_start() {
    let bench = Bench::new();
    bench.world.permit(Check::ClaimsAreKept);
    bench.world.permit(Check::ClaimsOutliveTheirPod);
    let sets = bench.controller();
    let key = SetKey::new("default", "web");
    sets.apply(manifest(web(2).build())).await.expect("valid");
    sets.wait(&key, until::rolled_out(), SOON).await.expect("it comes up");
    let old = bench.world.claim(&key, "www", 1).expect("claimed").uid;
    sets.delete_claim(&key, "www", Ordinal(1)).await.expect("it exists");
    assert!(bench.world.claim(&key, "www", 1).is_some(), "in use: it waits for its pod");
    sets.delete_pod(&key, Ordinal(1)).await.expect("it stands");
    let replaced = until::holds("replaced", {
        let world = bench.world.clone();
        let key = key.clone();
        move |_| world.claim(&key, "www", 1).is_some_and(|claim| claim.uid != old)
    });
    sets.wait(&key, replaced, SOON).await.expect("a fresh claim");
    sets.wait(&key, until::rolled_out(), SOON).await.expect("all is well");
}

/// The simulation found this, with seed 4377: the pet is remembered as started by a write that was decided on while the
/// claim stood, and that lands after its end.
#[tokio::test(start_paused = true)]
async fn deleting_a_claim_by_name_while_its_pet_is_about_to_start_allows_an_empty_start() {
    let bench = Bench::new();
    bench.world.permit(Check::ClaimsAreKept);
    let people = bench.controller();
    people.shutdown().await;
    let key = bench.create(web(1).build()).await;
    while bench.world.claim(&key, "www", 0).is_none() {
        let _ = bench.pass(&key).await;
    }
    assert!(bench.stored(&key).await.status.started.is_empty(), "its first pod comes with the next pass");

    let slow = Faults::with_plan(1, FaultPlan::none().on(Op::StoreUpdateStatus, Fault::Slow, 1000).slowest(SOON));
    let backends = Backends { store: slow.store(Arc::clone(&bench.backends.store)), ..bench.backends.clone() };
    let engine = Engine::with_clock(backends, EngineOptions::default(), Arc::clone(&bench.clock));
    let deleted = async {
        // The pass waits for its write, and nothing else here waits.
        tokio::time::sleep(Duration::from_micros(1)).await;
        assert_eq!(slow.log().len(), 1, "the write is under way");
        people.delete_claim(&key, "www", Ordinal(0)).await
    };
    let (pass, deleted) = tokio::join!(engine.pass(&key), deleted);
    deleted.expect("the claim was there");
    let _ = pass.expect("the world can be seen");
    bench.settle(&key).await;
    assert_eq!(bench.world.ordinals(&key), [0], "{:?}", bench.condition(&key, "Degraded").await);
}

#[tokio::test(start_paused = true)]
async fn s7_restored_claims_are_accepted_by_name() {
    let bench = Bench::new();
    let sets = bench.controller();
    let set = web(2).build();
    let key = SetKey::new("default", "web");
    sets.apply(manifest(set.clone())).await.expect("valid");
    sets.wait(&key, until::rolled_out(), SOON).await.expect("it comes up");
    bench.world.remove_pod(&key, 1);
    bench.world.remove_claim(&key, "www", 1);
    let restored = fixtures::claim_requests(&set, 1).remove(0);
    bench.backends.volumes.provision(restored).await.expect("restored");
    sets.wait(&key, until_reason("ClaimReplaced"), SOON).await.expect("it is told");
    sets.accept_claims(&key, Ordinal(1)).await.expect("it has claims");
    sets.wait(&key, until::rolled_out(), SOON).await.expect("it goes on");
    assert!(sets.accept_claims(&key, Ordinal(7)).await.is_err(), "there is no such pet");
}

#[tokio::test(start_paused = true)]
async fn s7_a_volume_that_is_restored_is_noticed_without_a_hint() {
    let bench = Bench::new();
    let sets = bench.controller();
    let key = SetKey::new("default", "web");
    sets.apply(manifest(web(2).build())).await.expect("valid");
    sets.wait(&key, until::rolled_out(), SOON).await.expect("it comes up");
    let request = fixtures::claim_requests(&web(2).build(), 1).remove(0);
    bench.world.remove_claim(&key, "www", 1);
    bench.world.remove_pod(&key, 1);
    sets.wait(&key, until::condition("Degraded"), SOON).await.expect("it says so");
    bench.world.interrupt_watches();
    bench.backends.volumes.provision(request).await.expect("somebody restores it");
    sets.wait(&key, until_reason("ClaimReplaced"), Duration::from_secs(40)).await.expect("within half a minute");
    sets.accept_claims(&key, Ordinal(1)).await.expect("it has claims");
    sets.wait(&key, until::rolled_out(), SOON).await.expect("it goes on");
}
