//! The StatefulSet controller of `kube-controller-manager` and `petset-controller --statefulsets`, one after the other on one
//! API server, with the same stand-in for the nodes: how long the same work takes, what they ask for by the server's audit
//! log, and what they cost.
//!
//! `scripts/bench kube`, or `scripts/bench kube small` for a size that is done within two minutes; `many`, `large` and `idle`
//! are the parts of either.

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

/// What of it is asked for.
#[derive(Debug, Clone, Copy)]
struct Parts {
    many: bool,
    large: bool,
    idle: bool,
}

impl Parts {
    /// Everything, where nothing is named.
    fn or_all(self) -> Self {
        let Self { many, large, idle } = self;
        if many || large || idle { self } else { Self { many: true, large: true, idle: true } }
    }
}

/// What both do once before anything is measured, so that the server is warm.
const WARM_UP: Shape = Shape { sets: 5, pets: 2, is_ordered: true };

fn main() -> Result<(), Error> {
    if !Controllers::are_there() {
        println!("skipped: KUBEBUILDER_ASSETS names no folder with kube-controller-manager (scripts/services kube)");
        return Ok(());
    }
    let asked = |word: &str| std::env::args().any(|argument| argument == word);
    let size = if asked("small") { SMALL } else { FULL };
    let parts = Parts { many: asked("many"), large: asked("large"), idle: asked("idle") };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    runtime.block_on(run(size, parts.or_all()))
}

async fn run(size: Size, parts: Parts) -> Result<(), Error> {
    let world = World::make().await?;
    for contestant in Contestant::BOTH {
        bring_up(&world, contestant, WARM_UP, Duration::ZERO).await?;
    }
    println!("{}", Figures::HEADINGS);
    let mut rows = Vec::new();
    let brought_up = [(parts.many, size.many), (parts.large, size.large)];
    for (_, shape) in brought_up.into_iter().filter(|(is_asked, _)| *is_asked) {
        let [mut up, mut rolled] = [Row::new(shape.to_string()), Row::new(format!("rolling update of {shape}"))];
        for contestant in Contestant::BOTH {
            let [first, second] = bring_up(&world, contestant, shape, size.settle).await?;
            up.add(contestant, first);
            rolled.add(contestant, second);
        }
        rows.extend([up, rolled]);
    }
    if parts.idle {
        let rest = format!("{} s of rest of {}", size.rest.as_secs(), size.idle);
        let [mut up, mut rest] = [Row::new(size.idle.to_string()), Row::at_rest(rest)];
        for contestant in Contestant::BOTH {
            let [first, second] = idle(&world, contestant, size).await?;
            up.add(contestant, first);
            rest.add(contestant, second);
        }
        rows.extend([up, rest]);
    }
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
