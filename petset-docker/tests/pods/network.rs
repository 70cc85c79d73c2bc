//! The network of a namespace, from its first pod to its last.

use bollard::models::NetworkDisconnectRequest;
use bollard::query_parameters::InspectNetworkOptions;
use petset_core::backend::NameResolver;

use crate::place::Place;
use crate::support::{create, end, ids, kill, open, running, until, until_gone, until_ready};

fn network(place: &Place) -> String {
    format!("{}.petset", place.namespace)
}

async fn is_there(place: &Place) -> bool {
    place.engine.inspect_network(&network(place), None::<InspectNetworkOptions>).await.is_ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_network_goes_with_the_names_when_no_pod_is_in_it() {
    let place = Place::new();
    let node = open(&place).await;
    let (pods, names, set) = (node.pods(), node.names(), place.set("web"));
    for _ in 0..2 {
        create(&pods, running(&place)).await;
        let pod = until_ready(&pods, &place).await;
        assert!(!names.troubles().await.contains_key(&network(&place)), "{:?}", names.troubles().await);
        names.withdraw(&set).await.expect("withdrawn");
        assert!(is_there(&place).await, "it went under a pod");
        end(&pods, &pod).await;
        until_gone(&pods, &place).await;
        names.withdraw(&set).await.expect("withdrawn");
        assert!(!is_there(&place).await, "it is left");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pod_whose_network_was_removed_says_so_and_its_successor_has_one() {
    let place = Place::new();
    let node = open(&place).await;
    let pods = node.pods();
    let first = create(&pods, running(&place)).await;
    until_ready(&pods, &place).await;
    let request = NetworkDisconnectRequest { container: first.uid.to_string(), force: Some(true) };
    place.engine.disconnect_network(&network(&place), request).await.expect("it is out");
    place.engine.remove_network(&network(&place)).await.expect("nobody is in it");
    kill(&place, &ids(&place, "container").await[0]).await;
    let lost = until(&pods, &place, "the loss", |pod| pod.status.reason.as_deref() == Some("NetworkLost")).await;
    assert!(lost.status.message.is_some_and(|message| message.contains("delete the pod")));
    end(&pods, &first).await;
    until_gone(&pods, &place).await;
    create(&pods, running(&place)).await;
    until_ready(&pods, &place).await;
    let troubles = node.names().troubles().await;
    assert!(!troubles.contains_key(&network(&place)), "{troubles:?}");
}
