//! Our name server on the gateway of one network.

use std::error::Error as _;
use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};

use petset_core::Error;
use petset_local::dns::{DnsOptions, DnsServer, SharedZone};

/// Whether our server answers on a gateway.
#[derive(Debug)]
pub(super) enum Service {
    /// It does, as long as this lives.
    Ours(#[expect(dead_code, reason = "it answers until it is dropped")] DnsServer),
    /// Somebody else does: another controller, whose place is taken when it ends, or a foreign name server.
    Theirs(String),
    /// Nobody can from here.
    Impossible(String),
}

impl Service {
    /// Starts the server on the network's gateway.
    pub(super) async fn start(gateway: Option<IpAddr>, options: DnsOptions, zone: SharedZone) -> Self {
        let Some(gateway) = gateway else { return Self::Impossible("the network has no gateway".to_owned()) };
        match DnsServer::bind(&[SocketAddr::new(gateway, 53)], options, zone).await {
            Ok(server) => Self::Ours(server),
            Err(error) if io_kind(&error) == Some(io::ErrorKind::AddrInUse) => Self::Theirs(error.chain().to_string()),
            Err(error) => Self::Impossible(error.chain().to_string()),
        }
    }

    /// Whether containers should ask at the gateway.
    pub(super) fn is_worth_asking(&self) -> bool {
        match self {
            Self::Ours(_) | Self::Theirs(_) => true,
            Self::Impossible(_) => false,
        }
    }

    /// Why our server does not answer there, if so.
    pub(super) fn trouble(&self) -> Option<&str> {
        match self {
            Self::Ours(_) => None,
            Self::Theirs(why) | Self::Impossible(why) => Some(why),
        }
    }
}

/// Whether an address is one of this machine, where a server can listen.
pub(super) fn is_here(address: IpAddr) -> bool {
    UdpSocket::bind((address, 0)).is_ok()
}

fn io_kind(error: &Error) -> Option<io::ErrorKind> {
    Some(error.source()?.downcast_ref::<io::Error>()?.kind())
}
