//! Single passes.

use petset_core::engine::{Outcome, Pass};
use petset_core::plan::Action;
use petset_core::store::{Cascade, Deletion};
use petset_core::{EngineOptions, Ordinal, SetKey};
use petset_testkit::{Check, Effect, FakeWorld, Op, fixtures};

use super::support::{Bench, set_image, web};

async fn delete(bench: &Bench, key: &SetKey) {
    let stored = bench.stored(key).await;
    let deletion = Deletion { cascade: Cascade::Ordered, requested_at: bench.clock.now() };
    bench.backends.store.mark_deleted(key, &stored.version, deletion).await.expect("nobody else writes");
}

#[tokio::test]
async fn s8_ordered_pods_come_one_by_one_each_ready_before_the_next() {
    let bench = Bench::over(FakeWorld::manual());
    let key = bench.create(web(3).build()).await;
    for ordinal in 0..3 {
        bench.settle(&key).await;
        assert_eq!(bench.world.ordinals(&key), (0..=ordinal).collect::<Vec<_>>());
        bench.world.set_ready(&key, ordinal, true);
    }
    bench.settle(&key).await;
    assert_eq!(bench.stored(&key).await.status.ready_replicas, 3);
}

#[tokio::test]
async fn s17_a_thousand_passes_at_goal_write_nothing() {
    let bench = Bench::new();
    let key = bench.create(web(3).build()).await;
    bench.settle(&key).await;
    let (before, version) = (bench.world.counts(), bench.stored(&key).await.version);
    for _ in 0..1_000 {
        let pass = bench.pass(&key).await;
        assert!(pass.plan.expect("the set exists").is_idle());
    }
    assert_eq!(bench.world.counts().since(&before).writes(), 0);
    assert_eq!(bench.stored(&key).await.version, version);
}

/// Time stands still, so that no status is written but those that something waits for.
#[tokio::test]
async fn s18_a_status_is_written_for_each_start_and_for_the_goal() {
    let bench = Bench::over(FakeWorld::manual());
    let key = bench.create(web(3).build()).await;
    let mut written = 0;
    for ordinal in 0..=3 {
        loop {
            let pass = bench.pass(&key).await;
            written += u32::from(pass.status_written);
            if !pass.again {
                break;
            }
        }
        if ordinal < 3 {
            bench.world.set_ready(&key, ordinal, true);
        }
    }
    assert_eq!(written, 3 + 1, "one before each start, and the last");
    assert_eq!(bench.stored(&key).await.status.ready_replicas, 3, "the goal is told at once");
}

/// What is told of a set that nobody has told of yet comes with its first pod, unless something is in the way.
#[tokio::test]
async fn s18_a_set_is_on_record_before_its_first_claim_only_where_a_policy_deletes_claims() {
    let bench = Bench::over(FakeWorld::manual());
    let kept = bench.create(web(1).build()).await;
    let pass = bench.pass(&kept).await;
    assert!(!pass.status_written && pass.again, "its claim comes first");
    let doomed = fixtures::set("doomed").claim("www").delete_claims_when_scaled().build();
    let doomed = bench.create(doomed).await;
    assert!(bench.pass(&doomed).await.status_written, "its claim belongs to it");
}

#[tokio::test]
async fn s19_an_engine_without_memory_goes_on_where_the_last_one_stopped() {
    let bench = Bench::new();
    let key = bench.create(web(5).build()).await;
    for _ in 0..100 {
        // Every pass by another engine, as if each had been killed right after it.
        let engine = bench.another_engine();
        let _ = engine.pass(&key).await.expect("the world can be seen");
    }
    assert_eq!(bench.world.ordinals(&key), [0, 1, 2, 3, 4]);
    assert_eq!(bench.stored(&key).await.status.available_replicas, 5);
}

#[tokio::test]
async fn s7_a_volume_that_vanished_is_reported_and_never_replaced() {
    let bench = Bench::new();
    let key = bench.create(web(2).build()).await;
    bench.settle(&key).await;
    let lost = bench.world.claim(&key, "www", 1).expect("it is there").uid;
    bench.world.remove_pod(&key, 1);
    bench.world.remove_claim(&key, "www", 1);
    bench.settle(&key).await;
    assert_eq!(bench.world.ordinals(&key), [0], "the pet is not started");
    assert_eq!(bench.world.counts().of(Op::ClaimProvision), 2, "no second claim was asked for");
    let degraded = bench.condition(&key, "Degraded").await;
    assert_eq!(degraded.reason, "ClaimMissing");
    assert!(degraded.message.contains("www"), "{}", degraded.message);
    assert!(degraded.message.contains(&format!("give claim {lost} up")), "{}", degraded.message);
}

#[tokio::test]
async fn s6_scaling_down_and_up_mounts_the_same_claims() {
    let bench = Bench::new();
    let key = bench.create(web(3).build()).await;
    bench.settle(&key).await;
    let before = bench.world.claim(&key, "www", 2).expect("it was claimed");
    for replicas in [1, 3] {
        bench.change(&key, |set| set.spec.replicas = Some(replicas)).await;
        bench.settle(&key).await;
    }
    assert_eq!(bench.world.claim(&key, "www", 2), Some(before));
}

#[tokio::test]
async fn retention_delete_when_scaled_takes_claims_after_their_pods_and_allows_a_fresh_start() {
    let bench = Bench::new();
    bench.world.permit(Check::ClaimsAreKept);
    let key = bench.create(web(3).delete_claims_when_scaled().build()).await;
    bench.settle(&key).await;
    bench.change(&key, |set| set.spec.replicas = Some(1)).await;
    bench.settle(&key).await;
    assert!(bench.world.claim(&key, "www", 2).is_none() && bench.world.claim(&key, "www", 0).is_some());
    bench.change(&key, |set| set.spec.replicas = Some(3)).await;
    bench.settle(&key).await;
    assert_eq!(bench.world.ordinals(&key), [0, 1, 2]);
}

#[tokio::test]
async fn s10_a_rollout_takes_a_ticket_per_pod_and_gives_every_one_back() {
    let bench = Bench::over(FakeWorld::manual());
    bench.world.set_termination(petset_testkit::Termination::Immediate);
    let key = bench.create(web(2).build()).await;
    for ordinal in 0..2 {
        bench.settle(&key).await;
        bench.world.set_ready(&key, ordinal, true);
    }
    bench.settle(&key).await;
    bench.change(&key, |set| set_image(set, "two")).await;
    let pass = bench.pass(&key).await;
    assert_eq!(pass.plan.expect("the set exists").tickets.map(|tickets| tickets.len()), Some(1));
    bench.settle(&key).await;
    let held = bench.stored(&key).await.status.tickets;
    assert_eq!(
        held.iter().map(|ticket| ticket.ordinal).collect::<Vec<_>>(),
        [Ordinal(1)],
        "held until a successor is ready"
    );
    for ordinal in [1, 0] {
        bench.world.set_ready(&key, ordinal, true);
        bench.settle(&key).await;
    }
    let status = bench.stored(&key).await.status;
    assert!(status.tickets.is_empty());
    assert_eq!(status.current_revision, status.update_revision);
}

#[tokio::test]
async fn l2_a_broken_template_that_is_reverted_heals_by_itself() {
    let bench = Bench::over(FakeWorld::manual());
    bench.world.set_termination(petset_testkit::Termination::Immediate);
    let key = bench.create(web(3).build()).await;
    for ordinal in 0..3 {
        bench.settle(&key).await;
        bench.world.set_ready(&key, ordinal, true);
    }
    bench.settle(&key).await;
    let good = bench.stored(&key).await.set;
    bench.change(&key, |set| set_image(set, "broken")).await;
    bench.settle(&key).await;
    assert_eq!(bench.world.ordinals(&key), [0, 1, 2]);
    assert!(bench.world.pod(&key, 2).expect("it stands").status.ready_since.is_none());
    let untouched = [0, 1].map(|ordinal| bench.world.pod(&key, ordinal).expect("it stands").uid);
    bench.change(&key, |set| *set = good).await;
    bench.settle(&key).await;
    bench.world.set_ready(&key, 2, true);
    bench.settle(&key).await;
    let status = bench.stored(&key).await.status;
    assert_eq!((status.available_replicas, status.updated_replicas, status.tickets.len()), (3, 3, 0));
    let still = [0, 1].map(|ordinal| bench.world.pod(&key, ordinal).expect("it stands").uid);
    assert_eq!(still, untouched, "healthy pods were not restarted by the way back");
}

#[tokio::test]
async fn s9_deleting_a_set_ends_its_pods_from_the_top_and_forgets_it() {
    let bench = Bench::new();
    let key = bench.create(web(3).build()).await;
    bench.settle(&key).await;
    bench.world.take_journal();
    let stored = bench.stored(&key).await;
    let deletion = Deletion { cascade: Cascade::Ordered, requested_at: bench.clock.now() };
    bench.backends.store.mark_deleted(&key, &stored.version, deletion).await.expect("nobody else writes");
    bench.settle(&key).await;
    let ended: Vec<_> = bench
        .world
        .take_journal()
        .into_iter()
        .filter_map(|effect| matches!(effect, Effect::PodEnded { .. }).then(|| effect.ordinal().expect("of a pet").0))
        .collect();
    assert_eq!(ended, [2, 1, 0]);
    assert!(bench.backends.store.get(&key).await.expect("readable").is_none());
    assert!(bench.world.claim(&key, "www", 0).is_some(), "volumes stay");
}

#[tokio::test]
async fn orphaned_pods_keep_running_and_a_new_set_adopts_them() {
    let bench = Bench::new();
    let key = bench.create(web(2).build()).await;
    bench.settle(&key).await;
    let uids = [0, 1].map(|ordinal| bench.world.pod(&key, ordinal).expect("it stands").uid);
    let stored = bench.stored(&key).await;
    let deletion = Deletion { cascade: Cascade::Orphan, requested_at: bench.clock.now() };
    bench.backends.store.mark_deleted(&key, &stored.version, deletion).await.expect("nobody else writes");
    bench.settle(&key).await;
    assert!(bench.world.pod(&key, 1).expect("it runs on").owner.is_none());
    bench.create(web(2).build()).await;
    bench.settle(&key).await;
    assert_eq!([0, 1].map(|ordinal| bench.world.pod(&key, ordinal).expect("it stands").uid), uids);
    assert_eq!(bench.stored(&key).await.status.available_replicas, 2);
}

#[tokio::test]
async fn s12_a_foreign_pod_keeps_its_name() {
    let bench = Bench::new();
    let key = bench.create(web(2).build()).await;
    let foreign = bench.world.foreign_pod(&key, 1, Some("somebody".into()));
    bench.settle(&key).await;
    assert_eq!(bench.world.pod(&key, 1).expect("it stands").uid, foreign.uid);
    assert_eq!(bench.condition(&key, "Degraded").await.reason, "NameTaken");
}

#[tokio::test]
async fn the_initialized_annotation_holds_every_step_after_its_pet() {
    let bench = Bench::new();
    let key = bench.create(web(3).pod_annotation("petset.rs/initialized", "false").build()).await;
    for ordinal in 0..3 {
        bench.settle(&key).await;
        assert_eq!(bench.world.ordinals(&key), (0..=ordinal).collect::<Vec<_>>());
        bench.world.set_annotation(&key, ordinal, "petset.rs/initialized", "true");
    }
    bench.settle(&key).await;
    bench.world.set_annotation(&key, 1, "petset.rs/initialized", "false");
    for replicas in [5, 1] {
        bench.change(&key, |set| set.spec.replicas = Some(replicas)).await;
        bench.settle(&key).await;
        assert_eq!(bench.world.ordinals(&key), [0, 1, 2], "neither up nor down");
    }
    bench.world.set_annotation(&key, 1, "petset.rs/initialized", "true");
    bench.settle(&key).await;
    assert_eq!(bench.world.ordinals(&key), [0]);
}

#[tokio::test]
async fn s6_a_claim_that_is_to_go_is_gone_before_its_pet_comes_back() {
    let bench = Bench::new();
    bench.world.permit(Check::ClaimsAreKept);
    let key = bench.create(web(2).delete_claims_when_scaled().build()).await;
    bench.settle(&key).await;
    let old = bench.world.claim(&key, "www", 1).expect("it was claimed").uid;
    bench.change(&key, |set| set.spec.replicas = Some(1)).await;
    // The request gets no answer: it may land at any time from now on.
    let silence = petset_core::Error::new(petset_core::ErrorKind::Timeout, "delete a claim");
    bench.world.fail_next(Op::ClaimDelete, silence, false);
    while bench.world.counts().of(Op::ClaimDelete) == 0 {
        let _ = bench.pass(&key).await;
    }
    bench.change(&key, |set| set.spec.replicas = Some(2)).await;
    bench.settle(&key).await;
    // The pet is left alone for a while after the failure.
    bench.world.clock().advance(std::time::Duration::from_secs(1));
    bench.settle(&key).await;
    let new = bench.world.claim(&key, "www", 1).expect("it is claimed anew").uid;
    assert_ne!(new, old, "the pet never used what was to be deleted under it");
    assert_eq!(bench.world.ordinals(&key), [0, 1]);
    let status = bench.stored(&key).await.status;
    assert!(status.deleting_claims.is_empty() && status.started.contains(Ordinal(1)));
}

#[tokio::test]
async fn s7_an_empty_claim_made_late_is_not_taken_for_the_one_that_was_lost() {
    let bench = Bench::new();
    let set = web(2).build();
    let key = bench.create(set.clone()).await;
    bench.settle(&key).await;
    let lost = bench.world.claim(&key, "www", 1).expect("it is there").uid;
    bench.world.remove_pod(&key, 1);
    bench.world.remove_claim(&key, "www", 1);
    // Asked for before the pet first ran, by somebody who got no answer.
    let late = fixtures::claim_requests(&set, 1).remove(0);
    bench.backends.volumes.provision(late).await.expect("it lands");
    bench.settle(&key).await;
    assert_eq!(bench.world.ordinals(&key), [0], "the pet is not started");
    let degraded = bench.condition(&key, "Degraded").await;
    assert_eq!(degraded.reason, "ClaimReplaced");
    assert!(degraded.message.contains(&format!("not claim {lost}, which it ran on")), "{}", degraded.message);
}

#[tokio::test]
async fn l2_pods_of_a_set_that_is_no_more_are_ended() {
    let bench = Bench::new();
    let set = web(2).build();
    let key = bench.create(set.clone()).await;
    bench.settle(&key).await;
    let life = bench.stored(&key).await.uid;
    delete(&bench, &key).await;
    bench.settle(&key).await;
    assert!(bench.backends.store.get(&key).await.expect("readable").is_none());
    let (late, foreign) = (fixtures::pod_request(&set, &life, 0), fixtures::pod_request(&set, &"other".into(), 1));
    for request in [late, foreign] {
        bench.backends.pods.create(request).await.expect("it lands");
    }
    let pass = bench.pass(&key).await;
    assert!(pass.gone);
    assert_eq!(bench.world.ordinals(&key), [1], "the other one is not ours (S12)");
}

#[tokio::test]
async fn l2_pods_of_an_earlier_life_make_place() {
    let bench = Bench::new();
    let set = web(1).build();
    let key = bench.create(set.clone()).await;
    bench.settle(&key).await;
    let life = bench.stored(&key).await.uid;
    delete(&bench, &key).await;
    bench.settle(&key).await;
    bench.backends.pods.create(fixtures::pod_request(&set, &life, 0)).await.expect("it lands");
    bench.create(set).await;
    bench.settle(&key).await;
    let stored = bench.stored(&key).await;
    let pod = bench.backends.pods.list(&key).await.expect("readable").remove(0);
    assert_eq!((stored.former, pod.owner), (vec![life], Some(stored.uid)));
}

/// The pets whose pods a pass took down.
fn taken_down(pass: &Pass) -> Vec<u32> {
    let is_end = |outcome: &&Outcome| matches!(outcome.action, Action::DeletePod { .. });
    pass.outcomes.iter().filter(is_end).filter_map(|outcome| Some(outcome.action.ordinal()?.0)).collect()
}

/// A set of three that is about to be updated while its first pet, which worked, is not ready.
async fn lapsed() -> (Bench, SetKey) {
    let bench = Bench::new();
    let key = bench.create(web(3).build()).await;
    bench.settle(&key).await;
    bench.world.set_ready(&key, 0, false);
    bench.change(&key, |set| set_image(set, "web:2")).await;
    (bench, key)
}

#[tokio::test]
async fn a_pod_that_was_ready_a_moment_ago_is_updated_in_its_turn() {
    let (bench, key) = lapsed().await;
    let pass = bench.pass(&key).await;
    assert_eq!(taken_down(&pass), [0_u32; 0], "nothing is taken down beside a pet that is down");
    assert_eq!(pass.wake_at, Some(bench.clock.now().after(EngineOptions::default().lapse)));
    bench.world.set_ready(&key, 0, true);
    assert_eq!(taken_down(&bench.pass(&key).await), [2], "from the highest ordinal down");
}

#[tokio::test]
async fn l2_a_pod_that_is_not_ready_again_is_updated_out_of_its_turn() {
    let (bench, key) = lapsed().await;
    assert_eq!(taken_down(&bench.pass(&key).await), [0_u32; 0]);
    bench.world.clock().advance(EngineOptions::default().lapse);
    assert_eq!(taken_down(&bench.pass(&key).await), [0]);
}

#[tokio::test]
async fn s19_an_engine_that_never_saw_a_pod_ready_does_not_wait_for_it() {
    let (bench, key) = lapsed().await;
    let pass = bench.another_engine().pass(&key).await.expect("everything works");
    assert_eq!(taken_down(&pass), [0]);
}
