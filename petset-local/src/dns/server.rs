//! The running server: sockets in, tasks, and their end.

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::AtomicUsize;
use std::time::Duration;

use hickory_server::Server;
use petset_core::{Error, ErrorKind, Result};
use tokio::net::{TcpListener, UdpSocket};

use super::forward::Forwarders;
use super::handler::Handler;
use super::shared::SharedZone;

/// How long a TCP connection may stay silent.
const TCP_PATIENCE: Duration = Duration::from_secs(10);
/// Answers that may wait for a slow TCP client.
const TCP_BACKLOG: usize = 32;
/// How often a free port is looked for that is free for UDP and for TCP.
const PORT_TRIES: usize = 16;

/// How the server answers.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct DnsOptions {
    /// How long clients may remember an answer; 5 seconds unless said, kept within 5 to 30 seconds as Kubernetes does.
    pub ttl: Duration,
    /// Servers that names outside of the zone are asked of, in order. Without any, such names are refused.
    pub forwarders: Vec<SocketAddr>,
    /// How long each forwarder may take.
    pub forward_timeout: Duration,
}

impl Default for DnsOptions {
    fn default() -> Self {
        Self { ttl: Duration::from_secs(5), forwarders: Vec::new(), forward_timeout: Duration::from_secs(2) }
    }
}

/// A DNS server on UDP and TCP that answers from a [`SharedZone`].
///
/// It stops when it is dropped; [`shutdown`](Self::shutdown) also waits until its sockets are closed.
pub struct DnsServer {
    addresses: Vec<SocketAddr>,
    server: Server<Handler>,
}

impl std::fmt::Debug for DnsServer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DnsServer").field("addresses", &self.addresses).finish_non_exhaustive()
    }
}

impl DnsServer {
    /// Listens on each of `addresses`, on UDP and TCP. Port 0 takes any port that is free for both.
    ///
    /// # Errors
    /// `Unavailable` when an address is taken or not of this machine, `Forbidden` when the port needs more rights, and
    /// `Invalid` when there is no address at all.
    pub async fn bind(addresses: &[SocketAddr], options: DnsOptions, zone: SharedZone) -> Result<Self> {
        let DnsOptions { ttl, forwarders, forward_timeout } = options;
        if addresses.is_empty() {
            return Err(Error::new(ErrorKind::Invalid, "start the DNS server").with_message("it has no address"));
        }
        let handler = Handler {
            zone,
            ttl: u32::try_from(ttl.as_secs()).unwrap_or(u32::MAX).clamp(5, 30),
            forwarders: Forwarders::new(forwarders, forward_timeout),
            turn: AtomicUsize::new(0),
        };
        let mut server = Server::new(handler);
        let mut bound = Vec::with_capacity(addresses.len());
        for address in addresses {
            let (udp, tcp) = both(*address).await.map_err(|error| refused(*address, error))?;
            bound.push(udp.local_addr().map_err(|error| refused(*address, error))?);
            server.register_socket(udp);
            server.register_listener(tcp, TCP_PATIENCE, TCP_BACKLOG);
        }
        Ok(Self { addresses: bound, server })
    }

    /// The first address it listens on, with the port that it got.
    pub fn local_addr(&self) -> SocketAddr {
        self.addresses[0]
    }

    /// Every address it listens on.
    pub fn local_addrs(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// Stops answering and returns when the sockets are closed.
    pub async fn shutdown(mut self) {
        if let Err(error) = self.server.shutdown_gracefully().await {
            tracing::debug!(%error, "dns server did not end cleanly");
        }
    }
}

async fn both(address: SocketAddr) -> io::Result<(UdpSocket, TcpListener)> {
    let mut tries = 0;
    loop {
        let udp = UdpSocket::bind(address).await?;
        match TcpListener::bind(udp.local_addr()?).await {
            Ok(tcp) => return Ok((udp, tcp)),
            Err(error) if address.port() == 0 && error.kind() == io::ErrorKind::AddrInUse && tries < PORT_TRIES => {
                tries += 1;
            }
            Err(error) => return Err(error),
        }
    }
}

fn refused(address: SocketAddr, error: io::Error) -> Error {
    let forbidden = error.kind() == io::ErrorKind::PermissionDenied;
    let kind = if forbidden { ErrorKind::Forbidden } else { ErrorKind::Unavailable };
    Error::new(kind, "start the DNS server").with_context("address", address).with_source(error)
}
