//! How the programs of a server are started, and on which ports.

use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;

use super::identity::Identity;

/// Of the API server, and of etcd for its clients and its peers.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ports {
    pub(super) api: u16,
    pub(super) client: u16,
    pub(super) peer: u16,
}

impl Ports {
    /// Three that nobody has at this moment.
    pub(super) fn free() -> std::io::Result<Self> {
        let bind = || TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
        let held = [bind()?, bind()?, bind()?];
        let port = |at: usize| Ok::<_, std::io::Error>(held[at].local_addr()?.port());
        Ok(Self { api: port(0)?, client: port(1)?, peer: port(2)? })
    }

    /// Of one more API server over the same etcd.
    pub(super) fn beside(self) -> std::io::Result<Self> {
        Ok(Self { api: Self::free()?.api, ..self })
    }
}

pub(super) fn of_etcd(folder: &Path, ports: Ports) -> Vec<String> {
    let Ports { api: _, client, peer } = ports;
    let client = format!("http://127.0.0.1:{client}");
    let peer = format!("http://127.0.0.1:{peer}");
    vec![
        format!("--data-dir={}", folder.join("etcd").display()),
        format!("--listen-client-urls={client}"),
        format!("--advertise-client-urls={client}"),
        format!("--listen-peer-urls={peer}"),
        format!("--initial-advertise-peer-urls={peer}"),
        format!("--initial-cluster=default={peer}"),
        "--logger=zap".to_owned(),
    ]
}

/// Of an API server on this port, which finds etcd on that one.
pub(super) fn of_api(folder: &Path, identity: &Identity, port: u16, etcd: u16) -> Vec<String> {
    let key = identity.key_file.display();
    vec![
        format!("--etcd-servers=http://127.0.0.1:{etcd}"),
        "--bind-address=127.0.0.1".to_owned(),
        format!("--secure-port={port}"),
        format!("--cert-dir={}", folder.display()),
        format!("--tls-cert-file={}", identity.certificate_file.display()),
        format!("--tls-private-key-file={key}"),
        format!("--token-auth-file={}", identity.tokens_file.display()),
        "--authorization-mode=RBAC".to_owned(),
        "--disable-admission-plugins=ServiceAccount".to_owned(),
        "--service-account-issuer=https://kubernetes.default.svc".to_owned(),
        format!("--service-account-key-file={}", identity.certificate_file.display()),
        format!("--service-account-signing-key-file={key}"),
        "--service-cluster-ip-range=10.0.0.0/16".to_owned(),
        "--allow-privileged=true".to_owned(),
    ]
}
