//! The story, and a check behind every sentence.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use futures::StreamExt;
use petset::backend::VolumeProvisioner;
use petset::docker::node::Node;
use petset::{Cascade, Controller, Manifest, Ordinal, SetKey, Until, until};

use crate::database::Databases;
use crate::told::Told;
use crate::writer::Writer;

pub(crate) type Error = Box<dyn std::error::Error + Send + Sync>;

pub(crate) const SET: &str = "default/mysql";
/// Nothing in the story takes longer.
const PATIENCE: Duration = Duration::from_secs(300);

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
    databases: Databases,
}

pub(crate) async fn tell(dir: &Path, keep: bool) -> Result<(), Error> {
    let told = Told::new();
    let node = Node::open(dir).await?;
    let sets = Controller::new(node.clone()).spawn();
    let databases = Databases { sets, pods: node.pods() };
    let story = Story { told, node, databases };
    let result = story.run(keep).await;
    story.told.end();
    if !keep {
        story.clean_up().await;
    }
    story.databases.sets.shutdown().await;
    result
}

impl Story {
    async fn run(&self, keep: bool) -> Result<(), Error> {
        self.told.seen(format!("the engine is {}", self.node.engine()));
        self.clean_up().await;
        self.told.chapter("The application: a primary, and replicas that clone themselves from the pet before them");
        self.comes_up().await?;
        self.replicates(3).await?;
        self.told.chapter("Reads: one name for every ready database");
        self.spreads_reads().await?;
        self.told.chapter("A crash: a replica's database is killed, and comes back with its data");
        self.survives_a_kill().await?;
        self.told.chapter("Scaling: 3 → 5, each new replica a clone");
        self.databases.sets.scale(SET, 5).await?;
        self.reach(until::ready_replicas(5), "cloning mysql-3, then mysql-4").await?;
        self.replicates(5).await?;
        self.told.chapter("A rolling restart, the primary last, while a client writes");
        self.rolls_under_writes().await?;
        if keep {
            self.told.end();
            println!("\ndocker_mysql: ok ({:.1} s); the databases run on", self.told.elapsed().as_secs_f64());
            return Ok(());
        }
        self.told.chapter("The end: from the top down, volumes kept");
        self.is_torn_down().await?;
        self.told.end();
        println!("\ndocker_mysql: ok ({:.1} s)", self.told.elapsed().as_secs_f64());
        Ok(())
    }

    async fn comes_up(&self) -> Result<(), Error> {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/manifests/mysql.yaml");
        for applied in self.databases.sets.apply(Manifest::from_path(path)?).await? {
            self.told.seen(applied);
        }
        self.reach(until::rolled_out(), "starting mysql-0, then its replicas").await?;
        for pod in self.databases.sets.snapshot(SET).await?.pods {
            let address = pod.status.addresses.first().ok_or("a ready pod without an address")?;
            self.told.seen(format!("{} is ready at {address}", pod.name()));
        }
        let statement = "CREATE DATABASE shop; CREATE TABLE shop.orders (number BIGINT PRIMARY KEY)";
        self.databases.ask(0, "mysql-0.mysql", statement).await?;
        Ok(())
    }

    /// What is written to the primary is read on every replica.
    async fn replicates(&self, count: u32) -> Result<(), Error> {
        let number = u64::from(count);
        self.databases.ask(0, "mysql-0.mysql", &format!("INSERT INTO shop.orders VALUES ({number})")).await?;
        for ordinal in 0..count {
            self.eventually(&format!("mysql-{ordinal} has what was written"), async || {
                Ok(self.databases.numbers(ordinal).await?.contains(&number))
            })
            .await?;
        }
        let last = count - 1;
        let refused = self.databases.ask_itself(last, "INSERT INTO shop.orders VALUES (0)").await;
        // Root may write on a replica in MariaDB; the option that the manifest sets is there all the same.
        let read_only = self.databases.ask_itself(last, "SELECT @@read_only").await?;
        check!(read_only == "1", "mysql-{last} is not read-only");
        if refused.is_ok() {
            self.databases.ask_itself(last, "DELETE FROM shop.orders WHERE number = 0").await?;
        }
        self.told.seen(format!("an order written to mysql-0.mysql is read on mysql-0 … mysql-{last}"));
        Ok(())
    }

    async fn spreads_reads(&self) -> Result<(), Error> {
        let pods = self.databases.sets.snapshot(SET).await?.pods;
        let ready: BTreeSet<String> =
            pods.iter().flat_map(|pod| &pod.status.addresses).map(ToString::to_string).collect();
        let answer = self.databases.run(1, &["getent", "ahostsv4", "mysql-read"]).await?;
        let found: BTreeSet<String> =
            answer.lines().filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect();
        check!(found == ready, "mysql-read is {found:?}, and {ready:?} are ready");
        let mut servers = BTreeSet::new();
        for ordinal in 0..3 {
            servers.insert(self.databases.ask(ordinal, "mysql-read", "SELECT @@server_id").await?);
        }
        self.told.seen(format!("mysql-read is {}", found.into_iter().collect::<Vec<_>>().join(", ")));
        let servers = servers.into_iter().collect::<Vec<_>>().join(", ");
        self.told.seen(format!("three clients of mysql-read are served by {servers}"));
        Ok(())
    }

    async fn survives_a_kill(&self) -> Result<(), Error> {
        let before = self.databases.numbers(1).await?;
        let restarts = async || -> Result<u32, Error> {
            let pod = self.databases.sets.pod(SET, Ordinal(1)).await?;
            Ok(pod.status.containers.iter().map(|container| container.restarts).sum())
        };
        let first = restarts().await?;
        let killed = std::process::Command::new("docker")
            .args(["kill", "--signal", "KILL", "mysql.mysql-1.default.petset"])
            .output()?;
        check!(killed.status.success(), "docker kill: {}", String::from_utf8_lossy(&killed.stderr));
        self.told.seen("mysql-1: SIGKILL");
        self.databases.ask(0, "mysql-0.mysql", "INSERT INTO shop.orders VALUES (10)").await?;
        self.eventually("mysql-1 is back", async || Ok(restarts().await? > first)).await?;
        self.reach(until::ready_replicas(3), "waiting for mysql-1").await?;
        self.eventually("mysql-1 has what it missed", async || Ok(self.databases.numbers(1).await?.contains(&10)))
            .await?;
        let after = self.databases.numbers(1).await?;
        check!(after.is_superset(&before), "mysql-1 lost {:?}", before.difference(&after));
        self.told.seen(format!("mysql-1 is back with its {} orders, and has the one that it missed", before.len()));
        Ok(())
    }

    async fn rolls_under_writes(&self) -> Result<(), Error> {
        let writer = Writer::start(self.databases.clone(), 1000);
        self.databases.sets.restart(SET).await?;
        self.reach(until::rolled_out(), "restarting from mysql-4 down to mysql-0").await?;
        let written = writer.end().await?;
        check!(!written.acknowledged.is_empty(), "the writer wrote nothing");
        for ordinal in 0..5 {
            self.eventually(&format!("mysql-{ordinal} has every order"), async || {
                Ok(self.databases.numbers(ordinal).await?.is_superset(&written.acknowledged))
            })
            .await?;
        }
        let (count, failed) = (written.acknowledged.len(), written.failed);
        self.told.seen(format!(
            "{count} orders were acknowledged, {failed} were not: every database has all of the {count}"
        ));
        Ok(())
    }

    async fn is_torn_down(&self) -> Result<(), Error> {
        self.databases.sets.delete(SET, Cascade::Ordered).await?;
        self.reach(until::gone(), "from mysql-4 down to mysql-0").await?;
        let claims = self.node.volumes().list(&SetKey::new("default", "mysql")).await?;
        check!(claims.len() == 5, "{} volumes are left of 5", claims.len());
        self.told.seen("all pods are gone, the highest first; 5 volumes are kept");
        Ok(())
    }

    /// Whatever an earlier run left is removed, volumes included.
    async fn clean_up(&self) {
        self.told.now("removing what an earlier run left");
        let sets = &self.databases.sets;
        if matches!(sets.get(SET).await, Ok(Some(_))) {
            let _ = sets.delete(SET, Cascade::Ordered).await;
            let _ = sets.wait(SET, until::gone(), PATIENCE).await;
        }
        let volumes = self.node.volumes();
        for claim in volumes.list(&SetKey::new("default", "mysql")).await.unwrap_or_default() {
            let _ = volumes.delete(&claim.reference()).await;
        }
        self.told.end();
    }

    async fn reach(&self, goal: Until, what: &str) -> Result<(), Error> {
        let mut changes = self.databases.sets.watch(SET)?;
        let waits = self.databases.sets.wait(SET, goal, PATIENCE);
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
        self.told.now(format!("waiting until {what}"));
        let deadline = tokio::time::Instant::now() + PATIENCE;
        loop {
            let last = match holds().await {
                Ok(true) => return Ok(()),
                Ok(false) => "not yet".to_owned(),
                Err(error) => error.to_string(),
            };
            check!(tokio::time::Instant::now() < deadline, "{what}: not within {PATIENCE:?}: {last}");
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }
}
