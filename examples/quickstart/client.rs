//! Talking to pets as a stranger would: names through the node's DNS server, content over HTTP.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolverConfig, ResolverOpts};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::rr::RData;
use hickory_resolver::{Resolver, TokioResolver};
use http_body_util::{BodyExt, Empty};
use hyper::body::Bytes;
use hyper::{Request, header};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

type Error = Box<dyn std::error::Error + Send + Sync>;

/// No single question takes longer.
const PATIENCE: Duration = Duration::from_secs(2);

/// A resolver that asks the node's DNS server and nobody else.
pub(crate) struct Client {
    resolver: TokioResolver,
}

impl Client {
    pub(crate) fn new(server: SocketAddr) -> Result<Self, Error> {
        let mut connections = [ConnectionConfig::udp(), ConnectionConfig::tcp()];
        for connection in &mut connections {
            connection.port = server.port();
        }
        let server = NameServerConfig::new(server.ip(), true, connections.to_vec());
        let config = ResolverConfig::from_parts(None, Vec::new(), vec![server]);
        let mut options = ResolverOpts::default();
        options.cache_size = 0;
        options.timeout = PATIENCE;
        options.attempts = 1;
        let resolver =
            Resolver::builder_with_config(config, TokioRuntimeProvider::default()).with_options(options).build()?;
        Ok(Self { resolver })
    }

    /// The addresses of a full name.
    pub(crate) async fn addresses(&self, name: &str) -> Result<Vec<IpAddr>, Error> {
        Ok(self.resolver.lookup_ip(format!("{name}.")).await?.iter().collect())
    }

    /// The targets and ports behind a service.
    pub(crate) async fn services(&self, name: &str) -> Result<Vec<(String, u16)>, Error> {
        let found = self.resolver.srv_lookup(format!("{name}.")).await?;
        let mut targets = Vec::new();
        for record in found.answers() {
            if let RData::SRV(srv) = &record.data {
                targets.push((srv.target.to_utf8().trim_end_matches('.').to_owned(), srv.port));
            }
        }
        targets.sort();
        Ok(targets)
    }

    /// The content of `http://<name>:<port><path>`.
    pub(crate) async fn get(&self, name: &str, port: u16, path: &str) -> Result<String, Error> {
        let address = *self.addresses(name).await?.first().ok_or("the name has no address")?;
        tokio::time::timeout(PATIENCE, fetch(SocketAddr::new(address, port), name, path)).await?
    }
}

/// The content of a path at an address.
pub(crate) async fn fetch(address: SocketAddr, host: &str, path: &str) -> Result<String, Error> {
    let stream = TcpStream::connect(address).await?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    let driver = tokio::spawn(connection);
    let request = Request::get(path).header(header::HOST, host).body(Empty::<Bytes>::new())?;
    let response = sender.send_request(request).await?;
    let status = response.status();
    let body = response.into_body().collect().await?.to_bytes();
    driver.abort();
    if !status.is_success() {
        return Err(format!("{host}{path} answered {status}").into());
    }
    Ok(String::from_utf8_lossy(&body).into_owned())
}
