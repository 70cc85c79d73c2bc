//! The controller's program is killed, and another one takes its place: nothing that matters was in its memory.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use petset_kube::envtest::Account;
use petset_testkit::seed::Dice;
use serde_json::Value;
use tokio::time::{Instant, sleep};

use crate::account::account;
use crate::kind::Kind;
use crate::program::Program;
use crate::story::Story;
use crate::world::{self, World};
use crate::{Error, ensure};

/// How long a program may take until it works; the lease of one that was killed runs out meanwhile.
const PATIENCE: Duration = Duration::from_secs(120);

/// All moments, or so many as there is time for.
fn moments(few: u32, all: u32) -> u32 {
    if std::env::var_os("PETSET_FULL").is_some_and(|full| full == "1") { all } else { few }
}

/// Waits until it works.
pub(crate) async fn until_it_works(program: &Program) -> Result<(), Error> {
    let deadline = Instant::now() + PATIENCE;
    while program.says("works")?.is_none() {
        ensure!(Instant::now() < deadline, "it never works: {:#?}", program.lines());
        sleep(Duration::from_millis(10)).await;
    }
    Ok(())
}

/// Whether it has done something to a pod or a claim. Its last line may be cut off.
fn has_acted(program: &Program) -> bool {
    let is_act = |line: &Value| line["message"] == "event" && line["warning"] == false;
    program.lines().iter().any(|line| serde_json::from_str(line).is_ok_and(|line| is_act(&line)))
}

/// Without a lease, so that the next one works at once.
#[expect(clippy::print_stderr, reason = "the figures are what the test is for")]
pub(crate) async fn at_many_moments(seed: u64, kind: Kind) -> Result<(), Error> {
    let moments = moments(8, 50);
    let world = world::the_world().await?;
    let account = account(&world.server).await?;
    let mut dice = Dice::of(seed, "killed", 0);
    let (mut stories, mut kills, mut in_the_midst) = (0, 0, 0);
    // A story is as long as it is: as many of them as it takes.
    while kills < moments {
        let story = Story::new(world.server.client()?, kind, "killed").await?;
        stories += 1;
        let [kind, namespace] = story.arguments();
        let start = || Program::start(&account.kubeconfig(), &[&kind, &namespace, "--leader-elect=false"]);
        let killing = async {
            let mut controller = start()?;
            while kills < moments {
                until_it_works(&controller).await?;
                sleep(Duration::from_millis(dice.below(900))).await;
                in_the_midst += u32::from(has_acted(&controller));
                drop(controller);
                kills += 1;
                controller = start()?;
            }
            std::future::pending::<Result<(), Error>>().await
        };
        tokio::select! {
            done = story.run() => done?,
            failed = killing => failed?,
        }
    }
    eprintln!("{}: killed {kills} times in {stories} stories, {in_the_midst} times when it had acted", kind.name());
    ensure!(in_the_midst > 0, "it was killed {kills} times before it did anything");
    Ok(())
}

/// One of two, as they are deployed: it works on both kinds, and has a lease which the other one waits for.
fn candidate(account: &Account) -> Result<Program, Error> {
    let both = ["--petsets", "--statefulsets", "--lease-namespace=petset-system"];
    Program::start(&account.kubeconfig(), &both)
}

/// One story of a set of this kind.
async fn live(world: &World, kind: Kind) -> Result<(), Error> {
    Story::new(world.server.client()?, kind, "lease").await?.run().await
}

/// The one that has the lease is killed, and the one that waits takes over when it has run out; meanwhile, and until the
/// last of them works, sets of both kinds live through their stories.
#[expect(clippy::print_stderr, reason = "the figures are what the test is for")]
pub(crate) async fn with_a_lease(seed: u64) -> Result<(), Error> {
    let moments = moments(2, 6);
    let world = World::make().await?;
    let account = account(&world.server).await?;
    let mut dice = Dice::of(seed, "lease", 0);
    let kills = AtomicU32::new(0);
    let mut in_the_midst = 0;
    let lives = async {
        let mut stories = 0;
        while stories == 0 || kills.load(Ordering::Relaxed) < moments {
            tokio::try_join!(live(&world, Kind::PetSets), live(&world, Kind::StatefulSets))?;
            stories += 2;
        }
        Ok::<_, Error>(stories)
    };
    let killing = async {
        let mut works = candidate(&account)?;
        until_it_works(&works).await?;
        let mut waits = candidate(&account)?;
        for kill in 1..=moments {
            sleep(Duration::from_millis(dice.below(2000))).await;
            while kill == moments && !has_acted(&works) {
                // There are sets to work on until the last one is killed: that one in their midst.
                sleep(Duration::from_millis(20)).await;
            }
            ensure!(waits.says("has the lease")?.is_none(), "two have the lease: {:#?}", waits.lines());
            in_the_midst += u32::from(has_acted(&works));
            drop(works);
            kills.store(kill, Ordering::Relaxed);
            works = waits;
            until_it_works(&works).await?;
            // Not before: of two that wait either may be the next one.
            waits = candidate(&account)?;
            ensure!(works.says("the lease has run out")?.is_some(), "the lease was given away: {:#?}", works.lines());
        }
        // Alive until the stories are over.
        Ok([works, waits])
    };
    let (stories, _alive) = tokio::try_join!(lives, killing)?;
    eprintln!("both: killed {moments} times in {stories} stories, {in_the_midst} times when it had acted");
    Ok(())
}
