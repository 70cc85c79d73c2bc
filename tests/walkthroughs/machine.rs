//! One machine in a directory of its own, with a controller, and the questions that tests ask of it.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::time::Duration;

use petset::backend::{Pod, PodBackend};
use petset::local::node::{Node, NodeBuilder};
use petset::local::pods::{PodOptions, RestartBackoff};
use petset::spec::{EnvVar, PetSet};
use petset::{Controller, Manifest, Ordinal, PodUid, SetKey, Sets, Until};
use tempfile::TempDir;

use crate::client::Client;
use crate::pet::OVERLAP;
use crate::{Error, ensure};

pub(crate) const DOMAIN: &str = "nginx.default.svc.cluster.local";
pub(crate) const SOON: Duration = Duration::from_secs(60);

pub(crate) struct Machine {
    /// Dropped first: pods outlive their controller, and must not outlive their test.
    _leftovers: Leftovers,
    _dir: TempDir,
    pub(crate) node: Node,
    pub(crate) sets: Sets,
    pub(crate) client: Client,
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
            for pid in holders.into_iter().filter_map(|pid| rustix::process::Pid::from_raw(pid.try_into().ok()?)) {
                let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }
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

pub(crate) fn builder(dir: &Path) -> NodeBuilder {
    let mut options = PodOptions::default();
    options.backoff = RestartBackoff::new(Duration::from_millis(100), Duration::from_secs(1));
    Node::builder(dir).pod_options(options)
}

impl Machine {
    pub(crate) async fn start() -> Result<Self, Error> {
        let dir = tempfile::tempdir()?;
        let node = builder(dir.path()).open().await?;
        Self::over(dir, node)
    }

    pub(crate) fn over(dir: TempDir, node: Node) -> Result<Self, Error> {
        let client = Client::new(node.dns_addr())?;
        let sets = Controller::new(node.clone()).spawn();
        Ok(Self { _leftovers: Leftovers::of(dir.path()), _dir: dir, node, sets, client })
    }

    pub(crate) async fn reach(&self, set: &str, until: Until) -> Result<(), Error> {
        self.sets.wait(set, until, SOON).await?;
        Ok(())
    }

    /// Waits for a level; the last answer is told when it is not reached.
    pub(crate) async fn eventually(
        &self,
        what: &str,
        holds: impl AsyncFn() -> Result<bool, Error>,
    ) -> Result<(), Error> {
        eventually(what, holds).await
    }

    pub(crate) async fn pods(&self, set: &str) -> Result<Vec<Pod>, Error> {
        Ok(self.sets.snapshot(set).await?.pods)
    }

    pub(crate) async fn ordinals(&self, set: &str) -> Result<Vec<u32>, Error> {
        Ok(self.pods(set).await?.iter().map(|pod| pod.ordinal.0).collect())
    }

    pub(crate) async fn uids(&self, set: &str) -> Result<BTreeMap<u32, PodUid>, Error> {
        Ok(self.pods(set).await?.into_iter().map(|pod| (pod.ordinal.0, pod.uid)).collect())
    }

    /// Waits until a pet has another pod than `old`, and serves again under its name. The status of the set may be older
    /// than what somebody just did to a pod, so this asks the pet itself.
    pub(crate) async fn is_back(&self, ordinal: u32, old: &PodUid) -> Result<(), Error> {
        let what = format!("web-{ordinal} is back");
        self.eventually(&what, async || {
            let pods = self.pods("web").await?;
            let pod = pods.iter().find(|pod| pod.ordinal.0 == ordinal && pod.uid != *old);
            Ok(pod.is_some_and(|pod| pod.status.ready_since.is_some()) && self.page(ordinal, "/name").await.is_ok())
        })
        .await
    }

    /// What a command prints inside a pet, without the line's end; a command that fails is an error.
    pub(crate) async fn inside(&self, set: &str, ordinal: u32, command: &[&str]) -> Result<String, Error> {
        let argv: Vec<String> = command.iter().map(|&word| word.to_owned()).collect();
        let key: SetKey = set.parse()?;
        let container = if set == "web" { "nginx" } else { set };
        let output = self.node.pods().exec(&key, Ordinal(ordinal), container, &argv).await?;
        let printed = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        let complained = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        ensure!(output.status.success(), "{argv:?} in {set}-{ordinal}: {}: {printed} {complained}", output.status);
        Ok(printed)
    }

    /// What a pet serves, found by its DNS name.
    pub(crate) async fn page(&self, ordinal: u32, path: &str) -> Result<String, Error> {
        self.client.get(&format!("web-{ordinal}.{DOMAIN}"), web_port(), path).await
    }

    /// The directory behind a claim.
    pub(crate) fn volume(&self, set: &str, claim: &str) -> Result<PathBuf, Error> {
        Ok(self.node.volumes().directory(&set.parse::<SetKey>()?, claim)?)
    }

    /// Every pet still serves what its first start wrote, and its journal lost no line and shows no second process.
    pub(crate) async fn is_sound(&self, count: u32) -> Result<(), Error> {
        for ordinal in 0..count {
            let page = self.page(ordinal, "/").await?;
            ensure!(page == format!("web-{ordinal}"), "web-{ordinal} serves `{page}`");
            is_sound_journal(&self.page(ordinal, "/journal").await?)?;
        }
        Ok(())
    }
}

/// Lines are numbered from 1 without a gap, and no process ever found another one in its volume.
pub(crate) fn is_sound_journal(journal: &str) -> Result<usize, Error> {
    ensure!(!journal.contains(OVERLAP), "two processes of one pet: {journal}");
    for (index, line) in journal.lines().enumerate() {
        ensure!(line.starts_with(&format!("{} ", index + 1)), "the journal lost a line: {journal}");
    }
    Ok(journal.lines().count())
}

pub(crate) async fn eventually(what: &str, holds: impl AsyncFn() -> Result<bool, Error>) -> Result<(), Error> {
    let deadline = tokio::time::Instant::now() + SOON;
    loop {
        let last = match holds().await {
            Ok(true) => return Ok(()),
            Ok(false) => "not yet".to_owned(),
            Err(error) => error.to_string(),
        };
        ensure!(tokio::time::Instant::now() < deadline, "{what}: not within {SOON:?}: {last}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Port 80 where this user may have it, else 8080.
pub(crate) fn web_port() -> u16 {
    if TcpListener::bind((Ipv4Addr::new(127, 255, 255, 254), 80)).is_ok() { 80 } else { 8080 }
}

/// The set `web` of the examples, with this program as the pets' server.
pub(crate) fn web(replicas: i32) -> Result<Manifest, Error> {
    let mut manifest = example("web.yaml", web_port())?;
    manifest.sets[0].spec.replicas = Some(replicas);
    Ok(manifest)
}

/// A manifest of the examples whose first container is this program's server.
pub(crate) fn example(name: &str, port: u16) -> Result<Manifest, Error> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/manifests").join(name);
    let mut manifest = Manifest::from_path(path)?;
    let program = std::env::current_exe()?.display().to_string();
    let variables = [("POD_NAME", "metadata.name"), ("POD_UID", "metadata.uid"), ("POD_IP", "status.podIP")];
    for set in &mut manifest.sets {
        for container in &mut set.spec.template.spec.containers {
            let volume = container.volume_mounts[0].mount_path.clone();
            container.command = vec![program.clone(), "pet".to_owned(), volume, port.to_string()];
            for declared in &mut container.ports {
                declared.container_port = port.into();
            }
            for (name, field) in variables {
                container.env.retain(|variable| variable.name != name);
                container.env.push(field_variable(name, field));
            }
            for probe in [&mut container.readiness_probe, &mut container.startup_probe].into_iter().flatten() {
                probe.period_seconds = Some(1);
            }
        }
        set_variable(set, "VERSION", Some("one"));
    }
    Ok(manifest)
}

fn field_variable(name: &str, field: &str) -> EnvVar {
    let source = petset::spec::EnvVarSource {
        field_ref: Some(petset::spec::FieldRef { api_version: None, field_path: field.to_owned() }),
        ..Default::default()
    };
    EnvVar { name: name.to_owned(), value: None, value_from: Some(source) }
}

pub(crate) fn set_variable(set: &mut PetSet, name: &str, value: Option<&str>) {
    for container in &mut set.spec.template.spec.containers {
        container.env.retain(|variable| variable.name != name);
        if let Some(value) = value {
            container.env.push(EnvVar { name: name.to_owned(), value: Some(value.to_owned()), value_from: None });
        }
    }
}

/// The set `web` with another version of its program, that may be one that never becomes ready.
pub(crate) fn web_version(replicas: i32, version: &str, broken: bool) -> Result<Manifest, Error> {
    let mut manifest = web(replicas)?;
    for set in &mut manifest.sets {
        set_variable(set, "VERSION", Some(version));
        set_variable(set, "BROKEN", broken.then_some("yes"));
    }
    Ok(manifest)
}
