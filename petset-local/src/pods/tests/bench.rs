//! A directory of pods for one test, and waiting for levels.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use petset_core::backend::{ConfigBundle, Created, DeleteOptions, DnsSettings, Pod, PodBackend as _, PodRequest};
use petset_core::spec::PodTemplate;
use petset_core::{ClaimUid, Error, ErrorKind, Ordinal, PodUid, Result, SetKey, SetUid};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::pods::{LocalPods, PodOptions, RestartBackoff};
use crate::seams::{AddressBook, ClaimSource};

const PATIENCE: Duration = Duration::from_secs(15);

#[derive(Debug)]
pub(super) struct Claims {
    dir: PathBuf,
    pub(super) held: Mutex<BTreeSet<(String, PodUid)>>,
}

impl ClaimSource for Claims {
    fn directory(&self, _: &SetKey, claim: &str) -> Result<PathBuf> {
        let dir = self.dir.join(claim);
        if dir.is_dir() {
            Ok(dir)
        } else {
            Err(Error::new(ErrorKind::NotFound, "find a claim").with_context("claim", claim))
        }
    }

    fn hold_life(&self, set: &SetKey, claim: &str, _: &ClaimUid, pod: &PodUid) -> Result<()> {
        self.hold(set, claim, pod);
        Ok(())
    }

    fn hold(&self, _: &SetKey, claim: &str, pod: &PodUid) {
        self.held.lock().unwrap().insert((claim.to_owned(), pod.clone()));
    }

    fn release(&self, _: &SetKey, claim: &str, pod: &PodUid) {
        self.held.lock().unwrap().remove(&(claim.to_owned(), pod.clone()));
    }
}

#[derive(Debug)]
struct Loopback;

impl AddressBook for Loopback {
    fn address_of(&self, _: &SetKey, ordinal: Ordinal) -> Result<IpAddr> {
        // One range per test process, so that tests side by side do not meet.
        let [_, _, high, low] = std::process::id().to_be_bytes();
        Ok(Ipv4Addr::new(127, high | 0x40, low, u8::try_from(ordinal.0 + 1).unwrap()).into())
    }
}

pub(super) struct Bench {
    dir: PathBuf,
    /// Removes the directory in the end.
    guard: Option<TempDir>,
    pub(super) options: PodOptions,
    pub(super) claims: Arc<Claims>,
    pub(super) set: SetKey,
    pods: Option<LocalPods>,
}

impl Bench {
    pub(super) async fn new() -> Self {
        let backoff = RestartBackoff::new(Duration::from_millis(100), Duration::from_millis(400));
        Self::with(PodOptions { backoff, node_name: Some("bench".to_owned()), ..PodOptions::default() }).await
    }

    async fn with(options: PodOptions) -> Self {
        let guard = tempfile::tempdir().unwrap();
        let mut bench = Self::at(guard.path().to_owned()).await;
        bench.guard = Some(guard);
        bench.options = options;
        bench.open().await;
        bench
    }

    /// In a directory that is somebody else's.
    pub(super) async fn at(dir: PathBuf) -> Self {
        let claims = dir.join("claims");
        fs::create_dir_all(&claims).unwrap();
        let claims = Arc::new(Claims { dir: claims, held: Mutex::default() });
        let options = PodOptions::default();
        let mut bench = Self { dir, guard: None, options, claims, set: SetKey::new("default", "web"), pods: None };
        bench.open().await;
        bench
    }

    pub(super) fn dir_path(&self) -> &Path {
        &self.dir
    }

    /// Opens the directory, again if it was open: as a controller that was ended and started.
    pub(super) async fn open(&mut self) {
        self.close().await;
        let claims = Arc::clone(&self.claims);
        let root = self.root();
        let pods = LocalPods::open(root, self.options.clone(), claims, Arc::new(Loopback)).await.unwrap();
        self.pods = Some(pods);
    }

    /// Ends the controller, not the pods.
    pub(super) async fn close(&mut self) {
        if let Some(pods) = self.pods.take() {
            pods.shutdown().await;
        }
    }

    /// Ends the controller without a word.
    pub(super) fn abandon(&mut self) {
        self.pods = None;
    }

    pub(super) fn root(&self) -> PathBuf {
        self.dir.join("node")
    }

    pub(super) fn pet_dir(&self) -> PathBuf {
        self.root().join("pets/default/web-0")
    }

    pub(super) fn pods(&self) -> &LocalPods {
        self.pods.as_ref().unwrap()
    }

    /// A directory for a claim, and its name.
    pub(super) fn claim(&self, name: &str) -> PathBuf {
        let dir = self.claims.dir.join(name);
        fs::create_dir(&dir).unwrap();
        dir
    }

    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    pub(super) fn request(&self, spec: Value) -> PodRequest {
        let whole = Value::Object([("spec".to_owned(), spec)].into_iter().collect());
        let mut template: PodTemplate = serde_json::from_value(whole).unwrap();
        template.spec.hostname = Some("web-0".to_owned());
        template.spec.subdomain = Some("web".to_owned());
        PodRequest {
            set: self.set.clone(),
            owner: SetUid::new("owner"),
            ordinal: Ordinal(0),
            revision: "web-1".into(),
            template: Arc::new(template),
            labels: BTreeMap::from([("app".to_owned(), "web".to_owned())]),
            claims: BTreeMap::new(),
            claim_uids: BTreeMap::new(),
            config: Arc::new(ConfigBundle::default()),
            dns: DnsSettings {
                domain: "cluster.local".to_owned(),
                servers: vec![IpAddr::from([127, 0, 0, 53])],
                searches: vec!["default.svc.cluster.local".to_owned()],
            },
        }
    }

    pub(super) async fn create(&self, request: PodRequest) -> Pod {
        match self.pods().create(request).await.unwrap() {
            Created::New(pod) => pod,
            Created::AlreadyThere(pod) => panic!("the name was taken by {pod:?}"),
        }
    }

    /// A pod with one container that runs this shell script.
    pub(super) async fn run(&self, script: &str) -> Pod {
        self.create(self.request(shell(script))).await
    }

    pub(super) async fn list(&self) -> Vec<Pod> {
        self.pods().list(&self.set).await.unwrap()
    }

    /// Waits until the one pod is as wanted.
    pub(super) async fn until(&self, what: &str, wanted: impl Fn(&Pod) -> bool) -> Pod {
        let end = Instant::now() + PATIENCE;
        loop {
            let pods = self.list().await;
            if let Some(pod) = pods.first().filter(|pod| wanted(pod)) {
                return pod.clone();
            }
            assert!(Instant::now() < end, "waited for: {what}; there is: {pods:#?}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    pub(super) async fn until_some(&self) -> Pod {
        self.until("a pod", |_| true).await
    }

    pub(super) async fn until_ready(&self) -> Pod {
        self.until("ready", |pod| pod.status.ready_since.is_some()).await
    }

    pub(super) async fn until_gone(&self) {
        let end = Instant::now() + PATIENCE;
        loop {
            let pods = self.list().await;
            if pods.is_empty() {
                return;
            }
            assert!(Instant::now() < end, "waited for the end; there is: {pods:#?}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    pub(super) async fn delete(&self, pod: &Pod, grace: Option<u32>) {
        let options = DeleteOptions { grace_seconds: grace, version: None };
        self.pods().delete(&pod.reference(), options).await.unwrap();
    }

    /// Runs a shell command in the pod and returns what it printed.
    pub(super) async fn inside(&self, script: &str) -> String {
        let argv = ["/bin/sh", "-c", script].map(str::to_owned);
        let output = self.pods().exec(&self.set, Ordinal(0), "main", &argv).await.unwrap();
        assert!(output.status.success(), "{script}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Whether the kernel allows namespaces; prints why a test is skipped if not.
    pub(super) fn has_views(&self) -> bool {
        let has = self.pods().capabilities().mounts;
        if !has {
            eprintln!("skipped: the kernel allows no namespaces here");
        }
        has
    }

    /// Whether no process holds the pet's lock. A pet that never had one is free.
    pub(super) fn is_free(&self) -> bool {
        let lock = self.pet_dir().join("pet.lock");
        !self.pet_dir().exists() || crate::pods::lock::Free::prove(&lock).unwrap().is_some()
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        if self.guard.is_none() {
            return;
        }
        // Pods outlive their controller; a test's do not outlive the test.
        let Ok(found) = crate::pods::procfs::holders(&self.pet_dir().join("pet.lock")) else { return };
        for process in found.into_iter().filter_map(|pid| crate::pods::process::Process::of_pid(pid).ok()?) {
            drop(process.signal(rustix::process::Signal::KILL));
        }
    }
}

pub(super) fn shell(script: &str) -> Value {
    json!({ "containers": [container("main", script)] })
}

pub(super) fn container(name: &str, script: &str) -> Value {
    json!({ "name": name, "command": ["/bin/sh", "-c", script] })
}

/// The pid that a pod wrote to a file.
pub(super) async fn pid_in(path: &Path) -> u32 {
    until_file(path, |text| text.trim().parse::<u32>().is_ok()).await.trim().parse().unwrap()
}

pub(super) async fn until_file(path: &Path, wanted: impl Fn(&str) -> bool) -> String {
    let end = Instant::now() + PATIENCE;
    loop {
        let text = fs::read_to_string(path).unwrap_or_default();
        if wanted(&text) {
            return text;
        }
        assert!(Instant::now() < end, "{} holds {text:?}", path.display());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

pub(super) fn is_alive(pid: u32) -> bool {
    crate::pods::procfs::stat(pid).unwrap().is_some_and(|stat| stat.state != 'Z')
}
