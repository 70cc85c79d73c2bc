//! An engine that restarts starts again what its restart policies say.

use std::time::Duration;

use bollard::query_parameters::InspectContainerOptions;

use crate::ground::{behind, own_engine, witnessed};
use crate::hand::Of;
use crate::place::Place;
use crate::support::{create, end, ids, only, until_gone, until_ready};
use crate::witness::{read, starts};

const LOOK: Duration = Duration::from_millis(20);

#[tokio::test(flavor = "multi_thread")]
async fn s1_an_engine_that_dies_between_an_end_and_its_removal_brings_nothing_back() {
    let Some(mut engine) = own_engine("an_engine_that_dies_between_an_end_and_its_removal") else { return };
    let place = Place::on(Some(engine.host()));
    let (hand, node) = behind(&place, engine.socket()).await;
    let pods = node.pods();
    let request = witnessed(&place, &node).await;
    let pod = create(&pods, request.clone()).await;
    until_ready(&pods, &place).await;
    for id in [ids(&place, "sandbox").await, ids(&place, "container").await].concat() {
        let seen = place.engine.inspect_container(&id, None::<InspectContainerOptions>).await.expect("it is there");
        let policy = seen.host_config.and_then(|host| host.restart_policy).and_then(|policy| policy.name);
        assert_eq!(policy.map(|name| name.to_string()).as_deref(), Some("no"), "{id}");
    }
    hand.hold(Of("DELETE", "/containers/"), 0);
    end(&pods, &pod).await;
    hand.until_held().await;
    engine.kill().expect("it dies");
    engine.raise().expect("it is back");
    let running = engine.docker(&["ps", "--quiet", "--filter", "label=petset.rs/role=container"]).expect("an answer");
    assert_eq!(running.trim(), "", "it brought something back");
    assert!(only(&pods, &place).await.is_some_and(|there| there.uid == pod.uid && there.terminating));
    hand.let_go();
    until_gone(&pods, &place).await;
    assert!(ids(&place, "sandbox").await.is_empty() && ids(&place, "container").await.is_empty());
    let next = create(&pods, request).await;
    assert_ne!(next.uid, pod.uid);
    until_ready(&pods, &place).await;
    // It signs the journal a moment after its start.
    while starts(&read(&engine.volumes()).expect("never two at once")) < 2 {
        tokio::time::sleep(LOOK).await;
    }
}
