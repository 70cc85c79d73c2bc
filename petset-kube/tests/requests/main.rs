//! How many requests a set costs: from nothing to its goal, and at its goal.

#[path = "../common/account.rs"]
mod account;
#[path = "../common/harness.rs"]
mod harness;
#[path = "../common/traffic.rs"]
mod traffic;
#[path = "../common/web.rs"]
mod web;
#[path = "../common/world.rs"]
mod world;

use std::process::ExitCode;
use std::time::Instant;

use account::account;
use harness::{Error, trial};
use kube::client::ClientBuilder;
use petset_core::{Backends, Controller, Engine, EngineOptions, SetKey};
use petset_kube::cluster::Cluster;
use serde_json::json;
use traffic::{Counts, Traffic};
use web::Web;

const CONTROLLERS: Option<&[&str]> = None;

/// Pets of the set, each with one claim.
const PETS: u32 = 5;

/// A cluster whose requests are counted.
async fn counted(namespace: &str, world: &world::World) -> Result<(Cluster, Traffic), Error> {
    let traffic = Traffic::default();
    let client = ClientBuilder::try_from(account(&world.server).await?.config())?.with_layer(&traffic).build();
    Ok((Cluster::builder(client).namespace(namespace).open(), traffic))
}

fn ensure(counts: &Counts, kind: &str, expected: u32) -> Result<(), Error> {
    let found = counts.of(kind);
    if found == expected { Ok(()) } else { Err(format!("{kind}: {found}, not {expected}, of\n{counts}").into()) }
}

/// From nothing to goal: N + N·K creations, one revision, our finalizer, and status writes.
#[expect(clippy::print_stdout, reason = "the figures are what the test is for")]
async fn to_the_goal() -> Result<(), Error> {
    let world = world::the_world().await?;
    let web = Web::new(world.server.client()?, web::pet_sets(), "requests").await?;
    let (cluster, traffic) = counted(&web.namespace, world).await?;
    let sets = Controller::new(cluster.clone()).spawn();
    let started = Instant::now();
    web.create(PETS).await?;
    web.until_rolled_out(PETS).await?;
    let took = started.elapsed();
    let up = traffic.counts();
    println!("{PETS} ordered pets with one claim, from nothing to goal in {took:?}:\n{up}");
    for kind in ["pods", "persistentvolumeclaims"] {
        ensure(&up, &format!("create {kind}"), PETS)?;
    }
    ensure(&up, "create controllerrevisions", 1)?;
    ensure(&up, "patch petsets", 1)?;
    ensure(&up, "update petsets/status", 0)?;
    ensure(&up, "delete pods", 0)?;
    for kind in ["pods", "persistentvolumeclaims", "services", "petsets", "controllerrevisions"] {
        ensure(&up, &format!("list {kind}"), 1)?;
        ensure(&up, &format!("watch {kind}"), 1)?;
    }
    if up.verb("get") > 0 {
        return Err(format!("something was read that a view has:\n{up}").into());
    }
    // Each pet's start passes the compare-and-swap at once; the rest at most every 100 ms.
    let paced = u32::try_from(took.as_millis() / 100)? + 2;
    let written = up.of("patch petsets/status");
    if written > PETS + paced {
        return Err(format!("{written} status writes in {took:?}:\n{up}").into());
    }

    web.patch(&json!({ "spec": { "template": { "spec": { "terminationGracePeriodSeconds": 4 } } } })).await?;
    web.until_rolled_out(PETS).await?;
    let rolled = traffic.counts().since(&up);
    println!("a rolling update of them:\n{rolled}");
    ensure(&rolled, "create pods", PETS)?;
    ensure(&rolled, "create controllerrevisions", 1)?;
    ensure(&rolled, "create persistentvolumeclaims", 0)?;
    // A ready pod goes on pods that are as new as the set: at most one list for each.
    let lists = rolled.of("list pods");
    if rolled.of("delete pods") < PETS || lists > PETS + 1 || rolled.verb("get") > PETS {
        return Err(format!("a rolling update costs more than it should:\n{rolled}").into());
    }
    sets.shutdown().await;
    Ok(())
}

/// At goal: a thousand passes ask for nothing at all.
#[expect(clippy::print_stdout, reason = "the figures are what the test is for")]
async fn at_the_goal() -> Result<(), Error> {
    let world = world::the_world().await?;
    let web = Web::new(world.server.client()?, web::pet_sets(), "rest").await?;
    let (cluster, traffic) = counted(&web.namespace, world).await?;
    let sets = Controller::new(cluster.clone()).spawn();
    web.create(PETS).await?;
    web.until_rolled_out(PETS).await?;
    sets.shutdown().await;

    let backends = Backends::from(cluster);
    let engine = Engine::new(backends.clone(), EngineOptions::default());
    let key = SetKey::new(web.namespace.as_str(), "web");
    // The first pass of an engine tells what it has seen, if the last one could not.
    let _ = engine.pass(&key).await?;
    let before = traffic.counts();
    for _ in 0..1000 {
        let pass = engine.pass(&key).await?;
        if pass.status_written || !pass.outcomes.is_empty() {
            return Err(format!("at goal something was done: {pass:?}").into());
        }
    }
    for _ in 0..100 {
        if backends.store.list().await? != [key.clone()] {
            return Err("another set".into());
        }
    }
    let at_goal = traffic.counts().since(&before);
    println!("1,000 passes and 100 resyncs at goal:\n{at_goal}");
    if at_goal.total() - at_goal.verb("watch") > 0 {
        return Err(format!("at goal something was asked for:\n{at_goal}").into());
    }
    Ok(())
}

fn main() -> ExitCode {
    let trials =
        vec![trial("s18_requests_to_the_goal", to_the_goal), trial("s17_no_requests_at_the_goal", at_the_goal)];
    harness::run(None, trials)
}
