//! The conformance suite over a real API server and a stand-in kubelet, one view of the cluster and two namespaces for
//! each case: whatever happens in a namespace hints at all of its sets. The subject has the published rights and no others;
//! its hands are the administrator's.

mod account;
mod hands;
#[path = "../common/way.rs"]
mod way;
mod weather;
mod workload;
#[path = "../common/world.rs"]
mod world;

use std::process::ExitCode;
use std::sync::Arc;

use hands::ClusterHands;
use k8s_openapi::api::core::v1::Namespace;
use kube::ResourceExt;
use petset_core::{Error, ErrorKind, Result};
use petset_kube::cluster::Cluster;
use petset_kube::envtest::Server;
use petset_testkit::conformance::{self, Subject};
use serde_json::json;
use weather::Weather;
use world::World;

/// Nothing beside the server: cases give objects to owners that nobody knows.
const CONTROLLERS: Option<&[&str]> = None;

/// A namespace that nobody else uses.
async fn namespace(world: &World) -> Result<String> {
    let named = json!({ "metadata": { "generateName": "case-" } });
    let made: Namespace = world::create(&world.server.client()?, named).await?;
    Ok(made.name_any())
}

async fn subject() -> Result<Subject> {
    let world = world::the_world().await?;
    let weather = Weather::default();
    let account = account::account(&world.server).await?;
    let cluster = Cluster::builder(weather.between(account.client()?)).reads_config(true).open();
    let [here, there] = [namespace(world).await?, namespace(world).await?];
    Ok(Subject::new()
        .namespace(here)
        .other_namespace(there)
        .pods(cluster.pods())
        .volumes(cluster.volumes())
        .names(cluster.names())
        .store(cluster.store())
        .forgets_lives()
        .workload(
            workload::workload()
                .map_err(|error| Error::new(ErrorKind::Internal, "describe a workload").with_source(error))?,
        )
        .hands(Arc::new(ClusterHands::new(world.server.client()?, weather, cluster))))
}

#[expect(clippy::print_stderr, reason = "a test program says what it leaves out")]
fn main() -> ExitCode {
    if let Err(error) = Server::assets()
        && std::env::var_os("PETSET_REQUIRE_KUBE").is_none_or(|required| required != "1")
    {
        eprintln!("NO API SERVER: the whole suite is skipped (PETSET_REQUIRE_KUBE=1 makes that an error): {error}");
        return ExitCode::SUCCESS;
    }
    conformance::run(subject)
}
