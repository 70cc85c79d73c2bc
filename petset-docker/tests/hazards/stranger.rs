//! Somebody else starts what we end, and restarts what we keep.

use bollard::query_parameters::{RestartContainerOptionsBuilder, StartContainerOptions};
use petset_core::backend::{Created, PodBackend};

use crate::ground::{behind, engine};
use crate::hand::Of;
use crate::place::Place;
use crate::support::{create, end, ids, inspected, only, open, running, until_gone, until_ready};

#[tokio::test(flavor = "multi_thread")]
async fn s2_a_container_that_a_stranger_starts_between_its_end_and_its_removal_is_ended_again() {
    let place = Place::new();
    let (hand, node) = behind(&place, engine()).await;
    let pods = node.pods();
    let pod = create(&pods, running(&place)).await;
    until_ready(&pods, &place).await;
    let app = ids(&place, "container").await.remove(0);
    hand.hold(Of("DELETE", "/containers/"), 0);
    end(&pods, &pod).await;
    hand.until_held().await;
    assert!(inspected(&place, &app).await.contains("\"Running\":false"), "it was ended");
    place.engine.start_container(&app, None::<StartContainerOptions>).await.expect("it starts");
    assert!(only(&pods, &place).await.is_some_and(|there| there.uid == pod.uid && there.terminating));
    let taken = pods.create(running(&place)).await.expect("an answer");
    assert!(matches!(taken, Created::AlreadyThere(there) if there.uid == pod.uid));
    // The engine refuses to remove what runs, so it is still there, and the pod with it.
    hand.let_go();
    until_gone(&pods, &place).await;
    assert!(ids(&place, "sandbox").await.is_empty() && ids(&place, "container").await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn s1_l1_a_container_that_a_stranger_restarts_is_one_container_and_ready_again() {
    let place = Place::new();
    let node = open(&place).await;
    let pods = node.pods();
    let pod = create(&pods, running(&place)).await;
    for _ in 0..5 {
        until_ready(&pods, &place).await;
        let app = ids(&place, "container").await.remove(0);
        let options = RestartContainerOptionsBuilder::default().t(5).build();
        // It may have been removed in between, because it had ended: then there is nothing to restart.
        let _ = place.engine.restart_container(&app, Some(options)).await;
        assert_eq!(until_ready(&pods, &place).await.uid, pod.uid);
        assert!(ids(&place, "container").await.len() <= 1);
    }
    end(&pods, &pod).await;
    until_gone(&pods, &place).await;
    assert!(ids(&place, "container").await.is_empty());
}
