//! W8: a pair on a static pool, each reaching the other by name, behind a name for clients.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use petset::{Ordinal, until};

use crate::client::fetch;
use crate::machine::Machine;
use crate::manifests::example;
use crate::place::On;
use crate::{Error, ensure};

const PORT: u16 = 5432;
/// Questions of the client at each event.
const ASKED: usize = 100;

pub(crate) async fn run(on: On) -> Result<(), Error> {
    let pool = ["nfs-a", "nfs-b", "nfs-c"];
    let machine = Machine::on_pool(on, "db", &pool).await?;
    machine.apply(example("pair.yaml", PORT)?).await?;
    machine.reach(until::rolled_out()).await?;

    let bound = machine.bindings().await?;
    ensure!(bound.len() == 2 && bound["data-db-0"] != bound["data-db-1"], "not one to one: {bound:?}");
    ensure!(bound.values().all(|volume| pool.iter().any(|name| volume.ends_with(name))), "not of the pool: {bound:?}");
    for (ordinal, peer) in [(0, "db-1.db"), (1, "db-0.db")] {
        machine.inside(ordinal, &["getent", "hosts", peer]).await?;
    }

    // A client asks by the client name all the time; one pet crashes under it, and the other one is replaced.
    let asked = while_asked(&machine, machine.crash(0)).await?;
    ensure!(asked >= ASKED, "only {asked} answers during a crash");
    let asked = while_asked(&machine, machine.replaces(1)).await?;
    ensure!(asked >= ASKED, "only {asked} answers during a replacement");
    machine.reach(until::rolled_out()).await?;
    ensure!(machine.bindings().await? == bound, "a claim changed its volume");
    for ordinal in 0..2 {
        let signed = machine.inside(ordinal, &["cat", "/var/lib/db/index.html"]).await?;
        ensure!(signed == format!("db-{ordinal}"), "db-{ordinal} has what {signed} wrote");
    }
    Ok(())
}

/// How many questions of a client were answered while something happened; at least so many are asked.
async fn while_asked(machine: &Machine, happens: impl Future<Output = Result<(), Error>>) -> Result<usize, Error> {
    let (over, client) = (AtomicBool::new(false), async |over: &AtomicBool| {
        let mut asked = 0;
        while asked < ASKED || !over.load(Ordering::Relaxed) {
            ask(machine).await?;
            asked += 1;
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        Ok::<_, Error>(asked)
    });
    let happens = async {
        let result = happens.await;
        over.store(true, Ordering::Relaxed);
        result
    };
    let (happened, asked) = futures::join!(happens, client(&over));
    happened?;
    asked
}

/// One question of a client: any pet behind the name may answer; a connection that fails goes to the next.
async fn ask(machine: &Machine) -> Result<String, Error> {
    let mut last: Error = "no address".into();
    let (name, client) = (machine.name("db-client"), machine.client().await?);
    for _ in 0..3 {
        for address in client.addresses(&name).await.unwrap_or_default() {
            match fetch((address, PORT).into(), &name, "/name").await {
                Ok(name) => return Ok(name),
                Err(error) => last = error,
            }
        }
    }
    Err(last)
}

impl Machine {
    /// Deletes a pod; returns when another one is ready in its place.
    async fn replaces(&self, ordinal: u32) -> Result<(), Error> {
        let old = self.sets.pod(&self.set, Ordinal(ordinal)).await?.uid;
        self.sets.delete_pod(&self.set, Ordinal(ordinal)).await?;
        self.eventually("another pod is there", async || {
            let now = self.sets.pod(&self.set, Ordinal(ordinal)).await?;
            Ok(now.uid != old && now.status.ready_since.is_some())
        })
        .await
    }

    async fn bindings(&self) -> Result<BTreeMap<String, String>, Error> {
        let claims = self.sets.snapshot(&self.set).await?.claims;
        Ok(claims.into_iter().map(|claim| (claim.name, claim.volume.unwrap_or_default())).collect())
    }
}
