//! Names of others: asked of the configured servers, over UDP and, when the answer is cut short, over TCP.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use hickory_proto::op::{Edns, Message, MessageType, Metadata, OpCode, Query};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::timeout;

use super::handler::Sections;

/// The servers that other names are asked of, in order.
#[derive(Debug)]
pub(super) struct Forwarders {
    servers: Vec<SocketAddr>,
    patience: Duration,
}

impl Forwarders {
    pub(super) fn new(servers: Vec<SocketAddr>, patience: Duration) -> Self {
        Self { servers, patience }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.servers.is_empty()
    }

    /// The first answer of any server, as the response to `request`; `None` when none answers.
    pub(super) async fn ask(&self, request: Metadata, query: &Query) -> Option<Sections> {
        for server in &self.servers {
            match timeout(self.patience, exchange(*server, request, query)).await {
                Ok(Ok(reply)) => return Some(sections(request, reply)),
                Ok(Err(error)) => tracing::debug!(%server, %error, "dns forwarder failed"),
                Err(_) => tracing::debug!(%server, "dns forwarder gave no answer in time"),
            }
        }
        None
    }
}

fn sections(request: Metadata, reply: Message) -> Sections {
    let mut metadata = reply.metadata;
    metadata.id = request.id;
    metadata.authoritative = false;
    metadata.recursion_desired = request.recursion_desired;
    metadata.recursion_available = true;
    // The whole answer is here, whatever the way was that it came; the server cuts it to what this client can take.
    metadata.truncation = false;
    Sections { metadata, answers: reply.answers, authorities: reply.authorities, additionals: reply.additionals }
}

async fn exchange(server: SocketAddr, request: Metadata, query: &Query) -> io::Result<Message> {
    // The id and the source port are random, so that nobody can answer in the server's place by guessing.
    let mut message = Message::query();
    message.metadata.op_code = OpCode::Query;
    message.metadata.recursion_desired = request.recursion_desired;
    message.metadata.checking_disabled = request.checking_disabled;
    message.add_query(query.clone());
    let mut edns = Edns::new();
    edns.set_max_payload(1232).set_version(0);
    message.set_edns(edns);
    let bytes = message.to_vec().map_err(io::Error::other)?;
    let reply = by_udp(server, &bytes, &message).await?;
    if reply.metadata.truncation { by_tcp(server, &bytes, &message).await } else { Ok(reply) }
}

async fn by_udp(server: SocketAddr, bytes: &[u8], asked: &Message) -> io::Result<Message> {
    let any: IpAddr = if server.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    let socket = UdpSocket::bind((any, 0)).await?;
    socket.connect(server).await?;
    socket.send(bytes).await?;
    let mut buffer = vec![0; 4096];
    loop {
        let length = socket.recv(&mut buffer).await?;
        // A reply to another question, or no DNS at all, is not waited upon but ignored; the caller's patience ends it.
        if let Some(reply) = buffer.get(..length).and_then(|bytes| accept(bytes, asked)) {
            return Ok(reply);
        }
    }
}

async fn by_tcp(server: SocketAddr, bytes: &[u8], asked: &Message) -> io::Result<Message> {
    let mut stream = TcpStream::connect(server).await?;
    let length = u16::try_from(bytes.len()).map_err(io::Error::other)?;
    stream.write_all(&length.to_be_bytes()).await?;
    stream.write_all(bytes).await?;
    let mut buffer = vec![0; usize::from(stream.read_u16().await?)];
    stream.read_exact(&mut buffer).await?;
    accept(&buffer, asked).ok_or_else(|| io::Error::other("the reply does not answer the question"))
}

fn accept(bytes: &[u8], asked: &Message) -> Option<Message> {
    let reply = Message::from_vec(bytes).ok()?;
    let fits = reply.metadata.message_type == MessageType::Response
        && reply.metadata.id == asked.metadata.id
        && reply.queries == asked.queries;
    fits.then_some(reply)
}
