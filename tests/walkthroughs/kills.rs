//! The controller is killed with SIGKILL at random moments, again and again, while it scales and updates; each time
//! another process takes over. The volumes are the witnesses.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use petset::local::node::Node;
use petset::{Cascade, Controller, ErrorKind, Sets, until};
use petset_testkit::seed::{self, Dice};
use tokio::process::{Child, Command};

use crate::local::{Leftovers, builder};
use crate::machine::{SOON, eventually, is_sound_journal};
use crate::manifests::web_version;
use crate::{Error, ensure};

/// The declarations that the controller goes through, round and round: replicas, and whether the version is broken.
const STEPS: [(i32, bool); 8] =
    [(2, false), (5, false), (3, false), (5, false), (5, true), (5, false), (4, false), (2, false)];

pub(crate) fn full() -> bool {
    std::env::var("PETSET_FULL").is_ok_and(|value| value == "1")
}

/// Dice for a test, the same for the same `PETSET_SEED`.
pub(crate) fn dice(test: &str) -> Dice {
    let seed = seed::given().unwrap_or(20_261_120);
    eprintln!("{test}: PETSET_SEED={seed}");
    Dice::of(seed, test, 1)
}

/// What the killed process runs: it goes on with the step that the last one was in. A file `finish` makes it end the
/// round that it is in and stop at the goal.
pub(crate) async fn control(dir: PathBuf) -> Result<(), Error> {
    let node = loop {
        match builder(&dir.join("node")).open().await {
            Ok(node) => break node,
            Err(error) if error.kind() == ErrorKind::Locked => tokio::time::sleep(Duration::from_millis(10)).await,
            Err(error) => return Err(error.chain().to_string().into()),
        }
    };
    let sets = Controller::new(node).spawn();
    let progress = dir.join("progress");
    loop {
        let step: usize = fs::read_to_string(&progress).ok().and_then(|text| text.trim().parse().ok()).unwrap_or(0);
        let (replicas, broken) = STEPS[step % STEPS.len()];
        if step.is_multiple_of(STEPS.len()) && dir.join("finish").exists() {
            finish(&sets).await?;
            fs::write(dir.join("finished"), step.to_string())?;
            sets.shutdown().await;
            return Ok(());
        }
        sets.apply(web_version(replicas, &step.to_string(), broken)?).await?;
        if broken {
            sets.wait("web", stands_broken(), SOON).await?;
        } else {
            sets.wait("web", until::rolled_out(), SOON).await?;
        }
        fs::write(dir.join("progress.next"), (step + 1).to_string())?;
        fs::rename(dir.join("progress.next"), &progress)?;
    }
}

/// A rollout of a broken version has taken down what it may, and not more.
fn stands_broken() -> petset::Until {
    until::holds("stopped at one broken pet", |set| {
        set.is_some_and(|set| {
            let status = &set.status;
            let down = set.set.spec.replicas() - status.ready_replicas.min(set.set.spec.replicas());
            status.observed_generation == set.generation && status.replicas == set.set.spec.replicas() && down == 1
        })
    })
}

async fn finish(sets: &Sets) -> Result<(), Error> {
    sets.apply(web_version(3, "last", false)?).await?;
    sets.wait("web", until::rolled_out(), SOON).await?;
    Ok(())
}

fn controller(dir: &Path) -> Result<Child, Error> {
    let log = fs::File::options().create(true).append(true).open(dir.join("controller.log"))?;
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("controller").arg(dir).stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).kill_on_drop(true);
    Ok(command.spawn()?)
}

/// The journals of all volumes, by volume.
async fn journals(dir: &Path) -> Result<BTreeMap<String, String>, Error> {
    let mut journals = BTreeMap::new();
    for claim in Node::inspect_claims(&dir.join("node")).await? {
        let data = dir.join("node/volumes/local/default").join(&claim.name).join("data");
        journals.insert(claim.name.clone(), fs::read_to_string(data.join("journal")).unwrap_or_default());
        let page = fs::read_to_string(data.join("index.html")).unwrap_or_default();
        ensure!(page.is_empty() || claim.name == format!("www-{page}"), "{} was signed by {page}", claim.name);
    }
    Ok(journals)
}

pub(crate) async fn run() -> Result<(), Error> {
    let dir = tempfile::tempdir()?;
    let _leftovers = Leftovers::of(dir.path());
    let mut random = dice("controller_killed_at_random_moments");
    let kills = if full() { 100 } else { 15 };
    let mut before = BTreeMap::new();
    for kill in 0..kills {
        let mut child = controller(dir.path())?;
        tokio::time::sleep(Duration::from_millis(50 + random.below(1_500))).await;
        if let Some(status) = child.try_wait()? {
            let log = fs::read_to_string(dir.path().join("controller.log"))?;
            return Err(format!("the controller ended by itself before kill {kill}: {status}: {log}").into());
        }
        child.kill().await?;
        let after = journals(dir.path()).await?;
        for (claim, journal) in &after {
            is_sound_journal(journal)?;
            let earlier = before.get(claim).map_or("", String::as_str);
            ensure!(journal.starts_with(earlier), "{claim} lost what it had: {earlier} → {journal}");
        }
        ensure!(before.keys().all(|claim| after.contains_key(claim)), "a volume is gone");
        before = after;
    }
    let steps = fs::read_to_string(dir.path().join("progress")).unwrap_or_default();
    fs::write(dir.path().join("finish"), "")?;
    let mut last = controller(dir.path())?;
    let finished = dir.path().join("finished");
    eventually("the goal is reached", async || {
        if !finished.exists() {
            let log = fs::read_to_string(dir.path().join("controller.log")).unwrap_or_default();
            return Err(format!("the controller says: {log}").into());
        }
        Ok(true)
    })
    .await?;
    last.wait().await?;
    let starts: usize =
        journals(dir.path()).await?.values().map(|journal| is_sound_journal(journal)).sum::<Result<_, _>>()?;
    ensure!(starts >= 3, "the volumes saw only {starts} starts");
    eprintln!(
        "controller_killed_at_random_moments: {kills} kills over {} steps and {starts} starts of pets",
        steps.trim()
    );
    clean_up(dir.path()).await
}

/// Ends the pets that are left.
async fn clean_up(dir: &Path) -> Result<(), Error> {
    let node = builder(&dir.join("node")).open().await?;
    let sets = Controller::new(node).spawn();
    ensure!(sets.snapshot("web").await?.pods.len() == 3, "the goal is not reached");
    sets.delete("web", Cascade::Ordered).await?;
    sets.wait("web", until::gone(), SOON).await?;
    Ok(())
}
