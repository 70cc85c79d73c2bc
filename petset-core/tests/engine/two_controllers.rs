//! Two engines over one world, with no lease between them.

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
