//! Applies a manifest on the engine that `DOCKER_HOST` names, or the one of this machine, and shows what became of it.
//!
//! ```text
//! cargo run --example docker_apply --features docker -- <directory> <manifest>           the node's directory is made
//! cargo run --example docker_apply --features docker -- <directory> <manifest> --delete  the sets go, volumes stay
//! ```
//!
//! The pets run on when it has ended. The next run on the same directory takes them over as they are.

#![expect(clippy::print_stdout, reason = "a program for people prints")]

use std::process::ExitCode;
use std::time::Duration;

use petset::docker::node::Node;
use petset::{Cascade, Controller, Manifest, Sets, Timestamp, until};

type Error = Box<dyn std::error::Error + Send + Sync>;

const PATIENCE: Duration = Duration::from_secs(120);

#[tokio::main]
async fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let done = match words[..] {
        [directory, manifest] => run(directory, manifest, false).await,
        [directory, manifest, "--delete"] => run(directory, manifest, true).await,
        _ => {
            println!("usage: docker_apply <directory> <manifest> [--delete]");
            return ExitCode::from(2);
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("docker_apply: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(directory: &str, manifest: &str, delete: bool) -> Result<(), Error> {
    let manifest = Manifest::from_path(manifest)?;
    let node = Node::open(directory).await.map_err(|error| error.chain().to_string())?;
    println!("the engine is {}", node.engine());
    let keys: Vec<String> =
        manifest.sets.iter().map(|set| format!("{}/{}", set.metadata.namespace, set.metadata.name)).collect();
    let sets = Controller::new(node).spawn();
    let done = if delete { end(&sets, &keys).await } else { apply(&sets, manifest, &keys).await };
    // Pets keep running.
    sets.shutdown().await;
    done
}

async fn apply(sets: &Sets, manifest: Manifest, keys: &[String]) -> Result<(), Error> {
    for applied in sets.apply(manifest).await.map_err(|error| error.chain().to_string())? {
        println!("{applied}");
    }
    for key in keys {
        if let Err(error) = sets.wait(key.as_str(), until::rolled_out(), PATIENCE).await {
            return Err(format!("{}\n{}", error.chain(), sets.explain(key.as_str()).await?).into());
        }
        println!("\n{}", sets.snapshot(key.as_str()).await?.tables(Timestamp::now()));
    }
    Ok(())
}

async fn end(sets: &Sets, keys: &[String]) -> Result<(), Error> {
    for key in keys {
        sets.delete(key.as_str(), Cascade::Ordered).await?;
        sets.wait(key.as_str(), until::gone(), PATIENCE).await?;
        println!("{key} is gone, and its volumes are kept");
    }
    Ok(())
}
