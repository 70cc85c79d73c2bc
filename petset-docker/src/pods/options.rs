//! What an embedder may set about pods.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::path::PathBuf;

use petset_core::backend::RestartBackoff;

/// What an embedder may set about pods. The default is what Kubernetes does, and nothing that reaches the host (S22).
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct PodOptions {
    /// Pauses between restarts in place, and between tries to pull an image.
    pub backoff: RestartBackoff,
    /// The image of the container that is the pod. It has to do nothing for as long as it is let.
    pub sandbox_image: String,
    /// The program of that image, with its arguments; the image's own when empty.
    pub sandbox_command: Vec<String>,
    /// Paths of the engine's host that a `hostPath` volume may name, each with everything below it. None by default. The
    /// engine's socket is allowed only when it is named itself. Nobody whom you do not trust with the whole host may write
    /// below such a path, and no pod: a link that is made there leads a `hostPath` below it anywhere.
    pub allowed_host_paths: Vec<PathBuf>,
    /// Capabilities that containers may add. By default those that Kubernetes' baseline standard allows.
    pub allowed_capabilities: BTreeSet<String>,
    /// Whether containers may be privileged. Such a container owns the host.
    pub allow_privileged: bool,
    /// Whether pods may use the host's network, processes and IPC.
    pub allow_host_namespaces: bool,
    /// What `spec.nodeName` is in a pod; the engine's name for its host when `None`.
    pub node_name: Option<String>,
    /// What `status.hostIP` is in a pod, and where a pod on the host's network is found; the host's address in the
    /// namespace's network when `None`.
    pub host_ip: Option<IpAddr>,
}

/// Kubernetes' baseline pod security standard.
const BASELINE: [&str; 13] = [
    "AUDIT_WRITE",
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "MKNOD",
    "NET_BIND_SERVICE",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_CHROOT",
];

impl Default for PodOptions {
    fn default() -> Self {
        Self {
            backoff: RestartBackoff::default(),
            sandbox_image: "registry.k8s.io/pause:3.10".to_owned(),
            sandbox_command: Vec::new(),
            allowed_host_paths: Vec::new(),
            allowed_capabilities: BASELINE.map(str::to_owned).into(),
            allow_privileged: false,
            allow_host_namespaces: false,
            node_name: None,
            host_ip: None,
        }
    }
}
