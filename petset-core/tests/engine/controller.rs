//! The controller and its handle, on virtual time.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use petset_core::backend::{Hints, PodBackend};
use petset_core::store::Cascade;
use petset_core::{ErrorKind, SetKey, until};
use petset_testkit::{FakeWorld, Op, WatchStart, fixtures};
use serde_json::json;

use super::support::{Bench, SOON, manifest, set_image, until_reason, web};

#[tokio::test(start_paused = true)]
async fn a_set_is_applied_scaled_patched_rolled_back_and_deleted() {
    let bench = Bench::new();
    let sets = bench.controller();
    sets.apply(manifest(web(2).build())).await.expect("valid");
    sets.wait("web", until::rolled_out(), SOON).await.expect("it comes up");
    sets.scale("default/web", 4).await.expect("valid");
    sets.wait("web", until::ready_replicas(4), SOON).await.expect("it grows");
    sets.patch("web", &json!({"spec": {"replicas": 3}})).await.expect("valid");
    sets.wait("web", until::ready_replicas(3), SOON).await.expect("it shrinks");
    let mut changed = web(3).build();
    set_image(&mut changed, "two");
    sets.apply(manifest(changed)).await.expect("valid");
    sets.wait("web", until::rolled_out(), SOON).await.expect("it rolls");
    assert_eq!(sets.history("web").await.expect("readable").len(), 2);
    sets.rollback("web", None).await.expect("there is one before");
    sets.wait("web", until::rolled_out(), SOON).await.expect("it rolls back");
    let history = sets.history("web").await.expect("readable");
    assert_eq!(history.iter().map(|revision| revision.number).collect::<Vec<_>>(), [2, 3]);
    let error = sets.rollback("web", Some(9)).await.expect_err("no such number");
    assert_eq!(error.kind(), ErrorKind::NotFound);
    sets.restart("web").await.expect("valid");
    sets.wait("web", until::rolled_out(), SOON).await.expect("it restarts");
    sets.delete("web", Cascade::Ordered).await.expect("it exists");
    sets.wait("web", until::gone(), SOON).await.expect("it goes");
    assert_eq!(bench.world.ordinals(&SetKey::new("default", "web")), Vec::<u32>::new());
    sets.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn what_may_not_change_is_refused_by_path_and_nothing_is_changed() {
    let bench = Bench::new();
    let sets = bench.controller();
    sets.apply(manifest(web(1).build())).await.expect("valid");
    let before = sets.get("web").await.expect("readable");
    let error = sets.patch("web", &json!({"spec": {"serviceName": "other"}})).await.expect_err("immutable");
    assert!(error.to_string().contains("spec.serviceName"), "{error}");
    let error = sets.patch("web", &json!({"spec": {"replicas": "many"}})).await.expect_err("no number");
    assert!(error.to_string().contains("spec.replicas"), "{error}");
    let after = sets.get("web").await.expect("readable");
    assert_eq!(before.map(|set| set.set), after.map(|set| set.set));
}

#[tokio::test(start_paused = true)]
async fn a_timeout_explains_what_the_set_waits_for() {
    let bench = Bench::over(FakeWorld::manual());
    let sets = bench.controller();
    sets.apply(manifest(web(2).build())).await.expect("valid");
    let error = sets.wait("web", until::rolled_out(), Duration::from_secs(5)).await.expect_err("nobody makes it ready");
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert!(error.to_string().contains("waits for pet 0, which is not ready"), "{error}");
    let explanation = sets.explain("web").await.expect("readable");
    assert!(explanation.waits.iter().any(|wait| wait.contains("pet 0")), "{explanation}");
}

#[tokio::test(start_paused = true)]
async fn l3_lost_hints_cost_one_resync_at_most() {
    let bench = Bench::over(FakeWorld::manual());
    let sets = petset_core::Controller::new(bench.backends.clone())
        .clock(super::support::TokioClock::new())
        .resync(Duration::from_secs(30))
        .spawn();
    sets.apply(manifest(web(1).build())).await.expect("valid");
    tokio::time::sleep(Duration::from_secs(1)).await;
    bench.world.interrupt_watches();
    bench.world.set_ready(&SetKey::new("default", "web"), 0, true);
    sets.wait("web", until::rolled_out(), Duration::from_secs(31)).await.expect("within one resync");
}

#[tokio::test(start_paused = true)]
async fn l4_a_set_that_always_fails_delays_nobody() {
    let bench = Bench::new();
    let sets = bench.controller();
    for name in ["bad", "good"] {
        sets.apply(manifest(fixtures::set(name).replicas(3).build())).await.expect("valid");
    }
    bench.world.foreign_pod(&SetKey::new("default", "bad"), 0, Some("somebody".into()));
    sets.wait("good", until::rolled_out(), SOON).await.expect("unhindered");
    sets.wait("bad", until::condition("Degraded"), SOON).await.expect("it says so");
}

#[tokio::test(start_paused = true)]
async fn pausing_holds_everything_and_resuming_goes_on() {
    let bench = Bench::new();
    let sets = bench.controller();
    sets.apply(manifest(web(1).build())).await.expect("valid");
    sets.wait("web", until::rolled_out(), SOON).await.expect("it comes up");
    sets.pause("web").await.expect("valid");
    sets.scale("web", 3).await.expect("valid");
    sets.wait("web", until::ready_replicas(3), Duration::from_secs(10)).await.expect_err("paused");
    sets.resume("web").await.expect("valid");
    sets.wait("web", until::ready_replicas(3), SOON).await.expect("resumed");
}

#[tokio::test(start_paused = true)]
async fn a_preview_tells_the_steps_in_order_and_touches_nothing() {
    let bench = Bench::new();
    let sets = bench.controller();
    sets.apply(manifest(web(2).build())).await.expect("valid");
    sets.wait("web", until::rolled_out(), SOON).await.expect("it comes up");
    let before = bench.world.counts();
    let mut next = web(3).build();
    set_image(&mut next, "two");
    let previews = sets.preview(manifest(next)).await.expect("valid");
    assert_eq!(bench.world.counts().since(&before).writes(), 0);
    let steps: Vec<String> = previews[0]
        .steps
        .iter()
        .map(|step| step.what.split(['(', ':']).next().unwrap_or("").trim().to_owned())
        .collect();
    let new = steps[1].rsplit(' ').next().expect("a revision").to_owned();
    let expected = [
        "provision claim www of pet 2".to_owned(),
        format!("create pod 2 on {new}"),
        "delete pod 1".to_owned(),
        format!("create pod 1 on {new}"),
        "delete pod 0".to_owned(),
        format!("create pod 0 on {new}"),
    ];
    assert_eq!(steps, expected);
}

#[tokio::test(start_paused = true)]
async fn w9_a_parallel_set_starts_all_at_once() {
    let bench = Bench::new();
    let sets = bench.controller();
    sets.apply(manifest(fixtures::set("web").replicas(20).parallel().build())).await.expect("valid");
    sets.wait("web", until::ready_replicas(20), SOON).await.expect("it comes up");
    assert!(bench.world.counts().of(Op::PodList) <= 12, "{}", bench.world.counts());
}

#[tokio::test(start_paused = true)]
async fn shutdown_leaves_pets_running_and_a_later_controller_adopts_them() {
    let bench = Bench::new();
    let key = SetKey::new("default", "web");
    let sets = bench.controller();
    sets.apply(manifest(web(3).build())).await.expect("valid");
    sets.wait(&key, until::rolled_out(), SOON).await.expect("it comes up");
    sets.shutdown().await;
    let uids: BTreeSet<_> =
        bench.backends.pods.list(&key).await.expect("readable").into_iter().map(|pod| pod.uid).collect();
    let later = bench.controller();
    later.scale(&key, 4).await.expect("valid");
    later.wait(&key, until::ready_replicas(4), SOON).await.expect("it goes on");
    let now: BTreeSet<_> =
        bench.backends.pods.list(&key).await.expect("readable").into_iter().map(|pod| pod.uid).collect();
    assert!(now.is_superset(&uids), "nobody was restarted");
    let _ = Arc::strong_count(&bench.clock);
}

/// A backend whose reads of one set never answer.
#[derive(Debug)]
struct Hangs {
    inner: petset_testkit::FakePods,
    set: SetKey,
}

#[async_trait::async_trait]
#[deny(clippy::missing_trait_methods)]
impl PodBackend for Hangs {
    fn capabilities(&self) -> petset_core::backend::PodCapabilities {
        self.inner.capabilities()
    }
    fn check(&self, template: &petset_core::spec::PodTemplate) -> Vec<petset_core::manifest::Violation> {
        self.inner.check(template)
    }
    async fn list(&self, set: &SetKey) -> petset_core::Result<Vec<petset_core::backend::Pod>> {
        if *set == self.set {
            std::future::pending::<()>().await;
        }
        self.inner.list(set).await
    }
    async fn create(
        &self,
        request: petset_core::backend::PodRequest,
    ) -> petset_core::Result<petset_core::backend::Created<petset_core::backend::Pod>> {
        assert_ne!(&*request.set.name, "panics", "a backend that panics");
        self.inner.create(request).await
    }
    async fn delete(
        &self,
        pod: &petset_core::backend::PodRef,
        options: petset_core::backend::DeleteOptions,
    ) -> petset_core::Result<petset_core::backend::Deleted> {
        self.inner.delete(pod, options).await
    }
    async fn update(
        &self,
        pod: &petset_core::backend::PodRef,
        change: petset_core::backend::PodChange,
    ) -> petset_core::Result<()> {
        self.inner.update(pod, change).await
    }
    fn watch(&self) -> petset_core::backend::WatchStream {
        self.inner.watch()
    }
}

#[tokio::test(start_paused = true)]
async fn l4_s20_hanging_and_panicking_backends_delay_and_harm_nobody_else() {
    let mut bench = Bench::new();
    let set = SetKey::new("default", "hangs");
    bench.backends.pods = Arc::new(Hangs { inner: bench.world.pods(), set });
    let sets = petset_core::Controller::new(bench.backends.clone())
        .clock(super::support::TokioClock::new())
        .workers(1)
        .spawn();
    for name in ["hangs", "panics", "web"] {
        sets.apply(manifest(fixtures::set(name).replicas(2).build())).await.expect("valid");
    }
    sets.wait("web", until::rolled_out(), Duration::from_secs(90)).await.expect("the one worker comes free again");
    sets.wait("hangs", until::condition("Degraded"), Duration::from_secs(90)).await.expect("it says so");
    assert!(sets.get("panics").await.expect("readable").expect("it exists").status.ready_replicas == 0);
}

#[tokio::test(start_paused = true)]
async fn l2_a_paused_set_can_be_deleted_and_is_never_rolled_out() {
    let bench = Bench::new();
    let sets = bench.controller();
    sets.apply(manifest(web(2).build())).await.expect("valid");
    sets.wait("web", until::rolled_out(), SOON).await.expect("it comes up");
    sets.pause("web").await.expect("valid");
    sets.wait("web", until_reason("Paused"), SOON).await.expect("it says so");
    sets.wait("web", until::rolled_out(), Duration::from_secs(5)).await.expect_err("a paused set rolls nothing out");
    sets.delete("web", Cascade::Ordered).await.expect("it exists");
    sets.wait("web", until::gone(), SOON).await.expect("somebody wants it gone");
}

/// Each wait is shorter than a resync: what was not told is a gap or an end.
#[tokio::test(start_paused = true)]
async fn l3_watches_that_fall_behind_break_and_are_compacted_cost_less_than_a_resync() {
    let key = SetKey::new("default", "web");
    for (start, buffer) in [(WatchStart::Now, 1), (WatchStart::List, 1), (WatchStart::List, Hints::CAPACITY)] {
        let mut bench = Bench::over(FakeWorld::manual());
        bench.world.set_watch_start(start);
        bench.world.set_watch_buffer(buffer);
        bench.backends.store = Arc::new(bench.world.store());
        let sets = bench.controller();
        sets.apply(manifest(web(2).parallel().build())).await.expect("valid");
        for [first, second] in [["compacted", "broken"], ["broken", "compacted"]] {
            let created = until::holds("created", {
                let (world, key) = (bench.world.clone(), key.clone());
                move |_| world.ordinals(&key) == [0, 1]
            });
            sets.wait("web", created, SOON).await.expect("nothing is in the way");
            for (ordinal, what) in [(0, first), (1, second)] {
                bench.world.set_ready(&key, ordinal, true);
                if what == "broken" { bench.world.interrupt_watches() } else { bench.world.compact_watches() }
            }
            sets.wait("web", until::rolled_out(), SOON).await.expect("it is told of both");
            for ordinal in 0..2 {
                bench.world.remove_pod(&key, ordinal);
            }
            bench.world.interrupt_watches();
        }
        sets.shutdown().await;
    }
}
