//! What is behind the API is killed and started again, while a set goes on.

use std::time::Duration;

use petset_core::Controller;
use petset_kube::envtest::Kubelet;
use petset_testkit::seed::Dice;
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::account::account;
use crate::kind::Kind;
use crate::story::Story;
use crate::world::World;
use crate::{Error, ensure};

/// So often each program is killed, at the most.
const KILLS: u32 = 4;

/// Which one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Killed {
    Api,
    Etcd,
}

/// Pods that take longer until they are ready: ten of them, one after the other, take longer than the longest pause before
/// the first kill.
fn slowly() -> Value {
    json!({ "spec": { "template": { "metadata": { "annotations": { Kubelet::PROGRAM: "{\"readyMillis\":300}" } } } } })
}

/// Kills one of the server's programs again and again, until the story is over.
async fn while_it_is_killed(killed: Killed, seed: u64, kind: Kind) -> Result<(), Error> {
    let name = if killed == Killed::Api { "api-server" } else { "etcd" };
    let world = World::make().await?;
    let story = Story::new(world.server.client()?, kind, name).await?;
    let sets = Controller::new(story.backends(account(&world.server).await?.client()?)).spawn();
    let mut dice = Dice::of(seed, name, 0);
    let mut kills = 0;
    let killing = async {
        loop {
            sleep(Duration::from_millis(200 + dice.below(1500))).await;
            if kills == KILLS {
                return std::future::pending().await;
            }
            let restarted = match killed {
                Killed::Api => world.server.restart_api().await,
                Killed::Etcd => world.server.restart_etcd().await,
            };
            if let Err(error) = restarted {
                return Err::<(), Error>(error.into());
            }
            kills += 1;
        }
    };
    let lives = async {
        story.web.create(3).await?;
        story.web.patch(&slowly()).await?;
        story.web.until_rolled_out(3).await?;
        story.run_on().await
    };
    tokio::select! {
        done = lives => done?,
        failed = killing => failed?,
    }
    ensure!(kills > 0, "nothing was killed");
    sets.shutdown().await;
    Ok(())
}

pub(crate) async fn api(seed: u64, kind: Kind) -> Result<(), Error> {
    while_it_is_killed(Killed::Api, seed, kind).await
}

pub(crate) async fn etcd(seed: u64, kind: Kind) -> Result<(), Error> {
    while_it_is_killed(Killed::Etcd, seed, kind).await
}
