//! What a program of one's own asks for beyond a controller.

use std::time::Duration;

use petset_core::Controller;
use petset_core::backend::ResolvedName;
use petset_core::controller::until;
use petset_core::spec::ConfigObject;
use petset_core::store::{Cascade, SetStore};
use petset_kube::cluster::{Cluster, ClusterBuilder};
use petset_kube::envtest::Account;
use serde_json::json;

use crate::cluster::set;
use crate::terminal::Terminal;
use crate::{Error, ensure};

/// How long a set may take.
const PATIENCE: Duration = Duration::from_secs(120);

fn cluster(account: &Account) -> Result<ClusterBuilder, Error> {
    Ok(Cluster::builder(account.client()?).namespace("default"))
}

/// A set and its Service that a program declares, whose names it asks for, and both of which it deletes.
pub(crate) async fn sets(person: &Terminal, account: &Account) -> Result<(), Error> {
    let service = json!({ "apiVersion": "v1", "kind": "Service", "metadata": { "name": "own" },
        "spec": { "clusterIP": "None", "selector": { "app": "own" } } });
    let sets = Controller::new(cluster(account)?.open()).spawn();
    let manifest = format!("{}\n---\n{service}", set("own", 1));
    sets.apply(manifest.parse()?).await?;
    sets.wait("default/own", until::available(), PATIENCE).await?;
    let address: std::net::IpAddr = "10.0.0.9".parse()?;
    person.create(&json!({ "apiVersion": "v1", "kind": "Endpoints", "metadata": { "name": "own" },
        "subsets": [{ "addresses": [{ "ip": address, "hostname": "own-0" }] }] }))?;
    let found = sets.resolve("own-0.own.default.svc.cluster.local").await?;
    ensure!(found == ResolvedName::Addresses(vec![address]), "{found:?}");
    sets.delete("default/own", Cascade::Ordered).await?;
    sets.wait("default/own", until::gone(), PATIENCE).await?;
    let service: ConfigObject = serde_json::from_value(service)?;
    ensure!(sets.delete_object("default", service.kind(), "own").await?, "it was there");
    sets.shutdown().await;
    Ok(())
}

/// A config map and a secret that a program declares, finds and deletes.
pub(crate) async fn config(account: &Account) -> Result<(), Error> {
    let store = cluster(account)?.reads_config(true).open().store();
    for kind in ["ConfigMap", "Secret"] {
        let object = json!({ "kind": kind, "metadata": { "name": "settings", "namespace": "default" } });
        let object: ConfigObject = serde_json::from_value(object)?;
        store.put_object(object.clone()).await?;
        ensure!(store.objects("default").await?.contains(&object), "{kind} is not there");
        ensure!(store.delete_object("default", object.kind(), "settings").await?, "{kind} was there");
    }
    Ok(())
}
