//! What resolves, to what, and by whom.

use std::net::{IpAddr, SocketAddr};

use bollard::models::NetworkCreateRequest;
use bollard::query_parameters::InspectNetworkOptions;
use petset_core::backend::NameResolver;
use petset_docker::node::Node;
use petset_local::dns::{DnsOptions, DnsServer, SharedZone};
use petset_local::names::LocalNames;

use crate::place::Place;
use crate::support::{open, options};
use crate::world::{NOBODY, addresses, ask, name_of, network, publish, records, run, until_served};

#[tokio::test(flavor = "multi_thread")]
async fn pets_resolve_each_other_by_all_their_names_and_do_so_without_us() {
    let place = Place::new();
    let node = open(&place).await;
    let names = node.names();
    assert!(names.capabilities().srv);
    let ((first, one), (_, two)) = (run(&node, &place, 0).await, run(&node, &place, 1).await);
    let asker = first.uid.as_str();
    let full = format!("nginx.{}.svc.cluster.local", place.namespace);
    let own = ["web-1.nginx".to_owned(), format!("web-1.nginx.{}", place.namespace), format!("web-1.{full}")];
    for name in &own {
        assert_eq!(addresses(&place, asker, name).await, [two], "{name}");
    }
    assert_eq!(addresses(&place, asker, "nginx").await, NOBODY, "nothing is published yet");

    publish(&names, &place, &[(0, one, true), (1, two, false)]).await;
    for name in ["nginx", "nginx-read", &full] {
        assert_eq!(addresses(&place, asker, name).await, [one], "{name}: ready pets only");
    }
    publish(&names, &place, &[(0, one, true), (1, two, true)]).await;
    assert_eq!(addresses(&place, asker, "nginx-read").await, [one, two]);
    let services = ask(&place, asker, &["nslookup", "-type=srv", &format!("_web._tcp.{full}")]).await;
    for ordinal in [0, 1] {
        assert!(services.contains(&format!("80 web-{ordinal}.{full}")), "{services}");
    }

    node.pods().shutdown().await;
    drop((names, node));
    for name in &own {
        assert_eq!(addresses(&place, asker, name).await, [two], "{name}, while no controller runs");
    }
    assert_eq!(addresses(&place, asker, "nginx").await, NOBODY);
    let node = open(&place).await;
    let names = node.names();
    publish(&names, &place, &[(0, one, true)]).await;
    until_served(&names, &place).await;
    assert_eq!(addresses(&place, asker, "nginx").await, [one], "the same containers ask the next controller");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_name_of_an_address_is_the_sandboxs_and_leads_back_to_it() {
    let place = Place::new();
    let node = open(&place).await;
    let ((first, one), (_, two)) = (run(&node, &place, 0).await, run(&node, &place, 1).await);
    let asker = first.uid.as_str();
    for (ordinal, address) in [(0, one), (1, two)] {
        let name = name_of(&place, asker, address).await;
        assert_eq!(name, format!("web-{ordinal}.{0}.petset.{0}.petset", place.namespace));
        assert_eq!(addresses(&place, asker, &name).await, [address], "{name}");
    }
    node.pods().shutdown().await;
    drop(node);
    let name = name_of(&place, asker, two).await;
    assert_eq!(addresses(&place, asker, &name).await, [two], "{name}, while no controller runs");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_second_controller_takes_over_when_the_first_ends() {
    let place = Place::new();
    let first = open(&place).await;
    let (pod, one) = run(&first, &place, 0).await;
    let second = Node::builder(place.path("other")).pod_options(options()).open().await.expect("opens");
    let names = second.names();
    run(&second, &place, 1).await;
    assert!(names.troubles().await.contains_key(&network(&place)));
    publish(&names, &place, &[(0, one, true)]).await;
    assert_eq!(addresses(&place, pod.uid.as_str(), "nginx").await, NOBODY, "the first one answers");
    first.pods().shutdown().await;
    drop(first);
    until_served(&names, &place).await;
    assert_eq!(addresses(&place, pod.uid.as_str(), "nginx").await, [one]);
}

#[tokio::test(flavor = "multi_thread")]
async fn names_of_others_are_asked_of_others_with_and_without_us() {
    let place = Place::new();
    // Somebody else's name server, on an address of this machine that every container reaches.
    let elsewhere = format!("elsewhere-{}", place.namespace);
    let labels = Some([("petset.rs/namespace".to_owned(), place.namespace.clone())].into());
    let request = NetworkCreateRequest { name: elsewhere.clone(), labels, ..NetworkCreateRequest::default() };
    place.engine.create_network(request).await.expect("makes a network");
    let seen = place.engine.inspect_network(&elsewhere, None::<InspectNetworkOptions>).await.expect("it is there");
    let gateway = seen.ipam.and_then(|ipam| ipam.config?.remove(0).gateway).expect("a gateway");
    let gateway: IpAddr = gateway.split('/').next().expect("an address").parse().expect("an address");
    let zone = SharedZone::new("others.test");
    let theirs = DnsServer::bind(&[SocketAddr::new(gateway, 53)], DnsOptions::default(), zone.clone()).await;
    let theirs = theirs.expect("nobody else has the place");
    let pets = records(&[(0, [10, 9, 8, 7].into(), true)]);
    LocalNames::new(zone).publish(&place.set("web"), &pets).await.expect("publishes");

    let node = place.builder().pod_options(options()).upstream_dns([gateway]).open().await.expect("opens");
    let (pod, _) = run(&node, &place, 0).await;
    let (asker, name) = (pod.uid.as_str(), format!("nginx.{}.svc.others.test", place.namespace));
    let theirs_is = [IpAddr::from([10, 9, 8, 7])];
    assert_eq!(addresses(&place, asker, &name).await, theirs_is, "we refuse it, and they are asked");
    node.pods().shutdown().await;
    drop(node);
    assert_eq!(addresses(&place, asker, &name).await, theirs_is, "nobody of us answers, and they are asked");
    drop(theirs);
}
