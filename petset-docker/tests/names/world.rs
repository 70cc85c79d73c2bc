//! Pods that ask for names.

use std::net::IpAddr;
use std::time::Duration;

use bollard::exec::StartExecResults;
use bollard::models::ExecConfig;
use futures::TryStreamExt;
use petset_core::Ordinal;
use petset_core::backend::{
    NameResolver, PetName, Pod, PodBackend, PodRequest, RecordSet, ServiceName, ServicePortName,
};
use petset_docker::names::DockerNames;
use petset_docker::node::Node;

use crate::place::Place;
use crate::support::running;

const LOOK: Duration = Duration::from_millis(20);
pub(crate) const NOBODY: [IpAddr; 0] = [];

/// `web-<ordinal>`, which asks as pods of a set do.
pub(crate) fn asking(place: &Place, ordinal: u32) -> PodRequest {
    let mut request = running(place);
    request.ordinal = Ordinal(ordinal);
    std::sync::Arc::make_mut(&mut request.template).spec.hostname = Some(format!("web-{ordinal}"));
    request.dns.searches = vec![
        format!("{}.svc.cluster.local", place.namespace),
        "svc.cluster.local".to_owned(),
        "cluster.local".to_owned(),
    ];
    request
}

/// A pod that runs, and its address.
pub(crate) async fn run(node: &Node, place: &Place, ordinal: u32) -> (Pod, IpAddr) {
    let pods = node.pods();
    pods.create(asking(place, ordinal)).await.expect("a pod");
    loop {
        let found = pods.list(&place.set("web")).await.expect("lists");
        let ready = |pod: &Pod| pod.ordinal == Ordinal(ordinal) && pod.status.ready_since.is_some();
        if let Some(pod) = found.into_iter().find(ready) {
            let address = pod.status.addresses[0];
            return (pod, address);
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// What a command in a container prints, whether a controller runs or not.
pub(crate) async fn ask(place: &Place, container: &str, command: &[&str]) -> String {
    let config = ExecConfig {
        attach_stdout: Some(true),
        attach_stderr: Some(true),
        cmd: Some(command.iter().map(|word| (*word).to_owned()).collect()),
        ..ExecConfig::default()
    };
    let exec = place.engine.create_exec(container, config).await.expect("makes an exec").id;
    match place.engine.start_exec(&exec, None).await.expect("starts an exec") {
        StartExecResults::Attached { output, .. } => {
            output.map_ok(|part| part.to_string()).try_collect::<Vec<_>>().await.expect("output").concat()
        }
        StartExecResults::Detached => panic!("detached"),
    }
}

/// The addresses of a name as a program in a container gets them, through search domains too.
pub(crate) async fn addresses(place: &Place, container: &str, name: &str) -> Vec<IpAddr> {
    let answer = ask(place, container, &["nslookup", "-type=a", name]).await;
    // The first address is the server's own.
    let found = answer.lines().filter_map(|line| line.strip_prefix("Address: ")?.trim().parse().ok());
    let mut found: Vec<IpAddr> = found.collect();
    found.sort();
    found
}

/// The name of an address as a program in a container gets it.
pub(crate) async fn name_of(place: &Place, container: &str, address: IpAddr) -> String {
    let answer = ask(place, container, &["nslookup", &address.to_string()]).await;
    let names: Vec<&str> = answer.lines().filter_map(|line| Some(line.split_once("name = ")?.1.trim())).collect();
    assert_eq!(names.len(), 1, "{answer}");
    names[0].to_owned()
}

/// What a service of pets publishes; each is an ordinal, an address, and whether it is ready.
pub(crate) fn records(pets: &[(u32, IpAddr, bool)]) -> RecordSet {
    let port = ServicePortName { name: "web".to_owned(), protocol: "tcp".to_owned(), port: 80 };
    let pet = |&(ordinal, address, ready): &(u32, IpAddr, bool)| PetName {
        ordinal: Ordinal(ordinal),
        hostname: format!("web-{ordinal}"),
        address,
        ready,
    };
    RecordSet {
        governing: Some(ServiceName { name: "nginx".to_owned(), publish_not_ready: false, ports: vec![port] }),
        services: vec![ServiceName { name: "nginx-read".to_owned(), ..ServiceName::default() }],
        pets: pets.iter().map(pet).collect(),
    }
}

pub(crate) async fn publish(names: &DockerNames, place: &Place, pets: &[(u32, IpAddr, bool)]) {
    names.publish(&place.set("web"), &records(pets)).await.expect("publishes");
}

/// The name of the namespace's network.
pub(crate) fn network(place: &Place) -> String {
    format!("{}.petset", place.namespace)
}

/// The socket of an earlier controller closes in its own time.
pub(crate) async fn until_served(names: &DockerNames, place: &Place) {
    while names.troubles().await.contains_key(&network(place)) {
        tokio::time::sleep(LOOK).await;
    }
}
