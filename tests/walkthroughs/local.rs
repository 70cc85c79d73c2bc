//! This machine's own processes, in a directory of their own.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use async_trait::async_trait;
use petset::backend::{PodBackend, PodRef};
use petset::local::node::{Node, NodeBuilder};
use petset::local::pods::{PodOptions, RestartBackoff};
use petset::local::volumes::StaticVolume;
use petset::{Backends, Manifest};
use tempfile::TempDir;

use crate::Error;
use crate::place::Place;

/// A node of processes.
pub(crate) struct LocalPlace {
    /// Dropped first: pods outlive their controller, and must not outlive their test.
    _leftovers: Leftovers,
    pub(crate) node: Node,
    _dir: TempDir,
}

impl LocalPlace {
    /// A node with a pool of directories.
    pub(crate) async fn start(pool: &[&str]) -> Result<Self, Error> {
        let dir = tempfile::tempdir()?;
        let mut node = builder(&dir.path().join("node"));
        for name in pool {
            let path = dir.path().join("exports").join(name);
            std::fs::create_dir_all(&path)?;
            node = node.static_volume(StaticVolume::new(*name, path, 2 << 30));
        }
        let node = node.open().await?;
        Ok(Self::over(dir, node))
    }

    pub(crate) fn over(dir: TempDir, node: Node) -> Self {
        Self { _leftovers: Leftovers::of(dir.path()), node, _dir: dir }
    }
}

#[async_trait]
impl Place for LocalPlace {
    fn backends(&self) -> Backends {
        self.node.clone().into()
    }

    fn namespace(&self) -> &'static str {
        "default"
    }

    fn fit(&self, _manifest: &mut Manifest) {}

    fn keeps_addresses(&self) -> bool {
        true
    }

    async fn name_server(&self) -> Result<SocketAddr, Error> {
        Ok(self.node.dns_addr())
    }

    async fn run(&self, pod: &PodRef, container: &str, argv: &[String]) -> Result<(bool, String), Error> {
        let output = self.node.pods().exec(&pod.set, pod.ordinal, container, argv).await?;
        let words = [output.stdout, output.stderr].concat();
        Ok((output.status.success(), String::from_utf8_lossy(&words).into_owned()))
    }

    async fn crash(&self, pod: &PodRef, _container: &str) -> Result<(), Error> {
        for pid in self.node.pods().processes(pod).await? {
            kill(pid);
        }
        Ok(())
    }
}

pub(crate) fn builder(dir: &Path) -> NodeBuilder {
    let mut options = PodOptions::default();
    options.backoff = RestartBackoff::new(Duration::from_millis(100), Duration::from_secs(1));
    Node::builder(dir).pod_options(options)
}

/// Why pods cannot have a view of their own here, if so.
pub(crate) async fn cannot_run() -> Option<String> {
    let dir = tempfile::tempdir().ok()?;
    match Node::open(dir.path()).await {
        Ok(node) if node.pods().capabilities().mounts => None,
        Ok(_) => {
            Some("the kernel gives this user no mount namespaces, so volumes cannot appear at their paths".to_owned())
        }
        Err(error) => Some(error.chain().to_string()),
    }
}

fn kill(pid: u32) {
    if let Some(pid) = pid.try_into().ok().and_then(rustix::process::Pid::from_raw) {
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
    }
}

/// Ends, when dropped, every other process that has something below a directory open, as pods have their lock.
pub(crate) struct Leftovers(PathBuf);

impl Leftovers {
    pub(crate) fn of(dir: &Path) -> Self {
        Self(dir.to_owned())
    }

    fn holders(&self) -> Vec<u32> {
        let all = std::fs::read_dir("/proc").into_iter().flatten().flatten();
        let pids = all.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        pids.filter(|pid| *pid != std::process::id() && self.is_held_by(*pid)).collect()
    }

    fn is_held_by(&self, pid: u32) -> bool {
        let open = std::fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten();
        open.filter_map(|entry| std::fs::read_link(entry.path()).ok()).any(|target| target.starts_with(&self.0))
    }
}

impl Drop for Leftovers {
    fn drop(&mut self) {
        // A dying controller may have started one more while the first were ended.
        for _ in 0..100 {
            let holders = self.holders();
            if holders.is_empty() {
                return;
            }
            for pid in holders {
                kill(pid);
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}
