//! Whom this machine asks for names.

use std::fs;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};

use tokio::task::spawn_blocking;

use super::serve::is_here;

/// Where a machine says whom it asks; the second is what a local stub server in the first asks itself.
const FILES: [&str; 2] = ["/etc/resolv.conf", "/run/systemd/resolve/resolv.conf"];

/// Name servers for names of others.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Upstream {
    /// Those that a container reaches too.
    pub(super) reachable: Vec<IpAddr>,
    /// Those that only this machine reaches: our own server asks them.
    pub(super) forwarders: Vec<SocketAddr>,
}

impl Upstream {
    pub(super) fn of_this_machine() -> Self {
        let texts = FILES.map(|file| fs::read_to_string(file).unwrap_or_default());
        Self::of_files(texts.each_ref().map(String::as_str))
    }

    /// The servers of the first file that names one which a container reaches, else those on this machine itself.
    fn of_files(texts: [&str; 2]) -> Self {
        let servers = texts.map(servers_of);
        let reachable = servers.iter().map(|all| all.iter().copied().filter(|server| !server.is_loopback()));
        let reachable: Vec<IpAddr> =
            reachable.map(Iterator::collect).find(|all: &Vec<_>| !all.is_empty()).unwrap_or_default();
        let stubs = servers[0].iter().filter(|_| reachable.is_empty());
        Self { forwarders: stubs.map(|server| SocketAddr::new(*server, 53)).collect(), reachable }
    }
}

/// Whether an engine at this address is on another machine, as far as the address says. An engine behind a socket that was
/// brought here from elsewhere says nothing.
pub(super) async fn is_remote(host: &str) -> bool {
    let address = ["tcp://", "http://"].into_iter().find_map(|scheme| host.strip_prefix(scheme));
    let Some(address) = address.map(|address| address.trim_end_matches('/').to_owned()) else { return false };
    let resolve = move || address.to_socket_addrs().is_ok_and(|mut found| found.any(|found| is_here(found.ip())));
    !spawn_blocking(resolve).await.unwrap_or(false)
}

fn servers_of(text: &str) -> Vec<IpAddr> {
    let servers = text.lines().filter_map(|line| line.trim().strip_prefix("nameserver")?.trim().parse().ok());
    servers.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_engine_at_an_address_of_another_machine_is_there() {
        // Addresses for documents, which nobody has.
        for remote in ["tcp://192.0.2.1:2375", "http://[2001:db8::1]:2375/", "tcp://nowhere.invalid:2375"] {
            assert!(is_remote(remote).await, "{remote}");
        }
        for near in ["tcp://127.0.0.1:2375", "tcp://localhost:2375", "unix:///var/run/docker.sock"] {
            assert!(!is_remote(near).await, "{near}");
        }
    }

    #[test]
    fn a_stub_on_this_machine_is_no_server_for_a_container() {
        let stub = "nameserver 127.0.0.53\noptions edns0\n";
        let far = "# from the network\nnameserver 10.0.0.2\n nameserver 10.0.0.3\nsearch example.org";
        let reachable = vec![IpAddr::from([10, 0, 0, 2]), IpAddr::from([10, 0, 0, 3])];
        assert_eq!(Upstream::of_files([far, ""]), Upstream { reachable: reachable.clone(), forwarders: vec![] });
        assert_eq!(Upstream::of_files([stub, far]), Upstream { reachable, forwarders: vec![] });
        let only_stub = Upstream { reachable: vec![], forwarders: vec![([127, 0, 0, 53], 53).into()] };
        assert_eq!(Upstream::of_files([stub, stub]), only_stub);
        assert_eq!(Upstream::of_files(["", ""]), Upstream::default());
    }
}
