//! The StatefulSet controller of `kube-controller-manager` and `petset-controller --statefulsets`, one after the other on one
//! API server, with the same stand-in for the nodes: how long the same work takes, what they ask for by the server's audit
//! log, and what they cost.
//!
//! `scripts/bench kube`, or `scripts/bench kube small` for a size that is done within two minutes.

#![expect(clippy::print_stdout, reason = "a bench prints its tables")]
#![expect(clippy::future_not_send, reason = "one task does it all")]

mod audit;
mod contestant;
mod figures;
mod process;
mod work;
mod world;

use std::time::Duration;

use contestant::Contestant;
use figures::{Figures, Row};
use petset_kube::envtest::Controllers;
use work::{Shape, Work};
use world::World;

type Error = Box<dyn std::error::Error + Send + Sync>;

/// How much is asked for.
#[derive(Debug, Clone, Copy)]
struct Size {
    many: Shape,
    large: Shape,
    idle: Shape,
    /// How long what follows of a goal that is reached is counted: a status that may wait, an Event that is collected.
    settle: Duration,
    /// How long sets at their goal are looked at.
    rest: Duration,
}

const FULL: Size = Size {
    many: Shape { sets: 100, pets: 5, is_ordered: true },
    large: Shape { sets: 1, pets: 500, is_ordered: false },
    idle: Shape { sets: 1000, pets: 1, is_ordered: true },
    settle: Duration::from_secs(10),
    rest: Duration::from_secs(60),
};

const SMALL: Size = Size {
    many: Shape { sets: 10, pets: 3, is_ordered: true },
    large: Shape { sets: 1, pets: 30, is_ordered: false },
    idle: Shape { sets: 50, pets: 1, is_ordered: true },
    settle: Duration::from_secs(4),
    rest: Duration::from_secs(5),
};

/// What both do once before anything is measured, so that the server is warm.
const WARM_UP: Shape = Shape { sets: 5, pets: 2, is_ordered: true };

fn main() -> Result<(), Error> {
    if !Controllers::are_there() {
        println!("skipped: KUBEBUILDER_ASSETS names no folder with kube-controller-manager (scripts/services kube)");
        return Ok(());
    }
    let size = if std::env::args().any(|argument| argument == "small") { SMALL } else { FULL };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    runtime.block_on(run(size))
}

async fn run(size: Size) -> Result<(), Error> {
    let world = World::make().await?;
    for contestant in Contestant::BOTH {
        bring_up(&world, contestant, WARM_UP, Duration::ZERO).await?;
    }
    println!("{}", Figures::HEADINGS);
    let mut rows = Vec::new();
    for shape in [size.many, size.large] {
        let [mut up, mut rolled] = [Row::new(shape.to_string()), Row::new(format!("rolling update of {shape}"))];
        for contestant in Contestant::BOTH {
            let [first, second] = bring_up(&world, contestant, shape, size.settle).await?;
            up.add(contestant, first);
            rolled.add(contestant, second);
        }
        rows.extend([up, rolled]);
    }
    let [mut up, mut rest] =
        [Row::new(size.idle.to_string()), Row::at_rest(format!("{} s of rest of {}", size.rest.as_secs(), size.idle))];
    for contestant in Contestant::BOTH {
        let [first, second] = idle(&world, contestant, size).await?;
        up.add(contestant, first);
        rest.add(contestant, second);
    }
    rows.extend([up, rest]);
    println!();
    for row in &rows {
        row.print_requests();
    }
    println!("{}", Row::HEADINGS);
    for row in &rows {
        row.print_ratios();
    }
    let version = world.client.apiserver_version().await?.git_version;
    println!(
        "\nRequests and CPU seconds are counted until {} s after the goal. Resident: at the end, and at the peak.",
        size.settle.as_secs()
    );
    println!("Others' requests are those of the stand-in for the nodes and of this program. API server {version}.");
    Ok(())
}

/// From nothing to ready, and then a rolling update.
async fn bring_up(
    world: &World,
    contestant: Contestant,
    shape: Shape,
    settle: Duration,
) -> Result<[Figures; 2], Error> {
    let work = Work::begin(world, contestant, shape).await?;
    let mut running = contestant.start(world).await?;
    let up = running.measure(world, work.create(), settle).await?;
    let rolled = running.measure(world, work.roll_out(), settle).await?;
    running.end()?;
    work.clear().await?;
    Ok([up, rolled])
}

/// From nothing to ready, and then nothing.
async fn idle(world: &World, contestant: Contestant, size: Size) -> Result<[Figures; 2], Error> {
    let work = Work::begin(world, contestant, size.idle).await?;
    let mut running = contestant.start(world).await?;
    let up = running.measure(world, work.create(), size.settle).await?;
    let rest = async {
        tokio::time::sleep(size.rest).await;
        Ok(())
    };
    let rest = running.measure(world, rest, Duration::ZERO).await?;
    running.end()?;
    work.clear().await?;
    Ok([up, rest])
}
