//! W8: a pair on a static pool, each reaching the other by name, behind a name for clients.

use std::collections::BTreeMap;
use std::path::Path;

use petset::local::volumes::StaticVolume;
use petset::{Ordinal, until};

use crate::client::fetch;
use crate::machine::{Machine, builder, example};
use crate::{Error, ensure};

const PORT: u16 = 5432;
const CLIENTS: &str = "db-client.default.svc.cluster.local";

fn export(root: &Path, name: &str) -> Result<StaticVolume, Error> {
    let path = root.join(name);
    std::fs::create_dir_all(&path)?;
    Ok(StaticVolume::new(name, path, 2 << 30))
}

pub(crate) async fn run() -> Result<(), Error> {
    let dir = tempfile::tempdir()?;
    let exports = dir.path().join("exports");
    let names = ["nfs-a", "nfs-b", "nfs-c"];
    let mut node = builder(&dir.path().join("node"));
    for name in names {
        node = node.static_volume(export(&exports, name)?);
    }
    let node = node.open().await?;
    let machine = Machine::over(dir, node)?;
    machine.sets.apply(example("pair.yaml", PORT)?).await?;
    machine.reach("db", until::rolled_out()).await?;

    let bound = machine.bindings().await?;
    ensure!(bound.len() == 2 && bound["data-db-0"] != bound["data-db-1"], "not one to one: {bound:?}");
    ensure!(bound.values().all(|volume| names.contains(&volume.as_str())), "not of the pool: {bound:?}");
    for (ordinal, peer) in [(0, "db-1.db"), (1, "db-0.db")] {
        machine.inside("db", ordinal, &["getent", "hosts", peer]).await?;
    }

    // A client asks by the client name all the time; one pet crashes under it.
    let (crash, mut asked) = (machine.sets.delete_pod("db", Ordinal(0)), 0);
    let client = async {
        for _ in 0..200 {
            ask(&machine).await?;
            asked += 1;
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        Ok::<_, Error>(())
    };
    let (crashed, answered) = futures::join!(crash, client);
    crashed?;
    answered?;
    ensure!(asked == 200, "only {asked} answers");
    machine.reach("db", until::rolled_out()).await?;
    ensure!(machine.bindings().await? == bound, "a claim changed its volume");
    for name in ["data-db-0", "data-db-1"] {
        let page = std::fs::read_to_string(machine.volume("db", name)?.join("index.html"))?;
        ensure!(name == format!("data-{page}"), "{name} was signed by {page}");
    }
    Ok(())
}

/// One question of a client: any pet behind the name may answer; a connection that fails goes to the next.
async fn ask(machine: &Machine) -> Result<String, Error> {
    let mut last: Error = "no address".into();
    for _ in 0..3 {
        for address in machine.client.addresses(CLIENTS).await.unwrap_or_default() {
            match fetch((address, PORT).into(), CLIENTS, "/name").await {
                Ok(name) => return Ok(name),
                Err(error) => last = error,
            }
        }
    }
    Err(last)
}

impl Machine {
    async fn bindings(&self) -> Result<BTreeMap<String, String>, Error> {
        let claims = self.sets.snapshot("db").await?.claims;
        Ok(claims.into_iter().map(|claim| (claim.name, claim.volume.unwrap_or_default())).collect())
    }
}
