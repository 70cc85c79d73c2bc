//! Names as containers see them, on the engine of this machine.

use std::collections::{BTreeMap, HashMap};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bollard::Docker;
use bollard::exec::StartExecResults;
use bollard::models::{ContainerCreateBody, EndpointSettings, ExecConfig, HostConfig, NetworkingConfig};
use bollard::query_parameters::{
    CreateContainerOptions, InspectContainerOptions, RemoveContainerOptions, StartContainerOptions,
};
use futures::TryStreamExt;
use petset_core::backend::{DnsSettings, NameResolver, PetName, PodRequest, RecordSet, ServiceName, ServicePortName};
use petset_core::spec::PodTemplate;
use petset_core::{ClaimUid, ErrorKind, Ordinal, RevisionName, SetKey, SetUid};
use petset_local::dns::{DnsOptions, DnsServer, SharedZone};
use petset_local::names::LocalNames;
use tempfile::TempDir;

use super::{DockerNames, NameOptions};
use crate::client::Client;
use crate::networks::Networks;
use crate::records::Records;

const IMAGE: &str = "petset.test/busybox:1";
const NOBODY: [IpAddr; 0] = [];

/// A namespace of one's own, its network and its containers.
struct World {
    engine: Docker,
    client: Client,
    namespace: String,
    containers: Vec<String>,
    records: Records,
    _dir: TempDir,
}

impl World {
    async fn new() -> Self {
        let client = Client::connect(None).await.expect("scripts/services docker");
        let namespace = format!("t{}", &ClaimUid::random().as_str()[..8]);
        let dir = TempDir::new().expect("a directory");
        let records = Records::open(&dir.path().join("records.redb")).expect("opens");
        Self { engine: client.docker().clone(), client, namespace, containers: Vec::new(), records, _dir: dir }
    }

    fn set(&self) -> SetKey {
        SetKey::new(self.namespace.as_str(), "web")
    }

    async fn names(&self, networks: &[&str]) -> petset_core::Result<DockerNames> {
        self.names_with(networks, NameOptions::default()).await
    }

    async fn names_with(&self, networks: &[&str], options: NameOptions) -> petset_core::Result<DockerNames> {
        let named = networks.iter().map(|network| (self.namespace.clone(), (*network).to_owned())).collect();
        DockerNames::open(Networks::new(self.client.clone(), named), self.records.clone(), &options).await
    }

    fn request(&self, ordinal: u32) -> PodRequest {
        let mut template = PodTemplate::default();
        template.spec.subdomain = Some("nginx".to_owned());
        let below = |part: &str| format!("{part}svc.cluster.local");
        let searches = vec![below(&format!("{}.", self.namespace)), below(""), "cluster.local".to_owned()];
        PodRequest {
            set: self.set(),
            owner: SetUid::from("owner"),
            ordinal: Ordinal(ordinal),
            revision: RevisionName::from("web-1"),
            template: Arc::new(template),
            labels: BTreeMap::new(),
            claims: BTreeMap::new(),
            claim_uids: BTreeMap::new(),
            config: Arc::default(),
            dns: DnsSettings { domain: "cluster.local".to_owned(), servers: Vec::new(), searches },
        }
    }

    /// A container as a sandbox is made; its address.
    async fn run(&mut self, names: &DockerNames, ordinal: u32) -> IpAddr {
        let request = self.request(ordinal);
        let attached = names.attach(&request).await.expect("attaches");
        let endpoint = EndpointSettings { aliases: Some(attached.aliases), ..EndpointSettings::default() };
        let body = ContainerCreateBody {
            image: Some(IMAGE.to_owned()),
            cmd: Some(vec!["sleep".to_owned(), "600".to_owned()]),
            hostname: Some(format!("web-{ordinal}")),
            host_config: Some(HostConfig {
                network_mode: Some(attached.network.clone()),
                dns: Some(attached.servers),
                dns_search: Some(attached.searches),
                dns_options: Some(attached.options),
                ..HostConfig::default()
            }),
            networking_config: Some(NetworkingConfig {
                endpoints_config: Some(HashMap::from([(attached.network, endpoint)])),
            }),
            ..ContainerCreateBody::default()
        };
        let made = self.engine.create_container(None::<CreateContainerOptions>, body).await;
        let id = made.expect("scripts/services docker images").id;
        self.containers.push(id.clone());
        self.engine.start_container(&id, None::<StartContainerOptions>).await.expect("starts");
        let seen = self.engine.inspect_container(&id, None::<InspectContainerOptions>).await.expect("inspects");
        let networks = seen.network_settings.and_then(|settings| settings.networks).expect("networks");
        networks
            .values()
            .next()
            .expect("one network")
            .ip_address
            .as_deref()
            .expect("an address")
            .parse()
            .expect("an address")
    }

    /// What a command in the first container prints.
    async fn ask(&self, command: &[&str]) -> String {
        let config = ExecConfig {
            attach_stdout: Some(true),
            attach_stderr: Some(true),
            cmd: Some(command.iter().map(|word| (*word).to_owned()).collect()),
            ..ExecConfig::default()
        };
        let exec = self.engine.create_exec(&self.containers[0], config).await.expect("makes an exec").id;
        match self.engine.start_exec(&exec, None).await.expect("starts an exec") {
            StartExecResults::Attached { output, .. } => {
                output.map_ok(|part| part.to_string()).try_collect::<Vec<_>>().await.expect("output").concat()
            }
            StartExecResults::Detached => panic!("detached"),
        }
    }

    /// The addresses of a name as a program in the first container gets them, through search domains too.
    async fn addresses(&self, name: &str) -> Vec<IpAddr> {
        let answer = self.ask(&["nslookup", "-type=a", name]).await;
        // The first address is the server's own.
        let found = answer.lines().filter_map(|line| line.strip_prefix("Address: ")?.trim().parse().ok());
        let mut found: Vec<IpAddr> = found.collect();
        found.sort();
        found
    }

    fn records(pets: &[(u32, IpAddr, bool)]) -> RecordSet {
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

    /// The socket of an earlier controller closes in its own time.
    async fn until_served(&self, names: &DockerNames) {
        while names.troubles().await.contains_key(&crate::labels::network(&self.namespace)) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    async fn end(self) {
        for container in &self.containers {
            let force = RemoveContainerOptions { force: true, ..RemoveContainerOptions::default() };
            self.engine.remove_container(container, Some(force)).await.expect("removes");
        }
        let _ = self.engine.remove_network(&crate::labels::network(&self.namespace)).await;
    }
}

#[tokio::test]
async fn pets_resolve_each_other_by_all_their_names_and_do_so_without_us() {
    let mut world = World::new().await;
    let names = world.names(&[]).await.expect("opens");
    assert!(names.capabilities().srv);
    let (one, two) = (world.run(&names, 0).await, world.run(&names, 1).await);
    let full = format!("nginx.{}.svc.cluster.local", world.namespace);
    let own = ["web-1.nginx".to_owned(), format!("web-1.nginx.{}", world.namespace), format!("web-1.{full}")];
    for name in &own {
        assert_eq!(world.addresses(name).await, [two], "{name}");
    }
    assert_eq!(world.addresses("nginx").await, NOBODY, "nothing is published yet");

    names.publish(&world.set(), &World::records(&[(0, one, true), (1, two, false)])).await.expect("publishes");
    for name in ["nginx", "nginx-read", &full] {
        assert_eq!(world.addresses(name).await, [one], "{name}: ready pets only");
    }
    names.publish(&world.set(), &World::records(&[(0, one, true), (1, two, true)])).await.expect("publishes");
    assert_eq!(world.addresses("nginx-read").await, [one, two]);
    let services = world.ask(&["nslookup", "-type=srv", &format!("_web._tcp.{full}")]).await;
    for ordinal in [0, 1] {
        assert!(services.contains(&format!("80 web-{ordinal}.{full}")), "{services}");
    }
    let pointer = world.ask(&["nslookup", &two.to_string()]).await;
    assert!(pointer.contains("name = "), "the engine names it: {pointer}");

    drop(names);
    for name in &own {
        assert_eq!(world.addresses(name).await, [two], "{name}, while no controller runs");
    }
    assert_eq!(world.addresses("nginx").await, NOBODY);
    let again = world.names(&[]).await.expect("opens");
    again.publish(&world.set(), &World::records(&[(0, one, true)])).await.expect("publishes");
    world.until_served(&again).await;
    assert_eq!(world.addresses("nginx").await, [one], "the same containers ask the next controller");
    drop(again);
    world.end().await;
}

#[tokio::test]
async fn the_second_controller_takes_over_when_the_first_ends() {
    let mut world = World::new().await;
    let first = world.names(&[]).await.expect("opens");
    let one = world.run(&first, 0).await;
    let second = world.names(&[]).await.expect("opens");
    let network = crate::labels::network(&world.namespace);
    assert!(second.troubles().await.contains_key(&network));
    second.publish(&world.set(), &World::records(&[(0, one, true)])).await.expect("publishes");
    assert_eq!(world.addresses("nginx").await, NOBODY, "the first one answers");
    drop(first);
    world.until_served(&second).await;
    assert_eq!(world.addresses("nginx").await, [one]);
    drop(second);
    world.end().await;
}

#[tokio::test]
async fn a_network_can_be_named_and_is_never_made() {
    let mut world = World::new().await;
    let network = format!("mine-{}", world.namespace);
    let names = world.names(&[&network]).await.expect("opens");
    let missing = names.attach(&world.request(0)).await.expect_err("it is not there");
    assert_eq!(missing.kind(), ErrorKind::NotFound);
    let made = bollard::models::NetworkCreateRequest { name: network.clone(), ..Default::default() };
    world.engine.create_network(made).await.expect("makes a network");
    let one = world.run(&names, 0).await;
    assert_eq!(world.addresses("web-0.nginx").await, [one]);
    let engine = world.engine.clone();
    drop(names);
    world.end().await;
    engine.remove_network(&network).await.expect("nobody else uses it");
}

#[tokio::test]
async fn names_of_others_are_asked_of_others_with_and_without_us() {
    let mut world = World::new().await;
    // Somebody else's name server, on an address of this machine that every container reaches.
    let elsewhere = Networks::new(world.client.clone(), BTreeMap::new());
    let elsewhere = elsewhere.of(&format!("{}-others", world.namespace)).await.expect("makes a network");
    let gateway = elsewhere.gateway().expect("a gateway");
    let zone = SharedZone::new("others.test");
    let theirs = DnsServer::bind(&[SocketAddr::new(gateway, 53)], DnsOptions::default(), zone.clone()).await;
    let theirs = theirs.expect("nobody else has the place");
    let records = World::records(&[(0, [10, 9, 8, 7].into(), true)]);
    LocalNames::new(zone).publish(&world.set(), &records).await.expect("publishes");

    let options = NameOptions { upstream: Some(vec![gateway]), ..NameOptions::default() };
    let names = world.names_with(&[], options).await.expect("opens");
    world.run(&names, 0).await;
    let name = format!("nginx.{}.svc.others.test", world.namespace);
    assert_eq!(world.addresses(&name).await, [IpAddr::from([10, 9, 8, 7])], "we refuse it, and they are asked");
    drop(names);
    assert_eq!(world.addresses(&name).await, [IpAddr::from([10, 9, 8, 7])], "nobody of us answers, and they are asked");
    drop(theirs);
    world.engine.remove_network(&elsewhere.id).await.expect("nobody uses it");
    world.end().await;
}

#[tokio::test]
async fn a_network_without_names_is_refused() {
    let world = World::new().await;
    for network in ["bridge", "host", "none"] {
        let names = world.names(&[network]).await.expect("opens");
        let error = names.attach(&world.request(0)).await.expect_err(network);
        assert_eq!(error.kind(), ErrorKind::Invalid, "{error}");
        assert!(error.to_string().contains("docker network create"), "{error}");
    }
}
