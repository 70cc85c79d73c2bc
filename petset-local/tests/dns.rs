//! Real questions to the running server, over UDP and TCP.
#![cfg(feature = "dns")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use hickory_proto::op::{Edns, Message, MessageType, OpCode, Query, ResponseCode};
use hickory_proto::rr::{Name, RData, RecordType};
use petset_core::backend::{PetName, RecordSet, ServiceName, ServicePortName};
use petset_core::{ErrorKind, Ordinal, SetKey};
use petset_local::dns::{DnsOptions, DnsServer, SharedZone};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::timeout;

const PATIENCE: Duration = Duration::from_secs(10);

fn loopback() -> SocketAddr {
    (Ipv4Addr::LOCALHOST, 0).into()
}

fn address(n: u8) -> IpAddr {
    [127, 80, 0, n].into()
}

fn records(pets: impl IntoIterator<Item = (u32, bool)>) -> RecordSet {
    let port = ServicePortName { name: "http".into(), protocol: "TCP".into(), port: 8080 };
    let pets = pets.into_iter().map(|(n, ready)| PetName {
        ordinal: Ordinal(n),
        hostname: format!("web-{n}"),
        address: address(u8::try_from(n + 1).unwrap()),
        ready,
    });
    RecordSet {
        governing: Some(ServiceName { name: "web".into(), publish_not_ready: false, ports: vec![port] }),
        services: vec![ServiceName { name: "all".into(), publish_not_ready: true, ports: vec![] }],
        pets: pets.collect(),
    }
}

async fn serve(options: DnsOptions) -> (DnsServer, SharedZone) {
    let zone = SharedZone::new("Cluster.Local");
    zone.put(&SetKey::new("default", "web"), &records([(0, true), (1, true), (2, false)]));
    (DnsServer::bind(&[loopback()], options, zone.clone()).await.unwrap(), zone)
}

fn question(name: &str, kind: RecordType) -> Message {
    let mut message = Message::query();
    message.metadata.recursion_desired = true;
    message.add_query(Query::query(Name::from_ascii(name).unwrap(), kind));
    message
}

async fn udp_bytes(server: SocketAddr, bytes: &[u8]) -> Vec<u8> {
    let socket = UdpSocket::bind(loopback()).await.unwrap();
    socket.send_to(bytes, server).await.unwrap();
    let mut buffer = vec![0; 65535];
    let length = timeout(PATIENCE, socket.recv(&mut buffer)).await.expect("an answer").unwrap();
    buffer.truncate(length);
    buffer
}

async fn over_udp(server: SocketAddr, message: &Message) -> Message {
    let bytes = udp_bytes(server, &message.to_vec().unwrap()).await;
    let reply = Message::from_vec(&bytes).unwrap();
    assert_eq!(reply.metadata.id, message.metadata.id);
    assert_eq!(reply.metadata.message_type, MessageType::Response);
    reply
}

async fn over_tcp(server: SocketAddr, message: &Message) -> Message {
    let bytes = message.to_vec().unwrap();
    let mut stream = TcpStream::connect(server).await.unwrap();
    stream.write_u16(u16::try_from(bytes.len()).unwrap()).await.unwrap();
    stream.write_all(&bytes).await.unwrap();
    let mut reply = vec![0; usize::from(timeout(PATIENCE, stream.read_u16()).await.expect("an answer").unwrap())];
    stream.read_exact(&mut reply).await.unwrap();
    Message::from_vec(&reply).unwrap()
}

async fn ask(server: &DnsServer, name: &str, kind: RecordType) -> Message {
    let message = question(name, kind);
    let udp = over_udp(server.local_addr(), &message).await;
    let tcp = over_tcp(server.local_addr(), &message).await;
    assert_eq!(udp.metadata.response_code, tcp.metadata.response_code);
    assert_eq!(udp.answers.len(), tcp.answers.len());
    udp
}

fn addresses(reply: &Message) -> Vec<IpAddr> {
    let mut found: Vec<IpAddr> = reply
        .answers
        .iter()
        .filter_map(|record| if let RData::A(a) = &record.data { Some(IpAddr::V4(a.0)) } else { None })
        .collect();
    found.sort();
    found
}

fn is_negative(reply: &Message, code: ResponseCode) -> bool {
    reply.metadata.response_code == code
        && reply.metadata.authoritative
        && reply.answers.is_empty()
        && matches!(reply.authorities.as_slice(), [soa] if soa.record_type() == RecordType::SOA)
}

#[tokio::test]
async fn a_of_a_pet_with_the_ttl_of_kubernetes() {
    let (server, _zone) = serve(DnsOptions::default()).await;
    let reply = ask(&server, "web-1.web.default.svc.cluster.local.", RecordType::A).await;
    assert_eq!(reply.metadata.response_code, ResponseCode::NoError);
    assert!(reply.metadata.authoritative);
    assert_eq!(addresses(&reply), [address(2)]);
    assert_eq!(reply.answers[0].ttl, 5);
}

#[tokio::test]
async fn names_have_no_case_and_come_back_as_asked() {
    let (server, _zone) = serve(DnsOptions::default()).await;
    let reply = ask(&server, "WeB-0.wEb.DEFAULT.Svc.cluster.LOCAL.", RecordType::A).await;
    assert_eq!(addresses(&reply), [address(1)]);
    assert_eq!(reply.answers[0].name.to_ascii(), "WeB-0.wEb.DEFAULT.Svc.cluster.LOCAL.");
}

#[tokio::test]
async fn unready_pets_only_where_the_service_publishes_them() {
    let (server, zone) = serve(DnsOptions::default()).await;
    let reply = ask(&server, "web-2.web.default.svc.cluster.local.", RecordType::A).await;
    assert!(is_negative(&reply, ResponseCode::NXDomain), "{reply}");
    let reply = ask(&server, "web.default.svc.cluster.local.", RecordType::A).await;
    assert_eq!(addresses(&reply), [address(1), address(2)]);
    let reply = ask(&server, "all.default.svc.cluster.local.", RecordType::A).await;
    assert_eq!(addresses(&reply), [address(1), address(2), address(3)]);
    zone.put(&SetKey::new("default", "web"), &records([(0, true), (1, true), (2, true)]));
    let reply = ask(&server, "web-2.web.default.svc.cluster.local.", RecordType::A).await;
    assert_eq!(addresses(&reply), [address(3)]);
}

#[tokio::test]
async fn aaaa_of_an_existing_name_is_empty_and_no_error() {
    let (server, _zone) = serve(DnsOptions::default()).await;
    for name in ["web-0.web.default.svc.cluster.local.", "web.default.svc.cluster.local.", "default.svc.cluster.local."]
    {
        let reply = ask(&server, name, RecordType::AAAA).await;
        assert!(is_negative(&reply, ResponseCode::NoError), "{name}: {reply}");
    }
}

#[tokio::test]
async fn srv_of_a_port_and_of_the_bare_service_with_addresses() {
    let (server, _zone) = serve(DnsOptions::default()).await;
    for name in ["_http._tcp.web.default.svc.cluster.local.", "web.default.svc.cluster.local."] {
        let reply = ask(&server, name, RecordType::SRV).await;
        let mut targets: Vec<_> = reply
            .answers
            .iter()
            .map(|record| {
                let RData::SRV(srv) = &record.data else { panic!("{record}") };
                (srv.target.to_ascii(), srv.port)
            })
            .collect();
        targets.sort();
        let expected: Vec<_> = (0..2).map(|n| (format!("web-{n}.web.default.svc.cluster.local."), 8080)).collect();
        assert_eq!(targets, expected, "{name}");
        assert_eq!(reply.additionals.len(), 2, "{name}");
        assert!(reply.additionals.iter().all(|record| record.record_type() == RecordType::A));
    }
    let reply = ask(&server, "_http._udp.web.default.svc.cluster.local.", RecordType::SRV).await;
    assert!(is_negative(&reply, ResponseCode::NXDomain));
}

#[tokio::test]
async fn ptr_names_the_pet_of_an_address() {
    let (server, _zone) = serve(DnsOptions::default()).await;
    let reply = ask(&server, "1.0.80.127.in-addr.arpa.", RecordType::PTR).await;
    assert_eq!(reply.answers.len(), 1);
    assert_eq!(reply.answers[0].data.to_string(), "web-0.web.default.svc.cluster.local.");
    let reply = ask(&server, "77.0.80.127.in-addr.arpa.", RecordType::PTR).await;
    assert_eq!(reply.metadata.response_code, ResponseCode::Refused);
}

#[tokio::test]
async fn unknown_below_the_domain_is_nxdomain_and_others_are_refused() {
    let (server, _zone) = serve(DnsOptions::default()).await;
    for name in ["web-9.web.default.svc.cluster.local.", "nosuch.default.svc.cluster.local.", "x.cluster.local."] {
        assert!(is_negative(&ask(&server, name, RecordType::A).await, ResponseCode::NXDomain), "{name}");
    }
    for name in ["example.org.", "notcluster.local.", "."] {
        let reply = ask(&server, name, RecordType::A).await;
        assert_eq!(reply.metadata.response_code, ResponseCode::Refused, "{name}");
        assert!(!reply.metadata.authoritative);
    }
    let reply = ask(&server, "cluster.local.", RecordType::SOA).await;
    assert_eq!(reply.answers.len(), 1);
}

#[tokio::test]
async fn answers_of_a_service_rotate() {
    let (server, _zone) = serve(DnsOptions::default()).await;
    let mut first = std::collections::BTreeSet::new();
    for _ in 0..4 {
        let reply = over_udp(server.local_addr(), &question("web.default.svc.cluster.local.", RecordType::A)).await;
        first.insert(reply.answers[0].data.to_string());
    }
    assert_eq!(first.len(), 2);
}

#[tokio::test]
async fn a_large_service_is_cut_over_udp_and_whole_over_tcp() {
    let (server, zone) = serve(DnsOptions::default()).await;
    zone.put(&SetKey::new("default", "web"), &records((0..200).map(|n| (n, true))));
    let mut message = question("web.default.svc.cluster.local.", RecordType::A);
    let small = over_udp(server.local_addr(), &message).await;
    assert!(small.metadata.truncation);
    assert!(small.to_vec().unwrap().len() <= 512);
    assert_eq!(addresses(&over_tcp(server.local_addr(), &message).await).len(), 200);
    let mut edns = Edns::new();
    edns.set_max_payload(4096);
    message.set_edns(edns);
    let larger = over_udp(server.local_addr(), &message).await;
    assert!(larger.answers.len() > small.answers.len());
    assert!(larger.edns.is_some());
}

#[tokio::test]
async fn other_requests_are_answered_with_an_error() {
    let (server, _zone) = serve(DnsOptions::default()).await;
    let mut update = question("web.default.svc.cluster.local.", RecordType::A);
    update.metadata.op_code = OpCode::Status;
    assert_eq!(over_udp(server.local_addr(), &update).await.metadata.response_code, ResponseCode::NotImp);
    let mut two = question("web.default.svc.cluster.local.", RecordType::A);
    two.add_query(two.queries[0].clone());
    assert_eq!(over_udp(server.local_addr(), &two).await.metadata.response_code, ResponseCode::FormErr);
    let mut newer = question("web.default.svc.cluster.local.", RecordType::A);
    let mut edns = Edns::new();
    edns.set_version(7);
    newer.set_edns(edns);
    // BADVERS; the same number means BADSIG where there is a signature.
    let code = over_udp(server.local_addr(), &newer).await.metadata.response_code;
    assert_eq!(u16::from(code), u16::from(ResponseCode::BADVERS));
}

#[tokio::test]
async fn garbage_never_stops_it() {
    let (server, _zone) = serve(DnsOptions::default()).await;
    let socket = UdpSocket::bind(loopback()).await.unwrap();
    let good = question("web-0.web.default.svc.cluster.local.", RecordType::A).to_vec().unwrap();
    let mut seed: u64 = 42;
    let mut random = move || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        u8::try_from(seed >> 56).unwrap()
    };
    for round in 0..2000_usize {
        let mut bytes = good.clone();
        match round % 4 {
            0 => bytes.truncate(round / 4 % good.len()),
            1 => bytes.iter_mut().for_each(|byte| *byte = random()),
            2 => {
                let at = usize::from(random()) % bytes.len();
                bytes[at] = random();
            }
            // A name that points at itself, and counts that promise more than there is.
            _ => {
                bytes[4..12].fill(0xff);
                bytes.truncate(12);
                bytes.extend([0xc0, 12, 0, 1, 0, 1]);
            }
        }
        socket.send_to(&bytes, server.local_addr()).await.unwrap();
    }
    let mut stream = TcpStream::connect(server.local_addr()).await.unwrap();
    stream.write_all(&[0xff, 0xff, 1, 2, 3]).await.unwrap();
    let mut other = TcpStream::connect(server.local_addr()).await.unwrap();
    other.write_all(&[0, 0, 0, 5, 1, 2, 3, 4, 5]).await.unwrap();
    let reply = ask(&server, "web-0.web.default.svc.cluster.local.", RecordType::A).await;
    assert_eq!(addresses(&reply), [address(1)]);
}

#[tokio::test]
async fn names_of_others_are_asked_of_the_forwarder() {
    let (upstream, _zone) = serve(DnsOptions::default()).await;
    let mut options = DnsOptions::default();
    // The first one is silent, the second answers.
    let silent = UdpSocket::bind(loopback()).await.unwrap();
    options.forwarders = vec![silent.local_addr().unwrap(), upstream.local_addr()];
    options.forward_timeout = Duration::from_millis(200);
    let zone = SharedZone::new("other.zone");
    let server = DnsServer::bind(&[loopback()], options.clone(), zone).await.unwrap();
    let reply = ask(&server, "web-0.web.default.svc.cluster.local.", RecordType::A).await;
    assert_eq!(addresses(&reply), [address(1)]);
    assert!(reply.metadata.recursion_available && !reply.metadata.authoritative);
    let reply = ask(&server, "nosuch.default.svc.cluster.local.", RecordType::A).await;
    assert_eq!(reply.metadata.response_code, ResponseCode::NXDomain);

    options.forwarders.truncate(1);
    let server = DnsServer::bind(&[loopback()], options, SharedZone::new("other.zone")).await.unwrap();
    let reply = over_udp(server.local_addr(), &question("example.org.", RecordType::A)).await;
    assert_eq!(reply.metadata.response_code, ResponseCode::ServFail);
}

#[tokio::test]
async fn a_forwarded_answer_that_is_cut_is_asked_for_again_over_tcp() {
    let (upstream, zone) = serve(DnsOptions::default()).await;
    zone.put(&SetKey::new("default", "web"), &records((0..200).map(|n| (n, true))));
    let mut options = DnsOptions::default();
    options.forwarders = vec![upstream.local_addr()];
    let server = DnsServer::bind(&[loopback()], options, SharedZone::new("other.zone")).await.unwrap();
    let message = question("web.default.svc.cluster.local.", RecordType::A);
    assert_eq!(addresses(&over_tcp(server.local_addr(), &message).await).len(), 200);
    assert!(over_udp(server.local_addr(), &message).await.metadata.truncation);
}

#[tokio::test]
async fn shutdown_closes_the_sockets_and_a_taken_address_is_an_error() {
    let (server, zone) = serve(DnsOptions::default()).await;
    let address = server.local_addr();
    let error = DnsServer::bind(&[address], DnsOptions::default(), zone.clone()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
    assert!(error.to_string().contains(&address.to_string()));
    timeout(PATIENCE, server.shutdown()).await.expect("an end");
    let again = DnsServer::bind(&[address], DnsOptions::default(), zone).await.unwrap();
    assert_eq!(again.local_addr(), address);
}

#[tokio::test]
async fn the_ttl_stays_within_five_to_thirty_seconds() {
    for (asked, given) in [(1, 5), (20, 20), (600, 30)] {
        let mut options = DnsOptions::default();
        options.ttl = Duration::from_secs(asked);
        let (server, _zone) = serve(options).await;
        let reply = ask(&server, "web-0.web.default.svc.cluster.local.", RecordType::A).await;
        assert_eq!(reply.answers[0].ttl, given);
    }
}
