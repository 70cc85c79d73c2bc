//! What an embedder may set about pods.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

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

/// Pauses between restarts of a container: the first restart is at once, then `initial`, doubled each time up to `max`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct RestartBackoff {
    /// The pause before the second restart. Default 10 s.
    pub initial: Duration,
    /// The longest pause. Default 5 min.
    pub max: Duration,
    /// A container that ran for so long starts over with an immediate restart. Default 10 min.
    pub reset_after: Duration,
}

impl Default for RestartBackoff {
    fn default() -> Self {
        Self { initial: Duration::from_secs(10), max: Duration::from_secs(300), reset_after: Duration::from_secs(600) }
    }
}

impl RestartBackoff {
    /// Pauses that start with `initial` and end with `max`.
    pub fn new(initial: Duration, max: Duration) -> Self {
        Self { initial, max, ..Self::default() }
    }

    /// The pause before the restart that follows the `failures`-th end in a row.
    ///
    /// ```
    /// use petset_local::pods::RestartBackoff;
    /// let seconds: Vec<_> = (1..8).map(|n| RestartBackoff::default().pause(n).as_secs()).collect();
    /// assert_eq!(seconds, [0, 10, 20, 40, 80, 160, 300]);
    /// ```
    pub fn pause(&self, failures: u32) -> Duration {
        match failures.checked_sub(2) {
            None => Duration::ZERO,
            Some(doublings) => {
                self.initial.saturating_mul(2_u32.checked_pow(doublings).unwrap_or(u32::MAX)).min(self.max)
            }
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
