//! Two databases, each the other's replica, on volumes that were made by hand, and a check behind every sentence.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use petset::backend::VolumeProvisioner;
use petset::docker::volumes::StaticVolume;
use petset::spec::{EnvVar, PodSpec};
use petset::{Cascade, Manifest, SetKey, until};

use crate::client;
use crate::database::{Host, Place, Shell};
use crate::stage::{Error, Stage, check, docker};
use crate::writer::Writer;

const SET: &str = "default/db";
const PORT: u16 = 5432;
const ITSELF: Host = Host { name: "127.0.0.1", port: PORT };
/// Whoever is ready.
const EITHER: Host = Host { name: "db-client", port: PORT };
/// What a pet runs: the database of the image, told who its peer is.
const PROGRAM: &str = include_str!("pair.sh");
/// The volumes, each a directory that stands for an export of its own.
const SHELVES: [&str; 2] = ["docker-pair-shelf-a", "docker-pair-shelf-b"];

fn pet(ordinal: u32) -> Place {
    Place { set: SET, ordinal, container: "db" }
}

struct Pair<'d> {
    dir: &'d Path,
    stage: Stage,
    shell: Shell,
}

pub(crate) async fn tell(dir: &Path, keep: bool) -> Result<(), Error> {
    fs::create_dir_all(dir)?;
    let dir = &dir.canonicalize()?;
    let made = make_shelves(dir);
    let stage = Stage::open(&dir.join("node"), |builder| {
        let volumes = SHELVES.map(|name| StaticVolume::new(name, 2 << 30));
        volumes.into_iter().fold(builder, petset::docker::node::NodeBuilder::static_volume)
    })
    .await?;
    let shell = Shell::of(&stage);
    let pair = Pair { dir, stage, shell };
    let result = match made {
        Ok(()) => pair.run(keep).await,
        Err(error) => Err(error),
    };
    pair.stage.told.end();
    if !keep {
        pair.clean_up().await;
        for shelf in SHELVES {
            let _ = docker(&["volume", "rm", shelf]);
        }
    }
    pair.stage.sets.shutdown().await;
    result
}

/// Makes the volumes, as a person does once for each export.
fn make_shelves(dir: &Path) -> Result<(), Error> {
    for shelf in SHELVES {
        let place = dir.join(shelf);
        fs::create_dir_all(&place)?;
        let device = format!("device={}", place.display());
        docker(&["volume", "create", "--opt", "type=none", "--opt", "o=bind", "--opt", &device, shelf])?;
    }
    Ok(())
}

impl Pair<'_> {
    async fn run(&self, keep: bool) -> Result<(), Error> {
        let told = &self.stage.told;
        self.clean_up().await;
        told.chapter("A pool: two volumes made by hand, each a directory that stands for an export");
        for shelf in SHELVES {
            told.seen(format!("{shelf} is {}", self.dir.join(shelf).display()));
        }
        told.chapter("A pair: two databases, each the other's replica");
        let bound = self.comes_up().await?;
        self.follow_each_other().await?;
        told.chapter("A client that knows one name, and a crash under it");
        self.survives_a_kill(&bound).await?;
        if keep {
            told.end();
            println!("\ndocker_mysql --pair: ok ({:.1} s); the databases run on", told.elapsed().as_secs_f64());
            return Ok(());
        }
        told.chapter("The end: the volumes keep what they have, and are nobody's");
        self.is_torn_down().await?;
        told.end();
        println!("\ndocker_mysql --pair: ok ({:.1} s)", told.elapsed().as_secs_f64());
        Ok(())
    }

    /// Answers which claim has which volume.
    async fn comes_up(&self) -> Result<BTreeMap<String, String>, Error> {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/manifests/pair.yaml");
        let mut manifest = Manifest::from_path(path)?;
        for set in &mut manifest.sets {
            with_database(&mut set.spec.template.spec);
        }
        for applied in self.stage.sets.apply(manifest).await? {
            self.stage.told.seen(applied);
        }
        self.stage.reach(SET, until::rolled_out(), "starting db-0, then db-1").await?;
        let bound = self.bindings().await?;
        let volumes: BTreeSet<&str> = bound.values().map(String::as_str).collect();
        check!(volumes == SHELVES.into(), "the claims have {bound:?}");
        for (claim, volume) in &bound {
            self.stage.told.seen(format!("{claim} has {volume}"));
        }
        client::start(&self.stage).await?;
        Ok(bound)
    }

    async fn follow_each_other(&self) -> Result<(), Error> {
        let statement = "CREATE DATABASE shop; CREATE TABLE shop.orders (number BIGINT PRIMARY KEY)";
        self.shell.ask(pet(0), ITSELF, statement).await?;
        for (from, to) in [(0, 1), (1, 0)] {
            let peer = Host { name: if to == 0 { "db-0.db" } else { "db-1.db" }, port: PORT };
            self.stage
                .eventually(&format!("db-{from} has the table"), async || {
                    Ok(self.shell.numbers(pet(from), ITSELF).await.is_ok())
                })
                .await?;
            let number = u64::from(from + 1);
            self.shell.ask(pet(from), ITSELF, &format!("INSERT INTO shop.orders VALUES ({number})")).await?;
            // Asked by its name, from the one that wrote.
            self.stage
                .eventually(&format!("db-{to} has what db-{from} wrote"), async || {
                    Ok(self.shell.numbers(pet(from), peer).await?.contains(&number))
                })
                .await?;
            self.stage.told.seen(format!("an order written to db-{from} is read from {}", peer.name));
        }
        Ok(())
    }

    async fn survives_a_kill(&self, bound: &BTreeMap<String, String>) -> Result<(), Error> {
        let writer = Writer::start(self.shell.clone(), EITHER, 1000);
        self.has_orders_of_the_client().await?;
        for ordinal in [0, 1] {
            let before = self.stage.restarts(SET, ordinal).await?;
            docker(&["kill", "--signal", "KILL", &format!("db.db-{ordinal}.default.petset")])?;
            self.stage.told.seen(format!("db-{ordinal}: SIGKILL"));
            let what = format!("db-{ordinal} is back");
            self.stage.eventually(&what, async || Ok(self.stage.restarts(SET, ordinal).await? > before)).await?;
            self.stage.reach(SET, until::ready_replicas(2), &what).await?;
        }
        let written = writer.end().await?;
        for ordinal in [0, 1] {
            self.stage
                .eventually(&format!("db-{ordinal} has every order"), async || {
                    Ok(self.shell.numbers(pet(ordinal), ITSELF).await?.is_superset(&written.acknowledged))
                })
                .await?;
        }
        let (count, failed) = (written.acknowledged.len(), written.failed);
        self.stage.told.seen(format!(
            "{count} orders written to db-client were acknowledged, {failed} were not: both databases have all of the {count}"
        ));
        let after = self.bindings().await?;
        check!(after == *bound, "the claims had {bound:?}, and have {after:?}");
        self.stage.told.seen("each claim has the volume that it had");
        Ok(())
    }

    async fn has_orders_of_the_client(&self) -> Result<(), Error> {
        self.stage
            .eventually("the client has written", async || {
                Ok(self.shell.numbers(pet(0), ITSELF).await?.iter().any(|number| *number >= 1000))
            })
            .await
    }

    async fn is_torn_down(&self) -> Result<(), Error> {
        let volumes = self.stage.node.volumes();
        self.stage.sets.delete(SET, Cascade::Ordered).await?;
        self.stage.reach(SET, until::gone(), "from db-1 down to db-0").await?;
        for claim in volumes.list(&SetKey::new("default", "db")).await? {
            volumes.delete(&claim.reference()).await?;
        }
        self.stage
            .eventually("the claims are gone", async || {
                Ok(volumes.list(&SetKey::new("default", "db")).await?.is_empty())
            })
            .await?;
        check!(volumes.released() == SHELVES, "{:?} wait to be scrubbed", volumes.released());
        for shelf in SHELVES {
            check!(self.dir.join(shelf).join("shop").is_dir(), "{shelf} has lost the shop");
        }
        self.stage.told.seen("both volumes have their shop, and nobody gets them before they are scrubbed");
        Ok(())
    }

    async fn bindings(&self) -> Result<BTreeMap<String, String>, Error> {
        let claims = self.stage.sets.snapshot(SET).await?.claims;
        Ok(claims.into_iter().map(|claim| (claim.name, claim.volume.unwrap_or_default())).collect())
    }

    /// Whatever an earlier run left is removed, and the volumes are emptied and free again.
    async fn clean_up(&self) {
        client::remove(&self.stage).await;
        self.stage.remove(SET).await;
        for shelf in self.stage.node.volumes().released() {
            for entry in fs::read_dir(self.dir.join(&shelf)).into_iter().flatten().flatten() {
                let path = entry.path();
                let _ = if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
            }
            let _ = self.stage.node.volumes().scrub(&shelf).await;
        }
        self.stage.told.end();
    }
}

/// The manifest leaves open which database it is: this one, and where it has its data.
fn with_database(spec: &mut PodSpec) {
    let variable =
        |name: &str, value: &str| EnvVar { name: name.to_owned(), value: Some(value.to_owned()), ..EnvVar::default() };
    for container in &mut spec.containers {
        container.image = Some("mysql:5.7".to_owned());
        container.command = ["bash", "-c", PROGRAM].map(str::to_owned).into();
        container.env.push(variable("MYSQL_ALLOW_EMPTY_PASSWORD", "1"));
        for mount in &mut container.volume_mounts {
            "/var/lib/mysql".clone_into(&mut mount.mount_path);
        }
    }
}
