//! The network of a namespace, from its first pod to its last.

use bollard::models::NetworkDisconnectRequest;
use bollard::query_parameters::InspectNetworkOptions;
use petset_core::backend::NameResolver;
use serde_json::json;

use crate::place::Place;
use crate::support::{create, end, ids, kill, open, options, request, running, script, until, until_gone, until_ready};

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
    assert_eq!((lost.status.ready_since, lost.status.addresses), (None, Vec::new()), "nobody reaches it");
    pods.shutdown().await;
    drop((pods, node));
    let node = open(&place).await;
    let pods = node.pods();
    let lost = until(&pods, &place, "the loss", |pod| pod.status.reason.as_deref() == Some("NetworkLost")).await;
    assert_eq!((lost.uid, lost.status.ready_since), (first.uid.clone(), None), "the next controller says so too");
    end(&pods, &first).await;
    until_gone(&pods, &place).await;
    create(&pods, running(&place)).await;
    until_ready(&pods, &place).await;
    let troubles = node.names().troubles().await;
    assert!(!troubles.contains_key(&network(&place)), "{troubles:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pod_on_the_network_of_the_host_is_found_where_the_host_is() {
    let place = Place::new();
    let mut options = options();
    options.allow_host_namespaces = true;
    let node = place.builder().pod_options(options.clone()).open().await.expect("opens");
    let port = std::net::TcpListener::bind("0.0.0.0:0").unwrap().local_addr().unwrap().port();
    let mut main = script("main", &format!("exec httpd -f -p {port} -h /tmp"));
    main["readinessProbe"] = json!({ "tcpSocket": { "port": port }, "periodSeconds": 1 });
    create(&node.pods(), request(&place, &json!({ "containers": [main], "hostNetwork": true }))).await;
    let pod = until_ready(&node.pods(), &place).await;
    let seen = place.engine.inspect_network(&network(&place), None::<InspectNetworkOptions>).await.unwrap();
    let gateway = seen.ipam.unwrap().config.unwrap().remove(0).gateway.unwrap();
    assert_eq!(pod.status.addresses.iter().map(ToString::to_string).collect::<Vec<_>>(), [gateway]);
    node.pods().shutdown().await;
    drop(node);
    let node = place.builder().pod_options(options).open().await.expect("opens");
    let after = until_ready(&node.pods(), &place).await;
    assert_eq!(after.status.ready_since, pod.status.ready_since, "it was found all the time");
}
