//! A cluster to try things on, where no cluster is: a real API server, a stand-in for the nodes, and the definition of
//! `PetSet`. It lasts until Ctrl-C.
//!
//! ```sh
//! export KUBEBUILDER_ASSETS=$(scripts/services kube)
//! cargo run -p petset-kube --features envtest --example cluster
//! ```

use std::io::{self, Write};

use k8s_openapi::api::storage::v1::StorageClass;
use kube::Api;
use kube::api::PostParams;
use petset_kube::envtest::{Controllers, Kubelet, Program, Server};
use petset_kube::resource;
use serde_json::json;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let server = Server::start().await?;
    let client = server.client()?;
    resource::install(&client).await?;
    let class: StorageClass = serde_json::from_value(json!({
        "metadata": { "name": "standard", "annotations": { "storageclass.kubernetes.io/is-default-class": "true" } },
        "provisioner": "stand-in",
    }))?;
    Api::all(client).create(&PostParams::default(), &class).await?;
    let kubelet = Kubelet::start(server.config());
    kubelet.set_default(unhurried());
    // envtest's own folder has none; what then is missing is Endpoints, and the removal of what has lost its owner.
    let controllers = Controllers::are_there().then(|| Controllers::start(&server, &["endpoint", "garbagecollector"]));
    let controllers = controllers.transpose()?;
    writeln!(io::stdout(), "export KUBECONFIG={}", server.kubeconfig().display())?;
    tokio::signal::ctrl_c().await?;
    drop((controllers, kubelet));
    Ok(())
}

/// Pods that can be watched while they start and end.
fn unhurried() -> Program {
    let mut program = Program::default();
    program.start_millis = 1_000;
    program.ready_millis = 1_000;
    program.stop_millis = 1_000;
    program
}
