//! The replicated application, and a check behind every sentence.

use std::collections::BTreeSet;
use std::path::Path;

use petset::backend::VolumeProvisioner;
use petset::{Cascade, Manifest, Ordinal, PodUid, SetKey, until};

use crate::client::{self, CLIENT};
use crate::database::{Host, Place, Shell};
use crate::stage::{Error, Stage, check, docker};
use crate::writer::Writer;

const SET: &str = "default/mysql";
/// As the manifest says: the first pet takes writes, and everybody ready answers reads.
const PRIMARY: Host = Host { name: "mysql-0.mysql", port: 3306 };
const READ: Host = Host { name: "mysql-read", port: 3306 };
const ITSELF: Host = Host { name: "127.0.0.1", port: 3306 };

/// The database container of a pet.
fn pet(ordinal: u32) -> Place {
    Place { set: SET, ordinal, container: "mysql" }
}

struct Story {
    stage: Stage,
    shell: Shell,
}

pub(crate) async fn tell(dir: &Path, keep: bool) -> Result<(), Error> {
    let stage = Stage::open(dir, |builder| builder).await?;
    let shell = Shell::of(&stage);
    let story = Story { stage, shell };
    let result = story.run(keep).await;
    story.stage.told.end();
    if !keep {
        story.clean_up().await;
    }
    story.stage.sets.shutdown().await;
    result
}

impl Story {
    async fn run(&self, keep: bool) -> Result<(), Error> {
        let told = &self.stage.told;
        self.clean_up().await;
        told.chapter("The application: a primary, and replicas that clone themselves from the pet before them");
        self.comes_up().await?;
        self.replicates(3).await?;
        told.chapter("Reads: one name for every ready database");
        self.spreads_reads().await?;
        told.chapter("A crash: a replica's database is killed, and comes back with its data");
        self.survives_a_kill().await?;
        told.chapter("Scaling: 3 → 5, each new replica a clone");
        self.stage.sets.scale(SET, 5).await?;
        self.stage.reach(SET, until::ready_replicas(5), "cloning mysql-3, then mysql-4").await?;
        self.are_clones(3..5).await?;
        self.replicates(5).await?;
        told.chapter("A rolling restart, the primary last, while a client writes");
        self.rolls_under_writes().await?;
        if keep {
            told.end();
            println!("\ndocker_mysql: ok ({:.1} s); the databases run on", told.elapsed().as_secs_f64());
            return Ok(());
        }
        told.chapter("The end: from the top down, volumes kept");
        self.is_torn_down().await?;
        told.end();
        println!("\ndocker_mysql: ok ({:.1} s)", told.elapsed().as_secs_f64());
        Ok(())
    }

    async fn comes_up(&self) -> Result<(), Error> {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/manifests/mysql.yaml");
        for applied in self.stage.sets.apply(Manifest::from_path(path)?).await? {
            self.stage.told.seen(applied);
        }
        self.stage.reach(SET, until::rolled_out(), "starting mysql-0, then its replicas").await?;
        for pod in self.stage.sets.snapshot(SET).await?.pods {
            let address = pod.status.addresses.first().ok_or("a ready pod without an address")?;
            self.stage.told.seen(format!("{} is ready at {address}", pod.name()));
        }
        client::start(&self.stage).await?;
        let statement = "CREATE DATABASE shop; CREATE TABLE shop.orders (number BIGINT PRIMARY KEY)";
        self.shell.ask(CLIENT, PRIMARY, statement).await?;
        self.are_clones(1..3).await
    }

    /// These pets have the data of the pet before them, and did not begin with their own.
    async fn are_clones(&self, ordinals: std::ops::Range<u32>) -> Result<(), Error> {
        for ordinal in ordinals {
            // The clone tells where in the primary's log it was made, and the sidecar went on from there.
            self.stage
                .eventually(&format!("mysql-{ordinal} follows the primary from its clone on"), async || {
                    let told = ["cat", "/var/lib/mysql/change_master_to.sql.orig"];
                    let told = self.shell.run(pet(ordinal), &told).await?;
                    Ok(told.contains("MASTER_LOG_FILE") && told.contains("MASTER_LOG_POS"))
                })
                .await?;
            let pod = self.stage.sets.pod(SET, Ordinal(ordinal)).await?;
            let log = self.stage.node.pods().log_tail(&pod.reference(), "clone-mysql", 5000).await?;
            check!(log.contains("completed OK!"), "mysql-{ordinal} did not prepare a clone: {log}");
            let from = format!("ncat --recv-only mysql-{}.mysql 3307", ordinal - 1);
            check!(log.contains(&from), "mysql-{ordinal} did not ask mysql-{}: {log}", ordinal - 1);
            self.stage.told.seen(format!("mysql-{ordinal} is a clone of mysql-{}", ordinal - 1));
        }
        Ok(())
    }

    /// What is written to the primary is read on every replica.
    async fn replicates(&self, count: u32) -> Result<(), Error> {
        let number = u64::from(count);
        self.shell.ask(CLIENT, PRIMARY, &format!("INSERT INTO shop.orders VALUES ({number})")).await?;
        for ordinal in 0..count {
            self.stage
                .eventually(&format!("mysql-{ordinal} has what was written"), async || {
                    Ok(self.shell.numbers(pet(ordinal), ITSELF).await?.contains(&number))
                })
                .await?;
        }
        let last = pet(count - 1);
        let refused = self.shell.ask(last, ITSELF, "INSERT INTO shop.orders VALUES (0)").await;
        // Root may write on a replica in MariaDB; the option that the manifest sets is there all the same.
        let read_only = self.shell.ask(last, ITSELF, "SELECT @@read_only").await?;
        check!(read_only == "1", "mysql-{} is not read-only", last.ordinal);
        if refused.is_ok() {
            self.shell.ask(last, ITSELF, "DELETE FROM shop.orders WHERE number = 0").await?;
        }
        let told = &self.stage.told;
        told.seen(format!("an order written to mysql-0.mysql is read on mysql-0 … mysql-{}", last.ordinal));
        Ok(())
    }

    async fn spreads_reads(&self) -> Result<(), Error> {
        let pods = self.stage.sets.snapshot(SET).await?.pods;
        let ready: BTreeSet<String> =
            pods.iter().flat_map(|pod| &pod.status.addresses).map(ToString::to_string).collect();
        let answer = self.shell.run(CLIENT, &["getent", "ahostsv4", READ.name]).await?;
        let found: BTreeSet<String> =
            answer.lines().filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect();
        check!(found == ready, "mysql-read is {found:?}, and {ready:?} are ready");
        self.stage.told.seen(format!("mysql-read is {}", found.into_iter().collect::<Vec<_>>().join(", ")));
        let mut servers = BTreeSet::new();
        for ordinal in 0..3 {
            servers.insert(self.shell.ask(pet(ordinal), READ, "SELECT @@server_id").await?);
        }
        let servers = servers.into_iter().collect::<Vec<_>>().join(", ");
        self.stage.told.seen(format!("three clients of mysql-read are served by {servers}"));
        Ok(())
    }

    async fn survives_a_kill(&self) -> Result<(), Error> {
        let before = self.shell.numbers(pet(1), ITSELF).await?;
        let first = self.stage.restarts(SET, 1).await?;
        docker(&["kill", "--signal", "KILL", "mysql.mysql-1.default.petset"])?;
        self.stage.told.seen("mysql-1: SIGKILL");
        self.shell.ask(CLIENT, PRIMARY, "INSERT INTO shop.orders VALUES (10)").await?;
        self.stage.eventually("mysql-1 is back", async || Ok(self.stage.restarts(SET, 1).await? > first)).await?;
        self.stage.reach(SET, until::ready_replicas(3), "waiting for mysql-1").await?;
        self.stage
            .eventually("mysql-1 has what it missed", async || {
                Ok(self.shell.numbers(pet(1), ITSELF).await?.contains(&10))
            })
            .await?;
        let after = self.shell.numbers(pet(1), ITSELF).await?;
        check!(after.is_superset(&before), "mysql-1 lost {:?}", before.difference(&after));
        let told = &self.stage.told;
        told.seen(format!("mysql-1 is back with its {} orders, and has the one that it missed", before.len()));
        Ok(())
    }

    async fn rolls_under_writes(&self) -> Result<(), Error> {
        let writer = Writer::start(self.shell.clone(), PRIMARY, 1000);
        let before = self.pods_by_age().await?;
        self.stage.sets.restart(SET).await?;
        self.stage.reach(SET, until::rolled_out(), "restarting from mysql-4 down to mysql-0").await?;
        let written = writer.end().await?;
        check!(!written.acknowledged.is_empty(), "the writer wrote nothing");
        for ordinal in 0..5 {
            self.stage
                .eventually(&format!("mysql-{ordinal} has every order"), async || {
                    Ok(self.shell.numbers(pet(ordinal), ITSELF).await?.is_superset(&written.acknowledged))
                })
                .await?;
        }
        let (count, failed) = (written.acknowledged.len(), written.failed);
        self.stage.told.seen(format!(
            "{count} orders of the client were acknowledged, {failed} were not: every database has all of the {count}"
        ));
        let after = self.pods_by_age().await?;
        check!(after.iter().all(|(_, uid)| !before.iter().any(|(_, old)| old == uid)), "not all of {after:?} are new");
        let order: Vec<u32> = after.iter().map(|(ordinal, _)| ordinal.0).collect();
        check!(order == [4, 3, 2, 1, 0], "the new pods came in the order {order:?}");
        self.stage.told.seen("mysql-4, 3, 2, 1 have new pods, and then the primary");
        Ok(())
    }

    /// The pods of the set, the oldest first.
    async fn pods_by_age(&self) -> Result<Vec<(Ordinal, PodUid)>, Error> {
        let mut pods = self.stage.sets.snapshot(SET).await?.pods;
        pods.sort_by_key(|pod| pod.created_at);
        Ok(pods.into_iter().map(|pod| (pod.ordinal, pod.uid)).collect())
    }

    async fn is_torn_down(&self) -> Result<(), Error> {
        self.stage.sets.delete(SET, Cascade::Ordered).await?;
        self.stage.reach(SET, until::gone(), "from mysql-4 down to mysql-0").await?;
        let claims = self.stage.node.volumes().list(&SetKey::new("default", "mysql")).await?;
        check!(claims.len() == 5, "{} volumes are left of 5", claims.len());
        self.stage.told.seen("all pods are gone, the highest first; 5 volumes are kept");
        Ok(())
    }

    /// Whatever an earlier run left is removed, volumes included.
    async fn clean_up(&self) {
        client::remove(&self.stage).await;
        self.stage.remove(SET).await;
        self.stage.told.end();
    }
}
