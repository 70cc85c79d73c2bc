//! Opening a TCP connection.

use std::net::IpAddr;

use tokio::net::TcpStream;

pub(super) async fn open(host: Option<&str>, address: IpAddr, port: u16) -> Result<(), String> {
    connect(host, address, port).await.map(drop)
}

pub(super) async fn connect(host: Option<&str>, address: IpAddr, port: u16) -> Result<TcpStream, String> {
    let host = match host {
        Some(host) if !host.is_empty() => host.to_owned(),
        _ => address.to_string(),
    };
    TcpStream::connect((host.as_str(), port))
        .await
        .map_err(|error| format!("no connection to {host} port {port}: {error}"))
}
