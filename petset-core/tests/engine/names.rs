//! Names whose publication or withdrawal lands when nobody expects it any more.

use std::time::Duration;

use petset_core::backend::NameResolver;
use petset_core::store::{Cascade, Deletion, SetStore};
use petset_core::{EngineOptions, Error, ErrorKind, Ordinal};
use petset_testkit::Op;

use super::support::{Bench, settle, web};

fn interval() -> Duration {
    EngineOptions::default().names_interval
}

#[tokio::test]
async fn l1_names_that_land_late_over_newer_ones_are_published_again() {
    let bench = Bench::new();
    let key = bench.create(web(1).build()).await;
    bench.settle(&key).await;
    let old = bench.world.records(&key).expect("published");
    bench.change(&key, |set| set.spec.replicas = Some(2)).await;
    bench.settle(&key).await;
    let new = bench.world.records(&key).expect("published");
    assert_ne!(old, new);

    bench.backends.names.publish(&key, &old).await.expect("it lands late");
    bench.world.clock().advance(interval());
    let pass = bench.pass(&key).await;
    assert!(!pass.again && pass.outcomes.is_empty(), "nothing else is to be done: {pass:?}");
    assert_eq!(bench.world.records(&key), Some(new.clone()));

    bench.backends.names.withdraw(&key).await.expect("it lands late");
    bench.world.clock().advance(interval());
    let _pass = bench.pass(&key).await;
    assert_eq!(bench.world.records(&key), Some(new));
}

#[tokio::test]
async fn s18_names_are_said_again_now_and_then_and_not_at_every_pass() {
    let bench = Bench::new();
    let key = bench.create(web(1).build()).await;
    bench.settle(&key).await;
    let before = bench.world.counts();
    for _ in 0..600 {
        bench.world.clock().advance(Duration::from_secs(1));
        let pass = bench.pass(&key).await;
        assert!(pass.wake_at.is_none_or(|at| at > bench.clock.now()), "at {:?}", pass.wake_at);
    }
    let made = bench.world.counts().since(&before);
    assert_eq!((made.of(Op::NamePublish), made.writes()), (2, 2), "in 600 s, {made}");
}

#[tokio::test]
async fn l1_names_whose_publication_had_no_answer_are_published_also_when_they_are_as_before() {
    let bench = Bench::new();
    let key = bench.create(web(1).build()).await;
    bench.settle(&key).await;
    let ready = |bench: &Bench| {
        let records = bench.world.records(&key).expect("published");
        records.pets.iter().filter(|pet| pet.ready).map(|pet| pet.ordinal).collect::<Vec<_>>()
    };
    assert_eq!(ready(&bench), [Ordinal(0)]);

    bench.world.set_ready(&key, 0, false);
    bench.world.fail_next(Op::NamePublish, Error::new(ErrorKind::Timeout, "publish names"), true);
    let pass = bench.pass(&key).await;
    assert_eq!(ready(&bench), [], "it was done, and its answer is lost");
    assert!(pass.wake_at.is_some_and(|at| at <= bench.clock.now().after(EngineOptions::default().retry_max)));

    bench.world.set_ready(&key, 0, true);
    let _pass = bench.pass(&key).await;
    assert_eq!(ready(&bench), [Ordinal(0)], "what was published before is not what is out now");
}

#[tokio::test]
async fn l2_names_that_a_controller_that_is_no_more_left_of_a_removed_set_are_withdrawn() {
    let bench = Bench::new();
    let key = bench.create(web(1).build()).await;
    bench.settle(&key).await;
    let records = bench.world.records(&key).expect("published");
    let deletion = Deletion { cascade: Cascade::Ordered, requested_at: bench.clock.now() };
    let stored = bench.stored(&key).await;
    bench.backends.store.mark_deleted(&key, &stored.version, deletion).await.expect("nobody else writes");
    bench.settle(&key).await;
    assert_eq!(bench.world.records(&key), None);

    bench.backends.names.publish(&key, &records).await.expect("it lands late");
    let successor = bench.another_engine();
    settle(&successor, &bench.world, &key).await;
    assert_eq!(bench.world.records(&key), None);
}
