//! The faults.

use std::fs::{self, File};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::process::{Child, Command};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

use crate::engine::Engine;
use crate::random::Random;
use crate::story::{LAST, open, steps, tell};
use crate::wire::{Loss, Silence, Wire};
use crate::witness::{Journals, nothing_is_lost, read, starts};
use crate::{CONTROLLER, Error};

/// Faults happen within so many milliseconds after the last one: about as long as two pets take to come and go.
const APART: u64 = 3_000;
/// An engine's death ends every pod, so after one the story needs longer to go on before the next.
const ENGINE_APART: u64 = 3 * APART;
const LOOK: Duration = Duration::from_millis(20);
/// The last step may have to be tried again from its beginning.
const SOON: Duration = Duration::from_secs(400);

fn times(ci: usize, full: usize) -> usize {
    if std::env::var("PETSET_FULL").is_ok_and(|value| value == "1") { full } else { ci }
}

pub(crate) async fn engine_killed() -> Result<(), Error> {
    let mut random = Random::new("engine_killed_at_random_moments");
    let mut engine = Engine::start()?;
    let story = begin(&engine, &engine.host()).await?;
    let (kills, mut before) = (times(3, 20), Journals::new());
    for kill in 1..=kills {
        random.moment(ENGINE_APART).await;
        goes_on(&story, &engine, kill)?;
        engine.kill()?;
        // Containers go on without it; some time passes before anybody notices.
        random.moment(500).await;
        engine.raise()?;
        look(&engine, &mut before, kill)?;
    }
    end(&engine, &before, Ending::Task(story), kills).await
}

pub(crate) async fn controller_killed() -> Result<(), Error> {
    let mut random = Random::new("controller_killed_at_random_moments");
    let engine = Engine::start()?;
    let (kills, mut before) = (times(5, 50), Journals::new());
    for kill in 1..=kills {
        let mut child = controller(&engine)?;
        random.moment(APART).await;
        if let Some(status) = child.try_wait()? {
            let log = fs::read_to_string(engine.path("controller.log"))?;
            return Err(format!("the controller ended by itself before kill {kill}: {status}: {log}").into());
        }
        child.kill().await?;
        look(&engine, &mut before, kill)?;
    }
    let last = controller(&engine)?;
    end(&engine, &before, Ending::Process(last), kills).await
}

pub(crate) async fn socket_cut() -> Result<(), Error> {
    let mut random = Random::new("socket_cut_at_random_moments");
    let engine = Engine::start()?;
    let wire = Wire::start(engine.path("wire.sock"), engine.socket())?;
    let story = begin(&engine, &wire.host()).await?;
    let (cuts, mut before) = (times(7, 50), Journals::new());
    for cut in 1..=cuts {
        random.moment(APART / 2).await;
        goes_on(&story, &engine, cut)?;
        // Each of them comes up, the small size too.
        match cut % 7 {
            0 => wire.cut(),
            kind @ (1 | 2) => {
                wire.silence(Some(if kind == 1 { Silence::Dead } else { Silence::Mute }));
                random.moment(2_000).await;
                wire.silence(None);
            }
            kind => {
                let lost = wire.lost();
                wire.lose([Loss::Request, Loss::Answer, Loss::Half, Loss::Refused][kind - 3]);
                while wire.lost() == lost {
                    goes_on(&story, &engine, cut)?;
                    sleep(LOOK).await;
                }
            }
        }
        look(&engine, &mut before, cut)?;
    }
    eprintln!("socket_cut_at_random_moments: {} requests or answers were lost", wire.lost());
    end(&engine, &before, Ending::Task(story), cuts).await
}

/// What the process that is killed does.
pub(crate) async fn control(dir: &Path, host: &str) -> Result<(), Error> {
    tell(dir, open(dir, host).await?).await
}

fn controller(engine: &Engine) -> Result<Child, Error> {
    let log = File::options().create(true).append(true).open(engine.path("controller.log"))?;
    let mut command = Command::new(std::env::current_exe()?);
    command.arg(CONTROLLER).arg(engine.path("")).arg(engine.host());
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).kill_on_drop(true);
    Ok(command.spawn()?)
}

type Story = JoinHandle<Result<(), Error>>;

/// The story, told by a controller of this process.
async fn begin(engine: &Engine, host: &str) -> Result<Story, Error> {
    let dir = engine.path("");
    let node = open(&dir, host).await?;
    Ok(tokio::spawn(async move { tell(&dir, node).await }))
}

fn goes_on(story: &Story, engine: &Engine, fault: usize) -> Result<(), Error> {
    if !story.is_finished() {
        return Ok(());
    }
    Err(format!("the story ended before fault {fault}, at step {}: {}", steps(&engine.path("")), engine.last_words())
        .into())
}

/// What the volumes tell after a fault.
fn look(engine: &Engine, before: &mut Journals, fault: usize) -> Result<(), Error> {
    let after = read(&engine.volumes())?;
    nothing_is_lost(before, &after).map_err(|error| format!("after fault {fault}: {error}"))?;
    *before = after;
    Ok(())
}

/// Who tells the last step.
enum Ending {
    Task(Story),
    Process(Child),
}

/// From now on nothing breaks: the goal is reached with nobody's help.
async fn end(engine: &Engine, before: &Journals, ending: Ending, faults: usize) -> Result<(), Error> {
    fs::write(engine.path("finish"), "")?;
    let ended = async {
        match ending {
            Ending::Task(story) => story.await?,
            Ending::Process(mut child) => match child.wait().await? {
                status if status.success() => Ok(()),
                status => Err(format!("{status}: {}", fs::read_to_string(engine.path("controller.log"))?).into()),
            },
        }
    };
    tokio::time::timeout(SOON, ended).await??;
    let last = fs::read_to_string(engine.path("finished"))?;
    let pets: Vec<&str> = last.lines().collect();
    if i32::try_from(pets.len())? != LAST {
        return Err(format!("the goal is {LAST} pets: {last}").into());
    }
    let journals = everybody_signed(engine, &pets).await?;
    nothing_is_lost(before, &journals)?;
    eprintln!("{faults} faults over {} steps and {} starts of pets", steps(&engine.path("")), starts(&journals));
    Ok(())
}

/// The last line of each pet's journal is by the pod that the controller says it is.
async fn everybody_signed(engine: &Engine, pets: &[&str]) -> Result<Journals, Error> {
    let deadline = Instant::now() + SOON;
    loop {
        let journals = read(&engine.volumes())?;
        let last: Vec<&str> = journals.values().filter_map(|journal| journal.lines().last()).collect();
        if pets.iter().all(|pet| last.iter().any(|line| line.contains(pet))) {
            return Ok(journals);
        }
        if Instant::now() > deadline {
            return Err(format!("{pets:?} did not sign: {last:?}").into());
        }
        sleep(Duration::from_millis(50)).await;
    }
}
