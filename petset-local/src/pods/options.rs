//! What an embedder may set about pods.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use petset_core::backend::RestartBackoff;

/// What an embedder may set about pods. The default is what Kubernetes does.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct PodOptions {
    /// Pauses between restarts in place.
    pub backoff: RestartBackoff,
    /// How large the logs of a container grow.
    pub logs: LogLimits,
    /// Paths of the host that a `hostPath` volume may name, each with everything below it. None by default (S22).
    pub allowed_host_paths: Vec<PathBuf>,
    /// Whether pods get a hostname, hosts file and mounts of their own where the kernel allows it. On by default; when
    /// off, templates that need them are refused.
    pub namespaces: bool,
    /// What `spec.nodeName` is in a pod; the machine's hostname when `None`.
    pub node_name: Option<String>,
    /// What `status.hostIP` is in a pod.
    pub host_ip: Option<IpAddr>,
}

impl Default for PodOptions {
    fn default() -> Self {
        Self {
            backoff: RestartBackoff::default(),
            logs: LogLimits::default(),
            allowed_host_paths: Vec::new(),
            namespaces: true,
            node_name: None,
            host_ip: None,
        }
    }
}

/// How large the logs of a container grow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct LogLimits {
    /// A log that is larger is rotated. Default 10 MiB.
    pub max_bytes: u64,
    /// How many old logs are kept, besides the current one. Default 1.
    pub keep: u32,
    /// How often sizes are looked at. Default 10 s.
    pub interval: Duration,
}

impl Default for LogLimits {
    fn default() -> Self {
        Self { max_bytes: 10 << 20, keep: 1, interval: Duration::from_secs(10) }
    }
}

impl LogLimits {
    /// Logs of at most about `max_bytes`, with `keep` old ones.
    pub fn new(max_bytes: u64, keep: u32) -> Self {
        Self { max_bytes, keep, ..Self::default() }
    }
}
