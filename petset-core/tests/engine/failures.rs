//! What fails is said, tried again at a bounded pace, and heals when its cause is gone.

use std::sync::Arc;
use std::time::Duration;

use petset_core::backend::FAILED_KILL_POD;
use petset_core::engine::EventReason;
use petset_core::spec::{ConfigObject, PetSet};
use petset_core::{Backends, Engine, EngineOptions, Error, ErrorKind, SetKey};
use petset_testkit::faults::{Fault, FaultPlan};
use petset_testkit::{FakeWorld, Faults, Op};
use serde_json::json;

use super::support::{Bench, set_image, web};

#[tokio::test]
async fn s15_a_failed_read_does_nothing_but_say_so() {
    let bench = Bench::new();
    let key = bench.create(web(3).build()).await;
    bench.settle(&key).await;
    bench.change(&key, |set| set.spec.replicas = Some(1)).await;
    for op in [Op::PodList, Op::ClaimList] {
        let before = bench.world.counts();
        bench.world.fail_next(op, Error::new(ErrorKind::Unavailable, "list").with_message("out of reach"), false);
        bench.engine.pass(&key).await.expect_err("it could not look");
        assert_eq!(bench.world.counts().since(&before).writes(), 0);
        let degraded = bench.condition(&key, "Degraded").await;
        assert_eq!(degraded.reason, "Unobservable");
        assert!(degraded.message.contains("out of reach"));
    }
    bench.settle(&key).await;
    assert!(!bench.is_degraded(&key).await, "it heals at the next look");
    assert_eq!(bench.world.ordinals(&key), [0]);
}

#[tokio::test]
async fn a_full_disk_is_a_condition_and_an_event_and_heals() {
    let bench = Bench::new();
    let key = bench.create(web(1).build()).await;
    let full = || Error::new(ErrorKind::Exhausted, "make a directory").with_message("no space left on device");
    bench.world.fail_next(Op::ClaimProvision, full(), false);
    let _ = bench.pass(&key).await;
    bench.world.clock().advance(Duration::from_millis(200));
    let pass = bench.pass(&key).await;
    assert!(pass.outcomes.is_empty(), "left alone for a while: {:?}", pass.outcomes);
    let degraded = bench.condition(&key, "Degraded").await;
    assert!(degraded.message.contains("no space left"), "{}", degraded.message);
    let events = bench.engine.events();
    assert!(events.past().any(|event| event.warning && event.reason == EventReason::FailedCreate));
    bench.world.clock().advance(Duration::from_secs(1));
    bench.settle(&key).await;
    assert!(!bench.is_degraded(&key).await);
    assert_eq!(bench.world.ordinals(&key), [0]);
}

/// A config map `look` with one key, beside the set.
fn look(set: &SetKey, key: &str) -> ConfigObject {
    let map = json!({ "metadata": { "name": "look", "namespace": &*set.namespace }, "data": { key: "blue" } });
    ConfigObject::ConfigMap(serde_json::from_value(map).expect("a config map"))
}

#[tokio::test]
async fn a_reference_that_is_missing_is_named_and_its_pod_comes_as_soon_as_it_is_there() {
    let bench = Bench::new();
    let mut set = web(2).build();
    let variable = json!({ "name": "COLOUR", "valueFrom": { "configMapKeyRef": { "name": "look", "key": "colour" } } });
    set.spec.template.spec.containers[0].env.push(serde_json::from_value(variable).expect("a variable"));
    let key = bench.create(set).await;
    for (there, words) in
        [(None, "config map `look` does not exist"), (Some("color"), "config map `look` has no key `colour`")]
    {
        if let Some(there) = there {
            bench.backends.store.put_object(look(&key, there)).await.expect("memory can be written");
        }
        // A condition that says the same in other words is written less and less often.
        for _ in 0..60 {
            bench.settle(&key).await;
            bench.world.clock().advance(Duration::from_secs(1));
        }
        assert!(bench.world.ordinals(&key).is_empty(), "a pod was made that lacks what it refers to");
        let degraded = bench.condition(&key, "Degraded").await;
        assert!(degraded.message.contains(words), "{}", degraded.message);
        assert!(degraded.message.contains("containers[0].env[0]"), "{}", degraded.message);
    }
    bench.backends.store.put_object(look(&key, "colour")).await.expect("memory can be written");
    let _ = bench.pass(&key).await;
    assert_eq!(bench.world.ordinals(&key), [0], "no pause is waited for");
    bench.settle(&key).await;
    assert_eq!(bench.world.ordinals(&key), [0, 1]);
    assert!(!bench.is_degraded(&key).await);
}

#[tokio::test]
async fn s18_a_permanent_denial_is_tried_a_bounded_number_of_times_per_minute() {
    let bench = Bench::new();
    let key = bench.create(web(1).build()).await;
    let minutes = 10;
    for _ in 0..minutes * 60 * 10 {
        bench.world.fail_next(Op::ClaimProvision, Error::new(ErrorKind::Unavailable, "provision"), false);
        let _ = bench.pass(&key).await;
        bench.world.clock().advance(Duration::from_millis(100));
    }
    let tries = bench.world.counts().of(Op::ClaimProvision);
    assert!((minutes..=minutes * 3).contains(&tries), "{tries} tries in {minutes} minutes");
}

/// Lets this much time pass in steps of 100 ms, each with a pass, while all requests of a kind are refused, of which a pass
/// makes two at most; gives their number.
async fn refuse(bench: &Bench, key: &SetKey, op: Op, time: Duration) -> u64 {
    let before = bench.world.counts().of(op);
    let mut refused = before;
    for _ in 0..time.as_millis() / 100 {
        while refused < bench.world.counts().of(op) + 2 {
            let refusal = Error::new(ErrorKind::Unavailable, "do it").with_message("a webhook says no");
            bench.world.fail_next(op, refusal, false);
            refused += 1;
        }
        let _ = bench.pass(key).await;
        bench.world.clock().advance(Duration::from_millis(100));
    }
    bench.world.counts().of(op) - before
}

fn roll(set: &mut PetSet) {
    set_image(set, "web:2");
}

/// Also where the pet works and has worked for long, and however often somebody looks.
#[tokio::test]
async fn s18_what_is_refused_about_a_pet_that_works_is_told_and_tried_a_bounded_number_of_times_per_minute() {
    type Change = fn(&mut PetSet);
    let scale: Change = |set| set.spec.replicas = Some(1);
    let delete_claims: Change = |set| *set = web(2).delete_claims_when_scaled().build();
    for (what, change, op, left, pets) in [
        ("a rollout", roll as Change, Op::PodDelete, 2, 1),
        ("a scale-down", scale, Op::PodDelete, 1, 1),
        ("a policy", delete_claims, Op::ClaimChange, 2, 2),
    ] {
        let bench = Bench::new();
        let key = bench.create(web(2).build()).await;
        bench.settle(&key).await;
        bench.world.clock().advance(Duration::from_secs(3600));
        bench.settle(&key).await;
        bench.change(&key, change).await;
        let pods = || [0, 1].map(|ordinal| bench.world.pod(&key, ordinal).map(|pod| pod.uid));
        let before = pods();
        let minutes = 10;
        let tries = refuse(&bench, &key, op, Duration::from_secs(minutes * 60)).await;
        assert!((minutes * pets..=minutes * pets * 3).contains(&tries), "{what}: {tries} tries in {minutes} minutes");
        let degraded = bench.condition(&key, "Degraded").await;
        assert!(degraded.message.contains("pet 1: ") && degraded.message.contains("a webhook says no"), "{degraded:?}");
        assert_eq!(pods(), before, "{what}");
        // Two more are refused.
        for _ in 0..3 {
            bench.world.clock().advance(Duration::from_secs(31));
            bench.settle(&key).await;
        }
        assert!(!bench.is_degraded(&key).await, "{what}: {:?}", bench.condition(&key, "Degraded").await);
        assert_eq!(bench.world.ordinals(&key).len(), left, "{what}");
        assert!(op == Op::ClaimChange || pods()[1] != before[1], "{what} goes on");
    }
}

#[tokio::test]
async fn l1_a_pod_that_goes_while_its_deletion_is_refused_comes_back_at_once() {
    let bench = Bench::new();
    let key = bench.create(web(1).build()).await;
    bench.settle(&key).await;
    bench.change(&key, roll).await;
    refuse(&bench, &key, Op::PodDelete, Duration::from_secs(120)).await;
    bench.world.remove_pod(&key, 0);
    let _ = bench.pass(&key).await;
    assert_eq!(bench.world.ordinals(&key), [0], "no pause is waited for");
}

/// A ticket is seen through. None is taken for what has to wait, and may not be wanted any more when it can be done.
#[tokio::test]
async fn s18_a_pod_that_works_after_all_stays_when_its_template_comes_back() {
    let bench = Bench::over(FakeWorld::manual());
    let key = bench.create(web(1).build()).await;
    bench.settle(&key).await;
    let before = bench.world.pod(&key, 0).map(|pod| pod.uid);
    bench.change(&key, roll).await;
    let tries = refuse(&bench, &key, Op::PodDelete, Duration::from_secs(60)).await;
    assert!(tries > 1, "it is not ready: {tries}");
    bench.world.set_ready(&key, 0, true);
    let _ = bench.pass(&key).await;
    bench.change(&key, |set| *set = web(1).build()).await;
    bench.settle(&key).await;
    bench.world.clock().advance(Duration::from_secs(120));
    bench.settle(&key).await;
    assert_eq!(bench.world.pod(&key, 0).map(|pod| pod.uid), before);
    assert!(bench.stored(&key).await.status.tickets.is_empty());
}

#[tokio::test]
async fn s18_a_pause_that_is_over_wakes_nobody() {
    let bench = Bench::over(FakeWorld::manual());
    let key = bench.create(web(1).build()).await;
    bench.settle(&key).await;
    bench.world.fail(&key, 0);
    bench.settle(&key).await;
    bench.world.finish_termination(&key, 0);
    // A pod stands again that is not ready, or is not ready for long, long after the pauses of the first one.
    for ready in [false, true] {
        bench.world.clock().advance(Duration::from_secs(120));
        bench.settle(&key).await;
        bench.world.set_ready(&key, 0, ready);
        bench.settle(&key).await;
        let pass = bench.pass(&key).await;
        let now = bench.engine.now();
        assert!(pass.wake_at.is_none_or(|at| at > now), "at {now} it is to look again at {:?}", pass.wake_at);
    }
    bench.world.clock().advance(Duration::from_secs(60));
    bench.settle(&key).await;
    assert!(!bench.is_degraded(&key).await, "what was long ago is forgotten");
}

#[tokio::test]
async fn l1_what_failed_about_a_pet_that_is_scaled_away_is_forgotten() {
    let bench = Bench::new();
    let key = bench.create(web(2).build()).await;
    bench.settle(&key).await;
    bench.change(&key, |set| set.spec.replicas = Some(1)).await;
    bench.world.fail_next(Op::PodDelete, Error::new(ErrorKind::Timeout, "delete a pod"), true);
    bench.settle(&key).await;
    assert!(!bench.is_degraded(&key).await, "its pod went all the same");
    assert!(bench.world.claim(&key, "www", 1).is_some(), "its claim stays, and is no reason to remember it for ever");
    bench.world.clock().advance(Duration::from_secs(1));
    let (pass, now) = (bench.pass(&key).await, bench.engine.now());
    let at = pass.wake_at.expect("there is something to forget");
    assert!(at > now && at.since(now) <= Duration::from_secs(60), "at {now} it is to look again at {at}");
    bench.world.clock().set(at);
    bench.settle(&key).await;
    assert!(!bench.is_degraded(&key).await);
}

#[tokio::test]
async fn a_create_whose_answer_was_lost_is_found_and_not_repeated() {
    let bench = Bench::new();
    let key = bench.create(web(2).build()).await;
    bench.world.fail_next(Op::PodCreate, Error::new(ErrorKind::Timeout, "create"), true);
    bench.settle(&key).await;
    assert_eq!(bench.world.ordinals(&key), [0, 1]);
    assert_eq!(bench.world.counts().of(Op::PodCreate), 2);
}

#[tokio::test]
async fn failed_pods_are_replaced_with_growing_pauses() {
    let bench = Bench::over(FakeWorld::manual());
    bench.world.set_termination(petset_testkit::Termination::Immediate);
    let key = bench.create(web(1).build()).await;
    bench.settle(&key).await;
    let mut pauses = Vec::new();
    for _ in 0..4 {
        bench.world.fail(&key, 0);
        let died_at = bench.clock.now();
        let dead = bench.world.pod(&key, 0).map(|pod| pod.uid);
        loop {
            let _ = bench.pass(&key).await;
            if bench.world.pod(&key, 0).is_some_and(|pod| Some(pod.uid) != dead) {
                break;
            }
            bench.world.clock().advance(Duration::from_millis(50));
        }
        pauses.push(bench.clock.now().since(died_at));
    }
    assert!(pauses.windows(2).all(|pair| pair[0] <= pair[1]), "{pauses:?}");
    assert!(pauses[3] >= pauses[0] * 2, "{pauses:?}");
}

#[tokio::test]
async fn a_failed_creation_does_not_hold_up_a_scale_down() {
    let bench = Bench::new();
    let key = bench.create(web(4).build()).await;
    bench.settle(&key).await;
    bench.world.remove_pod(&key, 0);
    bench.change(&key, |set| set.spec.replicas = Some(2)).await;
    for _ in 0..20 {
        bench.world.fail_next(Op::PodCreate, Error::new(ErrorKind::Exhausted, "create").with_message("quota"), false);
        let _ = bench.pass(&key).await;
    }
    assert_eq!(bench.world.ordinals(&key), [1]);
}

#[tokio::test]
async fn a_set_that_cannot_be_read_is_told() {
    let bench = Bench::new();
    let key = bench.create(web(1).build()).await;
    let faults = Faults::with_plan(1, FaultPlan::none().on(Op::StoreGet, Fault::Fail, 1000));
    let backends = Backends { store: faults.store(Arc::clone(&bench.backends.store)), ..bench.backends.clone() };
    let engine = Engine::with_clock(backends, EngineOptions::default(), Arc::clone(&bench.clock));
    engine.pass(&key).await.expect_err("it could not be read");
    let events = engine.events();
    let told = events.past().find(|event| event.reason == EventReason::FailedObserve).expect("an event");
    assert!(told.uid.is_none() && told.warning && told.message.contains("default/web"), "{told}");
}

#[tokio::test]
async fn s18_what_holds_a_pet_up_is_told_once() {
    let bench = Bench::new();
    let key = bench.create(web(1).build()).await;
    bench.settle(&key).await;
    bench.world.vanish_volume(&key, "www", 0);
    bench.world.fail(&key, 0);
    for _ in 0..5 {
        let _ = bench.pass(&key).await;
        bench.world.clock().advance(Duration::from_secs(60));
    }
    let events = bench.engine.events();
    let told: Vec<_> = events.past().filter(|event| event.reason == EventReason::PetHeld).collect();
    assert!(told.len() == 1 && told[0].warning && told[0].message.contains("www"), "{told:?}");
    assert_eq!(told[0].uid, Some(bench.stored(&key).await.uid));
}

#[tokio::test]
async fn a_pod_that_cannot_be_ended_is_told_in_the_words_of_its_runtime() {
    let bench = Bench::over(FakeWorld::manual());
    let key = bench.create(web(1).build()).await;
    bench.settle(&key).await;
    bench.world.set_ready(&key, 0, true);
    bench.change(&key, |set| set.spec.replicas = Some(0)).await;
    bench.settle(&key).await;
    bench.world.set_trouble(&key, 0, "ContainersNotReady", "its program ends");
    bench.settle(&key).await;
    assert!(!bench.is_degraded(&key).await, "an end that goes its way is no trouble");
    bench.world.set_trouble(&key, 0, FAILED_KILL_POD, "the shim is stuck");
    bench.settle(&key).await;
    let degraded = bench.condition(&key, "Degraded").await;
    assert_eq!(degraded.reason, "PodTrouble");
    assert_eq!(degraded.message, "pet 0: FailedKillPod: the shim is stuck");
}

/// A bench whose store is the world's, which does as it is told.
fn with_a_store_that_fails() -> Bench {
    let bench = Bench::new();
    let backends = Backends { store: Arc::new(bench.world.store()), ..bench.backends.clone() };
    let engine = Engine::with_clock(backends.clone(), EngineOptions::default(), Arc::clone(&bench.clock));
    Bench { backends, engine, ..bench }
}

#[tokio::test]
async fn s18_a_revision_that_cannot_be_stored_is_told_and_nothing_is_done() {
    let bench = with_a_store_that_fails();
    let key = bench.create(web(1).build()).await;
    let forbidden = Error::new(ErrorKind::Forbidden, "write a revision").with_message("quota is used up");
    bench.world.fail_next(Op::StorePutRevision, forbidden, false);
    bench.engine.pass(&key).await.expect_err("there is no revision");
    assert_eq!(bench.world.counts().of(Op::PodCreate), 0);
    let degraded = bench.condition(&key, "Degraded").await;
    assert_eq!(degraded.reason, "NoRevision");
    assert!(degraded.message.contains("quota is used up"), "{degraded:?}");
    let events = bench.engine.events();
    let told = events.past().find(|event| event.reason == EventReason::FailedUpdate).expect("an event");
    assert!(told.warning && told.message.contains("quota is used up"), "{told}");
    bench.settle(&key).await;
    assert!(!bench.is_degraded(&key).await);
    assert_eq!(bench.world.ordinals(&key), [0]);
}

#[tokio::test]
async fn l2_a_revision_whose_name_is_somebody_elses_gets_another_one() {
    let bench = with_a_store_that_fails();
    let key = bench.create(web(1).build()).await;
    let taken = || Error::new(ErrorKind::AlreadyExists, "write a revision");
    bench.world.fail_next(Op::StorePutRevision, taken(), false);
    assert!(bench.pass(&key).await.again);
    bench.settle(&key).await;
    let stored = bench.stored(&key).await;
    assert_eq!(stored.status.collision_count, 1);
    assert_eq!(bench.world.ordinals(&key), [0]);
}
