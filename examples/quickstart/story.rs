//! The story: a set's whole life, and a check behind every sentence.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, TcpListener};
use std::path::Path;
use std::time::Duration;

use futures::StreamExt;
use petset::backend::Pod;
use petset::engine::EventReason;
use petset::local::node::Node;
use petset::local::pods::{PodOptions, RestartBackoff};
use petset::spec::PetSet;
use petset::{Cascade, Controller, Manifest, Ordinal, PodUid, Sets, until};
use serde_json::json;

use crate::client::Client;
use crate::told::Told;

type Error = Box<dyn std::error::Error + Send + Sync>;

const SET: &str = "default/web";
const DOMAIN: &str = "nginx.default.svc.cluster.local";
/// Nothing in the story takes longer.
const PATIENCE: Duration = Duration::from_secs(30);

/// Checks a statement; a story that is not true ends here.
macro_rules! check {
    ($holds:expr, $($text:tt)+) => {
        if !$holds {
            return Err(format!($($text)+).into());
        }
    };
}

struct Story {
    told: Told,
    node: Node,
    sets: Sets,
    client: Client,
    manifest: Manifest,
    port: u16,
}

pub(crate) async fn tell(dir: &Path, keep: bool) -> Result<(), Error> {
    let told = Told::new();
    let mut options = PodOptions::default();
    options.backoff = RestartBackoff::new(Duration::from_millis(200), Duration::from_secs(2));
    let node = Node::builder(dir).pod_options(options).open().await?;
    let client = Client::new(node.dns_addr())?;
    let sets = Controller::new(node.clone()).spawn();
    let port = web_port();
    let mut story = Story { told, client, manifest: manifest(port)?, node, sets, port };
    let result = story.run(keep).await;
    story.told.end();
    match &result {
        Err(_) if !keep => story.clean_up().await,
        _ => story.sets.shutdown().await,
    }
    result
}

impl Story {
    async fn run(&mut self, keep: bool) -> Result<(), Error> {
        self.clean_up().await;
        self.told.chapter("Identity: two pets come up in order, each with a name, an address and a volume");
        self.comes_up().await?;
        self.told.chapter("Sticky: a killed pet comes back as itself");
        self.is_killed_and_comes_back().await?;
        self.told.chapter("Scaling: 2 → 5 → 3 → 5, and no volume is lost");
        self.scales().await?;
        self.told.chapter("Updating: a rollout, a broken one, and its repair");
        self.rolls().await?;
        if keep {
            self.told.end();
            println!("\nquickstart: ok ({:.1} s)", self.told.elapsed().as_secs_f64());
            println!("The set runs on. In another terminal: cargo run --example quickstart -- status");
            println!("Ctrl-C ends this controller; the pets keep running, and the next quickstart takes them over.");
            tokio::signal::ctrl_c().await?;
            return Ok(());
        }
        self.told.chapter("The end: ordered teardown, volumes kept");
        self.is_torn_down().await?;
        self.told.end();
        println!("\nquickstart: ok ({:.1} s)", self.told.elapsed().as_secs_f64());
        Ok(())
    }

    async fn comes_up(&mut self) -> Result<(), Error> {
        self.told.now("applying examples/manifests/web.yaml");
        for applied in self.sets.apply(self.manifest.clone()).await? {
            self.told.seen(applied);
        }
        let order = self.order_of_readiness(2);
        self.reach(until::rolled_out(), "waiting for web-0, then web-1").await?;
        let order = order.await?;
        check!(order == [0, 1], "pets were created in the order {order:?}");
        for pod in self.pods().await? {
            self.told.seen(format!("{} is ready at {}", pod.name(), address(&pod)?));
        }
        self.fetch_all(2).await?;
        let targets = self.client.services(DOMAIN).await?;
        let expected: Vec<_> = (0..2).map(|ordinal| (format!("web-{ordinal}.{DOMAIN}"), self.port)).collect();
        check!(targets == expected, "SRV of {DOMAIN} is {targets:?}");
        self.told.seen(format!("SRV {DOMAIN} names both pets and port {}", self.port));
        Ok(())
    }

    async fn is_killed_and_comes_back(&mut self) -> Result<(), Error> {
        let before = self.pod(1).await?;
        self.sets.delete_pod(SET, Ordinal(0)).await?;
        self.told.seen("web-0: somebody deleted its pod");
        kill(self.node.pods().processes(&before.reference()).await?)?;
        self.told.seen("web-1: SIGKILL");
        let journal = |ordinal: u32| format!("web-{ordinal}.{DOMAIN}/journal");
        self.told.now("waiting for both to come back");
        self.eventually("both pets serve their second start", async || {
            let mut starts = Vec::new();
            for ordinal in 0..2 {
                let name = format!("web-{ordinal}.{DOMAIN}");
                starts.push(self.client.get(&name, self.port, "/journal").await?.lines().count());
            }
            Ok(starts == [2, 2])
        })
        .await?;
        self.reach(until::rolled_out(), "waiting for both to be ready").await?;
        let after = self.pod(1).await?;
        check!(address(&before)? == address(&after)?, "web-1 came back at another address: {}", journal(1));
        self.told.seen(format!("both are back: same names, same addresses ({})", address(&after)?));
        self.fetch_all(2).await
    }

    async fn scales(&mut self) -> Result<(), Error> {
        for replicas in [5, 3, 5] {
            self.sets.patch(SET, &json!({"spec": {"replicas": replicas}})).await?;
            self.reach(until::ready_replicas(replicas), &format!("scaling to {replicas}")).await?;
            let ordinals: Vec<u32> = self.pods().await?.iter().map(|pod| pod.ordinal.0).collect();
            check!(ordinals == (0..replicas).collect::<Vec<_>>(), "after scaling to {replicas}: {ordinals:?}");
            let claims = self.sets.snapshot(SET).await?.claims.len();
            check!(claims == 5, "{claims} claims after scaling to {replicas}");
            self.told.seen(format!("{replicas} pets, {claims} volumes"));
        }
        self.fetch_all(5).await
    }

    async fn rolls(&mut self) -> Result<(), Error> {
        let old = self.uids().await?;
        self.apply_version("two", false).await?;
        self.reach(until::rolled_out(), "rolling from web-4 down to web-0").await?;
        for ordinal in 0..5 {
            let version = self.client.get(&format!("web-{ordinal}.{DOMAIN}"), self.port, "/version").await?;
            check!(version == "two", "web-{ordinal} runs version {version}");
        }
        let new = self.uids().await?;
        check!(old.iter().all(|(ordinal, uid)| new[ordinal] != *uid), "a pet was not replaced");
        self.told.seen("version two, from the highest ordinal down, one at a time");

        self.apply_version("three", true).await?;
        self.told.now("rolling out a version that never becomes ready");
        self.eventually("web-4 runs the broken version", async || {
            let pod = self.pod(4).await?;
            Ok(pod.uid != new[&4] && !pod.status.addresses.is_empty() && pod.status.ready_since.is_none())
        })
        .await?;
        let during = self.uids().await?;
        let replaced: Vec<_> = new.iter().filter(|(ordinal, uid)| during[ordinal] != **uid).collect();
        check!(replaced.len() == 1, "the broken rollout went on to {replaced:?}");
        let explanation = self.sets.explain(SET).await?;
        let why = explanation.waits.iter().find(|wait| wait.contains("pet 3")).cloned();
        check!(why.is_some(), "nothing explains why pet 3 waits: {explanation}");
        self.told.seen(format!("a broken version stops at web-4: {}", why.unwrap_or_default()));

        self.apply_version("two", false).await?;
        self.reach(until::rolled_out(), "healing after the revert").await?;
        let healed = self.uids().await?;
        check!((0..4).all(|ordinal| healed[&ordinal] == new[&ordinal]), "a healthy pet was restarted by the repair");
        self.told.seen("the revert heals it; nobody else was touched");
        self.fetch_all(5).await
    }

    async fn is_torn_down(&mut self) -> Result<(), Error> {
        let mut events = self.sets.events();
        while events.past().next().is_some() {
            events.next().await;
        }
        self.sets.delete(SET, Cascade::Ordered).await?;
        self.reach(until::gone(), "from web-4 down to web-0").await?;
        let mut order = Vec::new();
        while let Some(event) = events.next().await {
            if event.reason == EventReason::Deleted {
                break;
            }
            let is_end = event.reason == EventReason::SuccessfulDelete;
            order.extend(event.ordinal.filter(|_| is_end).map(|ordinal| ordinal.0));
        }
        check!(order == [4, 3, 2, 1, 0], "pets ended in the order {order:?}");
        let gone = self.client.addresses(&format!("web-0.{DOMAIN}")).await;
        check!(gone.is_err(), "web-0 still has a name");
        let claims = Node::inspect_claims(self.node.dir()).await?;
        let claims = claims.iter().filter(|claim| claim.set.to_string() == SET).count();
        check!(claims == 5, "{claims} volumes are left of 5");
        self.told.seen(format!("all pets are gone, the highest first; {claims} volumes are kept"));
        Ok(())
    }

    /// Whatever an earlier run left is removed, volumes included.
    async fn clean_up(&self) {
        self.told.now("removing what an earlier run left");
        if matches!(self.sets.get(SET).await, Ok(Some(_))) {
            let _ = self.sets.delete(SET, Cascade::Ordered).await;
            let _ = self.sets.wait(SET, until::gone(), PATIENCE).await;
        }
        let claims = Node::inspect_claims(self.node.dir()).await.unwrap_or_default();
        for claim in claims.into_iter().filter(|claim| claim.set.to_string() == SET) {
            let _ = self.sets.delete_claim(&claim.set, &claim.template, claim.ordinal).await;
        }
    }

    /// Every pet, by name, still serves what its first incarnation wrote.
    async fn fetch_all(&self, count: u32) -> Result<(), Error> {
        for ordinal in 0..count {
            let name = format!("web-{ordinal}.{DOMAIN}");
            let content = self.client.get(&name, self.port, "/").await?;
            check!(content == format!("web-{ordinal}"), "{name} serves `{content}`");
            let journal = self.client.get(&name, self.port, "/journal").await?;
            let numbers: Vec<_> =
                journal.lines().filter_map(|line| line.split(' ').next()).map(str::to_owned).collect();
            let expected: Vec<_> = (1..=numbers.len()).map(|number| number.to_string()).collect();
            check!(numbers == expected, "the journal of web-{ordinal} is {numbers:?}");
        }
        let last = count - 1;
        self.told.seen(format!("http://web-0.{DOMAIN}/ … web-{last}: each serves the name that its first start wrote"));
        Ok(())
    }

    async fn apply_version(&mut self, version: &str, broken: bool) -> Result<(), Error> {
        let mut manifest = self.manifest.clone();
        for set in &mut manifest.sets {
            set_variable(set, "VERSION", Some(version));
            set_variable(set, "BROKEN", broken.then_some("yes"));
            set.spec.replicas = Some(5);
        }
        self.sets.apply(manifest).await?;
        Ok(())
    }

    async fn reach(&self, goal: petset::Until, what: &str) -> Result<(), Error> {
        let mut changes = self.sets.watch(SET)?;
        let waits = self.sets.wait(SET, goal, PATIENCE);
        tokio::pin!(waits);
        loop {
            tokio::select! {
                reached = &mut waits => {
                    reached?;
                    return Ok(());
                }
                Some(set) = changes.next() => {
                    let status = set.map(|set| set.status).unwrap_or_default();
                    self.told.now(format!("{what}: {} pods, {} ready", status.replicas, status.ready_replicas));
                }
            }
        }
    }

    async fn eventually(&self, what: &str, holds: impl AsyncFn() -> Result<bool, Error>) -> Result<(), Error> {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        loop {
            let last = match holds().await {
                Ok(true) => return Ok(()),
                Ok(false) => "not yet".to_owned(),
                Err(error) => error.to_string(),
            };
            check!(tokio::time::Instant::now() < deadline, "{what}: not within {PATIENCE:?}: {last}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// The ordinals of the first `count` pods in the order of their creation.
    fn order_of_readiness(&self, count: usize) -> impl Future<Output = Result<Vec<u32>, Error>> + use<> {
        let events = self.sets.events();
        async move {
            let created = events.filter_map(|event| async move {
                let pod = event.reason == EventReason::SuccessfulCreate && event.message.starts_with("create pod");
                event.ordinal.filter(|_| pod).map(|ordinal| ordinal.0)
            });
            Ok(created.take(count).collect().await)
        }
    }

    async fn pods(&self) -> Result<Vec<Pod>, Error> {
        Ok(self.sets.snapshot(SET).await?.pods)
    }

    async fn pod(&self, ordinal: u32) -> Result<Pod, Error> {
        Ok(self.sets.pod(SET, Ordinal(ordinal)).await?)
    }

    async fn uids(&self) -> Result<BTreeMap<u32, PodUid>, Error> {
        Ok(self.pods().await?.into_iter().map(|pod| (pod.ordinal.0, pod.uid)).collect())
    }
}

/// The manifest, with this very program as the pets' server.
fn manifest(port: u16) -> Result<Manifest, Error> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/manifests/web.yaml");
    let mut manifest = Manifest::from_path(path)?;
    let program = std::env::current_exe()?.display().to_string();
    for set in &mut manifest.sets {
        for container in &mut set.spec.template.spec.containers {
            let volume = container.volume_mounts[0].mount_path.clone();
            container.command = vec![program.clone(), "pet".to_owned(), volume, port.to_string()];
            for declared in &mut container.ports {
                declared.container_port = port.into();
            }
        }
    }
    Ok(manifest)
}

/// Port 80 where this user may have it, else 8080.
fn web_port() -> u16 {
    let probe = TcpListener::bind((Ipv4Addr::new(127, 255, 255, 254), 80));
    if probe.is_ok() { 80 } else { 8080 }
}

fn set_variable(set: &mut PetSet, name: &str, value: Option<&str>) {
    for container in &mut set.spec.template.spec.containers {
        container.env.retain(|variable| variable.name != name);
        if let Some(value) = value {
            container.env.push(petset::spec::EnvVar {
                name: name.to_owned(),
                value: Some(value.to_owned()),
                value_from: None,
            });
        }
    }
}

fn address(pod: &Pod) -> Result<IpAddr, Error> {
    pod.status.addresses.first().copied().ok_or_else(|| format!("{} has no address", pod.name()).into())
}

fn kill(processes: Vec<u32>) -> Result<(), Error> {
    for pid in processes {
        let pid = i32::try_from(pid).ok().and_then(rustix::process::Pid::from_raw).ok_or("no process id")?;
        rustix::process::kill_process(pid, rustix::process::Signal::KILL)?;
    }
    Ok(())
}
