//! One packet through all that the server does with one, without a socket: what is fuzzed.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::AtomicUsize;
use std::time::Duration;

use futures::{FutureExt, StreamExt};
use hickory_server::net::BufDnsStreamHandle;
use hickory_server::net::runtime::TokioTime;
use hickory_server::net::xfer::Protocol;
use hickory_server::server::{Request, RequestHandler, ResponseHandle};

use super::forward::Forwarders;
use super::handler::Handler;
use super::shared::SharedZone;

/// The answer to a UDP packet; `None` when it is no request, or gets no answer. Not part of the public interface.
#[doc(hidden)]
pub fn answer_packet(zone: &SharedZone, packet: &[u8]) -> Option<Vec<u8>> {
    let client = SocketAddr::from((Ipv4Addr::LOCALHOST, 5300));
    let request = Request::from_bytes(packet.to_vec(), client, Protocol::Udp).ok()?;
    let (stream, mut answers) = BufDnsStreamHandle::new(client);
    let reply = ResponseHandle::new(client, stream, Protocol::Udp);
    let forwarders = Forwarders::new(Vec::new(), Duration::ZERO);
    let handler = Handler { zone: zone.clone(), ttl: 5, forwarders, turn: AtomicUsize::new(0) };
    // Nothing is forwarded, so nothing is waited for.
    handler.handle_request::<_, TokioTime>(&request, reply).now_or_never()?;
    Some(answers.next().now_or_never()??.into_parts().0)
}
