//! An engine that is removing a container says so, and has not removed it.

use bollard::query_parameters::RemoveContainerOptions;
use petset_core::backend::{Created, PodBackend};

use crate::ground::{behind, engine};
use crate::hand::Of;
use crate::place::Place;
use crate::support::{create, end, ids, only, open, running, until_gone, until_ready};

#[tokio::test(flavor = "multi_thread")]
async fn s2_a_removal_in_progress_is_no_end() {
    let place = Place::new();
    let (hand, node) = behind(&place, engine()).await;
    let pods = node.pods();
    let pod = create(&pods, running(&place)).await;
    until_ready(&pods, &place).await;
    let app = ids(&place, "container").await.remove(0);
    hand.refuse(Of("DELETE", "/containers/"), 409, &format!("removal of container {app} is already in progress"));
    end(&pods, &pod).await;
    hand.until_answered(3).await;
    let there = only(&pods, &place).await.expect("it has not ended");
    assert!(there.uid == pod.uid && there.terminating, "{there:#?}");
    let taken = pods.create(running(&place)).await.expect("an answer");
    assert!(matches!(taken, Created::AlreadyThere(there) if there.uid == pod.uid));
    assert_eq!((ids(&place, "sandbox").await.len(), ids(&place, "container").await), (1, vec![app]));
    hand.mend();
    until_gone(&pods, &place).await;
    assert!(ids(&place, "sandbox").await.is_empty() && ids(&place, "container").await.is_empty());
    create(&pods, running(&place)).await;
    until_ready(&pods, &place).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn s2_l2_an_end_and_a_removal_by_force_at_the_same_time_leave_nothing() {
    let place = Place::new();
    let node = open(&place).await;
    let pods = node.pods();
    for _ in 0..8 {
        let pod = create(&pods, running(&place)).await;
        until_ready(&pods, &place).await;
        let app = ids(&place, "container").await.remove(0);
        let force = Some(RemoveContainerOptions { force: true, ..RemoveContainerOptions::default() });
        // Whoever comes second hears that there is nothing, or that it is going: either is fine.
        let ((), _, _) = tokio::join!(
            end(&pods, &pod),
            place.engine.remove_container(&app, force.clone()),
            place.engine.remove_container(pod.uid.as_str(), force),
        );
        until_gone(&pods, &place).await;
        assert!(ids(&place, "sandbox").await.is_empty() && ids(&place, "container").await.is_empty());
    }
}
