//! Two engines over one world, with no lease between them.

use std::sync::Arc;

use petset_core::backend::{
    Created, DeleteOptions, Deleted, Pod, PodBackend, PodCapabilities, PodChange, PodRef, PodRequest, WatchStream,
};
use petset_core::engine::{Engine, EngineOptions};
use petset_core::store::{Cascade, Deletion};
use petset_core::{Error, Result, SetKey, SetUid};
use petset_testkit::FakeWorld;

use super::support::{Bench, set_image, settle, web};

#[tokio::test]
async fn s10_two_controllers_that_decide_at_the_same_time_take_one_pod() {
    let bench = Bench::over(FakeWorld::manual());
    let key = bench.create(web(3).build()).await;
    for ordinal in 0..3 {
        bench.settle(&key).await;
        bench.world.set_ready(&key, ordinal, true);
    }
    bench.settle(&key).await;
    bench.change(&key, |set| set_image(set, "two")).await;
    let (one, two) = (bench.another_engine(), bench.another_engine());
    for _ in 0..20 {
        let (left, right) = futures::join!(one.pass(&key), two.pass(&key));
        let _ = (left.expect("readable"), right.expect("readable"));
    }
    let down = bench
        .world
        .ordinals(&key)
        .iter()
        .filter(|ordinal| bench.world.pod(&key, **ordinal).is_some_and(|pod| pod.terminating))
        .count();
    assert_eq!(down, 1);
}

#[tokio::test]
async fn s14_two_controllers_without_a_lease_reach_the_goal_and_do_nothing_twice() {
    let bench = Bench::new();
    let key = bench.create(web(3).build()).await;
    let (one, two) = (bench.another_engine(), bench.another_engine());
    for step in 0..4_i32 {
        bench
            .change(&key, |set| {
                set_image(set, &step.to_string());
                set.spec.replicas = Some([5, 3, 4, 3][step.unsigned_abs() as usize]);
            })
            .await;
        for _ in 0..40 {
            let (left, right) = futures::join!(one.pass(&key), two.pass(&key));
            let _ = (left.expect("readable"), right.expect("readable"));
        }
    }
    settle(&bench.engine, &bench.world, &key).await;
    let status = bench.stored(&key).await.status;
    assert_eq!((status.available_replicas, status.updated_replicas, status.tickets.len()), (3, 3, 0));
}

#[tokio::test]
async fn s17_two_controllers_that_remember_different_failures_do_not_write_in_turns() {
    let bench = Bench::new();
    let (one, two) = (bench.another_engine(), bench.another_engine());
    let key = bench.create(web(2).build()).await;
    settle(&one, &bench.world, &key).await;
    bench.world.fail(&key, 1);
    settle(&one, &bench.world, &key).await;
    bench.world.clock().advance(EngineOptions::default().retry_initial);
    settle(&one, &bench.world, &key).await;
    settle(&two, &bench.world, &key).await;
    let before = bench.stored(&key).await;
    assert_eq!(before.status.ready_replicas, 2);
    for _ in 0..50 {
        let (left, right) = (one.pass(&key).await, two.pass(&key).await);
        let _ = (left.expect("readable"), right.expect("readable"));
        bench.world.clock().advance(EngineOptions::default().status_interval);
    }
    assert_eq!(bench.stored(&key).await.version, before.version);
}

#[tokio::test]
async fn s18_what_two_controllers_say_in_turns_they_say_less_and_less_often() {
    let bench = Bench::over(FakeWorld::manual());
    let (one, two) = (bench.another_engine(), bench.another_engine());
    let key = bench.create(web(1).build()).await;
    settle(&one, &bench.world, &key).await;
    bench.world.fail(&key, 0);
    settle(&one, &bench.world, &key).await;
    bench.world.clock().advance(EngineOptions::default().retry_initial);
    // One of them remembers why the pod that is not ready yet is the second.
    let mut written = 0;
    for _ in 0..600 {
        for engine in [&one, &two] {
            written += u32::from(engine.pass(&key).await.expect("readable").status_written);
        }
        bench.world.clock().advance(EngineOptions::default().status_interval);
    }
    assert!((2..30).contains(&written), "{written} in a minute");
}

#[tokio::test]
async fn l1_names_that_land_after_the_end_of_their_set_are_withdrawn_by_whoever_published_them() {
    let bench = Bench::new();
    let (one, two) = (bench.another_engine(), bench.another_engine());
    let key = bench.create(web(1).build()).await;
    settle(&one, &bench.world, &key).await;
    settle(&two, &bench.world, &key).await;
    let records = bench.world.records(&key).expect("published");
    let stored = bench.stored(&key).await;
    let deletion = Deletion { cascade: Cascade::Ordered, requested_at: bench.clock.now() };
    bench.backends.store.mark_deleted(&key, &stored.version, deletion).await.expect("nobody else writes");
    settle(&one, &bench.world, &key).await;
    assert_eq!(bench.world.records(&key), None);
    bench.backends.names.publish(&key, &records).await.expect("it lands late");
    let pass = two.pass(&key).await.expect("readable");
    assert!(pass.gone && bench.world.records(&key).is_none());
}

/// Right after a list, another life of the set adopts every orphan that the list showed.
#[derive(Debug)]
struct AdoptedMeanwhile(petset_testkit::FakePods);

#[async_trait::async_trait]
impl PodBackend for AdoptedMeanwhile {
    fn capabilities(&self) -> PodCapabilities {
        self.0.capabilities()
    }
    fn check(&self, template: &petset_core::spec::PodTemplate) -> Vec<petset_core::manifest::Violation> {
        self.0.check(template)
    }
    async fn list(&self, set: &SetKey) -> Result<Vec<Pod>> {
        let pods = self.0.list(set).await?;
        for orphan in pods.iter().filter(|pod| pod.owner.is_none()) {
            let owner = Some(Some(SetUid::from("another-life")));
            self.0.update(&orphan.reference(), PodChange { owner, ..PodChange::default() }).await?;
        }
        Ok(pods)
    }
    async fn create(&self, request: PodRequest) -> Result<Created<Pod>> {
        self.0.create(request).await
    }
    async fn delete(&self, pod: &PodRef, options: DeleteOptions) -> Result<Deleted> {
        self.0.delete(pod, options).await
    }
    async fn update(&self, pod: &PodRef, change: PodChange) -> Result<()> {
        self.0.update(pod, change).await
    }
    fn watch(&self) -> WatchStream {
        self.0.watch()
    }
}

#[tokio::test]
async fn s12_an_orphan_that_another_life_adopted_meanwhile_stays_its() {
    let mut bench = Bench::new();
    let key = bench.create(web(1).build()).await;
    bench.settle(&key).await;
    let pod = bench.world.pod(&key, 0).expect("it was created");
    let orphan = PodChange { owner: Some(None), ..PodChange::default() };
    bench.world.pods().update(&pod.reference(), orphan).await.expect("it stands");

    bench.backends.pods = Arc::new(AdoptedMeanwhile(bench.world.pods()));
    let engine = Engine::new(bench.backends.clone(), EngineOptions::default());
    let pass = engine.pass(&key).await.expect("readable");
    assert!(pass.outcomes.iter().any(|outcome| outcome.result.as_ref().is_err_and(Error::is_conflict)));
    let owner = bench.world.pod(&key, 0).and_then(|pod| pod.owner);
    assert_eq!(owner, Some(SetUid::from("another-life")));
}
