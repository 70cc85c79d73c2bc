//! What may be set about a node before it is opened.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use petset_core::Result;

use super::Node;
use crate::names::NameOptions;
use crate::pods::PodOptions;
use crate::volumes::{StaticVolume, StorageClass, VolumeOptions};

/// What may be set about a [`Node`] before it is opened.
#[derive(Debug, Clone)]
#[must_use = "a builder does nothing before `open`"]
pub struct NodeBuilder {
    pub(super) dir: PathBuf,
    pub(super) host: Option<String>,
    pub(super) taken_over: BTreeSet<String>,
    pub(super) networks: BTreeMap<String, String>,
    pub(super) volumes: VolumeOptions,
    pub(super) names: NameOptions,
    pub(super) pods: PodOptions,
}

impl NodeBuilder {
    pub(super) fn new(dir: PathBuf) -> Self {
        Self {
            dir,
            host: None,
            taken_over: BTreeSet::new(),
            networks: BTreeMap::new(),
            volumes: VolumeOptions::default(),
            names: NameOptions::default(),
            pods: PodOptions::default(),
        }
    }

    /// The engine, for example `unix:///run/user/1000/docker.sock` or `tcp://10.0.0.5:2375`; unless said what
    /// `DOCKER_HOST` says, else the engine of this machine.
    pub fn host(mut self, host: impl Into<String>) -> Self {
        self.host = Some(host.into());
        self
    }

    /// The volumes of `node` are this node's from now on, also when it is opened again without this: for a node whose
    /// directory was lost. It is named by its id, which its volumes have in the label `petset.rs/node`, and which the error
    /// says where one of them is in the way.
    ///
    /// Two nodes that have the same volumes would each do with them as they like, so this is never done by itself: be sure
    /// that no process will ever open the lost directory again. Pods of `node` are not taken over: end them by hand.
    pub fn take_over(mut self, node: impl Into<String>) -> Self {
        self.taken_over.insert(node.into());
        self
    }

    /// The pods of `namespace` join `network`, which exists already; unless said a network is made per namespace.
    pub fn network(mut self, namespace: impl Into<String>, network: impl Into<String>) -> Self {
        self.networks.insert(namespace.into(), network.into());
        self
    }

    /// The cluster domain; `cluster.local` unless said.
    pub fn domain(mut self, domain: impl Into<String>) -> Self {
        self.names.domain = domain.into();
        self
    }

    /// How long clients may remember the name of a service, 5 to 30 seconds.
    pub fn dns_ttl(mut self, ttl: Duration) -> Self {
        self.names.dns.ttl = ttl;
        self
    }

    /// Whom containers ask for names outside of the cluster domain, as far as the engine takes so many; the servers of
    /// this machine unless said.
    pub fn upstream_dns(mut self, servers: impl IntoIterator<Item = IpAddr>) -> Self {
        self.names.upstream = Some(servers.into_iter().collect());
        self
    }

    /// One more class of volumes.
    pub fn storage_class(mut self, name: impl Into<String>, class: StorageClass) -> Self {
        self.volumes.classes.insert(name.into(), class);
        self
    }

    /// The class of claims that name none; `local` unless said, the engine's own disk.
    pub fn default_storage_class(mut self, name: impl Into<String>) -> Self {
        self.volumes.default_class = name.into();
        self
    }

    /// One more pre-made volume.
    pub fn static_volume(mut self, volume: StaticVolume) -> Self {
        self.volumes.pool.push(volume);
        self
    }

    /// What may be set about pods, replacing all that was set before.
    pub fn pod_options(mut self, options: PodOptions) -> Self {
        self.pods = options;
        self
    }

    /// The container that is the pod: its image, and its program when the image's own does not wait for ever.
    pub fn sandbox(mut self, image: impl Into<String>, command: impl IntoIterator<Item = String>) -> Self {
        self.pods.sandbox_image = image.into();
        self.pods.sandbox_command = command.into_iter().collect();
        self
    }

    /// One more path of the engine's host that `hostPath` volumes may name, with everything below it; none unless said.
    /// See [`PodOptions::allowed_host_paths`] for who must not write there.
    pub fn allow_host_path(mut self, path: impl Into<PathBuf>) -> Self {
        self.pods.allowed_host_paths.push(path.into());
        self
    }

    /// Opens the node: reaches the engine, takes the directory, and finds what was there before.
    ///
    /// # Errors
    /// `Unavailable` when the engine does not answer, or when it is not the one that has the pods and claims that are on
    /// record; `Unsupported` when it is too old; `Locked` when another process runs the node.
    pub async fn open(self) -> Result<Node> {
        Node::open_with(self).await
    }
}
