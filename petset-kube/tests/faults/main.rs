//! Everything around a set goes wrong, and the set comes to its goal: at most one pod per identity, nothing lost.

#[path = "../common/account.rs"]
mod account;
#[path = "../common/etcd.rs"]
mod etcd;
mod gone;
#[path = "../common/harness.rs"]
mod harness;
#[path = "../common/observer.rs"]
mod observer;
mod process;
mod stale;
mod stall;
mod story;
mod trouble;
#[path = "../common/web.rs"]
mod web;
mod webhook;
#[path = "../common/world.rs"]
mod world;

use std::process::ExitCode;
use std::time::Duration;

use account::account;
use harness::{Error, trial};
use kube::client::ClientBuilder;
use libtest_mimic::Trial;
use petset_core::Controller;
use petset_testkit::seed::{self, Dice};
use process::Process;
use story::Story;
use tokio::time::sleep;
use trouble::Trouble;
use world::World;

const CONTROLLERS: Option<&[&str]> = None;

/// Kills one of the server's programs again and again, until the story is over.
async fn while_it_is_killed(name: &str, seed: u64, etcd: bool) -> Result<(), Error> {
    let world = World::make().await?;
    let story = Story::new(world.server.client()?, name).await?;
    let sets = Controller::new(story.cluster(account(&world.server).await?.client()?)).spawn();
    let mut dice = Dice::of(seed, name, 0);
    let mut kills = 0;
    let killing = async {
        loop {
            sleep(Duration::from_millis(200 + dice.below(1500))).await;
            if kills == 4 {
                return std::future::pending().await;
            }
            let restarted = if etcd { world.server.restart_etcd().await } else { world.server.restart_api().await };
            if let Err(error) = restarted {
                return Err::<(), Error>(error.into());
            }
            kills += 1;
        }
    };
    tokio::select! {
        done = story.run() => done?,
        failed = killing => failed?,
    }
    ensure!(kills > 0, "nothing was killed");
    sets.shutdown().await;
    Ok(())
}

async fn api_server(seed: u64) -> Result<(), Error> {
    while_it_is_killed("api-server", seed, false).await
}

async fn etcd(seed: u64) -> Result<(), Error> {
    while_it_is_killed("etcd", seed, true).await
}

/// A way to the server on which requests fail.
async fn troubled(world: &World, trouble: &Trouble) -> Result<kube::Client, Error> {
    Ok(ClientBuilder::try_from(account(&world.server).await?.config())?.with_layer(trouble).build())
}

/// 429, 500, 503, requests and answers that are lost.
async fn troubles(seed: u64) -> Result<(), Error> {
    let world = world::the_world().await?;
    let story = Story::new(world.server.client()?, "trouble").await?;
    let trouble = Trouble::new(seed, "trouble");
    let sets = Controller::new(story.cluster(troubled(world, &trouble).await?)).spawn();
    story.run().await?;
    ensure!(trouble.failed() > 10, "only {} requests failed", trouble.failed());
    trouble.end();
    sets.shutdown().await;
    Ok(())
}

/// Two controllers, each with troubles of its own.
async fn two_controllers(seed: u64) -> Result<(), Error> {
    let world = world::the_world().await?;
    let story = Story::new(world.server.client()?, "two").await?;
    let troubles = [Trouble::new(seed, "first"), Trouble::new(seed, "second")];
    let mut controllers = Vec::new();
    for trouble in &troubles {
        controllers.push(Controller::new(story.cluster(troubled(world, trouble).await?)).spawn());
    }
    story.run().await?;
    for (controller, trouble) in controllers.into_iter().zip(&troubles) {
        trouble.end();
        controller.shutdown().await;
    }
    Ok(())
}

/// A controller that is killed, and started again, at so many moments.
async fn killed(seed: u64) -> Result<(), Error> {
    let moments = if std::env::var_os("PETSET_FULL").is_some_and(|full| full == "1") { 50 } else { 8 };
    let world = world::the_world().await?;
    let account = account(&world.server).await?;
    let mut dice = Dice::of(seed, "killed", 0);
    let mut left = moments;
    // A story is as long as it is: as many of them as it takes.
    while left > 0 {
        let story = Story::new(world.server.client()?, "killed").await?;
        let namespace = story.web.namespace.clone();
        let killing = async {
            let mut controller = Process::start(&account, &namespace)?;
            while left > 0 {
                sleep(Duration::from_millis(100 + dice.below(900))).await;
                controller.kill()?;
                left -= 1;
                controller = Process::start(&account, &namespace)?;
            }
            std::future::pending::<Result<(), Error>>().await
        };
        tokio::select! {
            done = story.run() => done?,
            failed = killing => failed?,
        }
    }
    Ok(())
}

/// A trial with chance in it.
#[expect(clippy::print_stderr, reason = "the seed repeats the run")]
fn seeded<F: Future<Output = Result<(), Error>>>(
    name: &str,
    seed: u64,
    run: impl FnOnce(u64) -> F + Send + 'static,
) -> Trial {
    let told = format!("{name}: PETSET_SEED={seed}");
    trial(name, move || async move {
        eprintln!("{told}");
        run(seed).await.map_err(|error| format!("{told}\n{error}").into())
    })
}

fn main() -> ExitCode {
    if process::is_one() {
        return ExitCode::SUCCESS;
    }
    let seed = seed::from_env();
    let trials = vec![
        seeded("s1_s15_l1_api_server_killed", seed, api_server),
        seeded("s1_s15_l1_etcd_killed", seed, etcd),
        seeded("s1_s2_l1_refused_and_lost_requests", seed, troubles),
        seeded("s1_s10_l1_two_controllers", seed, two_controllers),
        seeded("s1_s19_l1_controller_killed", seed, killed),
        seeded("s12_l1_mutating_webhook", seed, |_| webhook::mutating()),
        seeded("s13_l3_history_compacted", seed, |_| gone::compaction()),
        seeded("s10_no_ready_pod_goes_on_pods_older_than_the_set", seed, |_| stale::rollout()),
    ];
    harness::run(None, trials)
}
