//! The network that the pods of a namespace are in.

use bollard::models::NetworkCreateRequest;
use petset_core::ErrorKind;
use petset_core::backend::PodBackend;

use crate::place::Place;
use crate::support::options;
use crate::world::{addresses, asking, run};

#[tokio::test(flavor = "multi_thread")]
async fn a_network_can_be_named_and_is_never_made() {
    let place = Place::new();
    let network = format!("mine-{}", place.namespace);
    let builder = place.builder().pod_options(options()).network(place.namespace.as_str(), network.as_str());
    let node = builder.open().await.expect("opens");
    let missing = node.pods().create(asking(&place, 0)).await.expect_err("it is not there");
    assert_eq!(missing.kind(), ErrorKind::NotFound);
    let labels = Some([("petset.rs/namespace".to_owned(), place.namespace.clone())].into());
    let request = NetworkCreateRequest { name: network, labels, ..NetworkCreateRequest::default() };
    place.engine.create_network(request).await.expect("makes a network");
    let (pod, one) = run(&node, &place, 0).await;
    assert_eq!(addresses(&place, pod.uid.as_str(), "web-0.nginx").await, [one]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_network_without_names_is_refused() {
    for network in ["bridge", "host", "none"] {
        let place = Place::new();
        let builder = place.builder().pod_options(options()).network(place.namespace.as_str(), network);
        let node = builder.open().await.expect("opens");
        let error = node.pods().create(asking(&place, 0)).await.expect_err(network);
        assert_eq!(error.kind(), ErrorKind::Invalid, "{error}");
        assert!(error.to_string().contains("docker network create"), "{error}");
    }
}
