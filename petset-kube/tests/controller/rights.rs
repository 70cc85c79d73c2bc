//! The published rights are enough, and each of them is used (S21).

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::time::Duration;

use k8s_openapi::api::rbac::v1::{ClusterRole, Role};
use k8s_openapi::api::storage::v1::StorageClass;
use kube::Api;
use kube::api::PostParams;
use petset_core::Controller;
use petset_kube::cluster::Cluster;
use petset_kube::envtest::{Account, Kubelet, Server, ServerOptions};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::cluster::set;
use crate::program::Program;
use crate::slow::SlowWatches;
use crate::terminal::Terminal;
use crate::{Error, embedded, ensure, published};

/// The account of the published manifests.
const USER: &str = "system:serviceaccount:default:petset-controller";

/// How long a level is waited for.
const PATIENCE: Duration = Duration::from_secs(120);

/// Group, resource and verb.
type Right = (String, String, String);

pub(crate) async fn story() -> Result<(), Error> {
    let mut options = ServerOptions::default();
    options.audits = true;
    let server = Server::start_with(&options).await?;
    let kubelet = Kubelet::start(server.config());
    let person = Terminal { server: server.clone(), namespace: "default".to_owned() };
    default_class(&server).await?;
    apply(&person).await?;
    let account = Account::of(&server, "default", "petset-controller").await?;
    let granted = granted(&server, "petset-controller").await?;

    let program = Program::start(&account.kubeconfig(), &["--petsets", "--namespace=default"])?;
    whole_life(&person).await?;
    // The lease is renewed only some seconds after it was taken, and given away with an update as well.
    ensure!(program.end()?.success(), "it ends well");
    slow_views(&person, &account).await?;
    let unused: Vec<Right> = granted.difference(&used(&server)?).cloned().collect();
    ensure!(unused.is_empty(), "granted and never used: {unused:?}");

    optional(&person, &account, "claims", &[], claims_that_go).await?;
    optional(&person, &account, "statefulsets", &["--statefulsets"], stateful_sets).await?;
    optional(&person, &account, "embedded", &[], async |person| embedded::sets(person, &account).await).await?;
    optional(&person, &account, "config", &[], async |_| embedded::config(&account).await).await?;
    drop(kubelet);
    Ok(())
}

async fn default_class(server: &Server) -> Result<(), Error> {
    let class: StorageClass = serde_json::from_value(json!({
        "metadata": { "name": "standard", "annotations": { "storageclass.kubernetes.io/is-default-class": "true" } },
        "provisioner": "stand-in",
    }))?;
    Api::all(server.client()?).create(&PostParams::default(), &class).await?;
    Ok(())
}

/// Applies what is published, as the documentation says; both ways give the same rights.
async fn apply(person: &Terminal) -> Result<(), Error> {
    let definition = Path::new(env!("CARGO_MANIFEST_DIR")).join("crds");
    person.kubectl(&["apply", "-k", &definition.display().to_string()])?;
    // `kubectl wait` fails on a definition that has no condition yet.
    let established = "-o=jsonpath={.status.conditions[?(@.type==\"Established\")].status}";
    person.until(&["get", "crd", "petsets.petset.rs", established], |printed| printed == "True").await?;
    for way in ["namespaced", "cluster"] {
        published::apply(&person.server, way, &[])?;
    }
    Ok(())
}

/// An optional part of the rights: nothing of it was needed without, and all of it is with.
async fn optional(
    person: &Terminal,
    account: &Account,
    part: &str,
    arguments: &[&str],
    story: impl AsyncFnOnce(&Terminal) -> Result<(), Error>,
) -> Result<(), Error> {
    let server = &person.server;
    for way in ["namespaced", "cluster"] {
        published::apply(server, way, &[part])?;
    }
    let (before, granted) = (used(server)?, granted(server, &format!("petset-controller-{part}")).await?);
    ensure!(granted.is_disjoint(&before), "{granted:?} were used without the right to: {before:?}");
    let program = Program::start(&account.kubeconfig(), &[&["--petsets", "--namespace=default"], arguments].concat())?;
    story(person).await?;
    ensure!(program.end()?.success(), "it ends well");
    let unused: Vec<Right> = granted.difference(&used(server)?).cloned().collect();
    ensure!(unused.is_empty(), "granted and never used: {unused:?}");
    Ok(())
}

/// What a published role grants.
async fn granted(server: &Server, role: &str) -> Result<BTreeSet<Right>, Error> {
    let client = server.client()?;
    let namespaced = Api::<Role>::namespaced(client.clone(), "default").get(role).await?.rules.unwrap_or_default();
    let mut cluster = Api::<ClusterRole>::all(client.clone()).get(role).await?.rules.unwrap_or_default();
    if role == "petset-controller" {
        let lease = Api::<Role>::namespaced(client, "petset-system").get("petset-controller-lease").await?;
        cluster.extend(lease.rules.unwrap_or_default());
    }
    ensure!(cluster == namespaced, "the two ways grant different rights: {cluster:?}");
    let mut rights = BTreeSet::new();
    for rule in namespaced {
        for group in rule.api_groups.iter().flatten() {
            for resource in rule.resources.iter().flatten() {
                rights.extend(rule.verbs.iter().map(|verb| (group.clone(), resource.clone(), verb.clone())));
            }
        }
    }
    ensure!(!rights.iter().any(|(_, resource, verb)| resource == "*" || verb == "*"), "{rights:?}");
    Ok(rights)
}

/// What the account asked for by the audit log; an error when anything was denied.
fn used(server: &Server) -> Result<BTreeSet<Right>, Error> {
    let mut rights = BTreeSet::new();
    for line in fs::read_to_string(server.audit_log())?.lines() {
        let Ok(entry) = serde_json::from_str::<Value>(line) else { continue };
        if entry["user"]["username"] != USER || entry["objectRef"].is_null() {
            continue;
        }
        ensure!(entry["annotations"]["authorization.k8s.io/decision"] != "forbid", "denied: {entry}");
        let object = &entry["objectRef"];
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let resource = match object["subresource"].as_str() {
            Some(sub) => format!("{}/{sub}", text(&object["resource"])),
            None => text(&object["resource"]),
        };
        let right = |verb: &str| (text(&object["apiGroup"]), resource.clone(), verb.to_owned());
        rights.insert(right(&text(&entry["verb"])));
        if entry["verb"] == "patch" && entry["responseStatus"]["code"] == 201 {
            // What is applied and was not there takes the right to create it as well.
            rights.insert(right("create"));
        }
    }
    Ok(rights)
}

/// A set from its creation to its deletion, with everything in between.
async fn whole_life(person: &Terminal) -> Result<(), Error> {
    // A pod that somebody left behind.
    person.create(
        &json!({ "apiVersion": "v1", "kind": "Pod", "metadata": { "name": "left-0", "labels": { "app": "left" } },
        "spec": { "containers": [{ "name": "main", "image": "one" }] } }),
    )?;
    let mut left = set("left", 1);
    left["spec"]["volumeClaimTemplates"] = json!([]);
    left["spec"]["template"]["spec"]["containers"][0]["volumeMounts"] = json!([]);
    left["spec"]["updateStrategy"] = json!({ "type": "OnDelete" });
    person.create(&left)?;
    let owner = "-o=jsonpath={.metadata.ownerReferences[*].name}";
    person.until(&["get", "pod", "left-0", owner], |printed| printed == "left").await?;

    let mut web = set("web", 2);
    web["spec"]["revisionHistoryLimit"] = json!(1);
    person.create(&web)?;
    person.until_ready("web", 2).await?;
    person.kubectl(&["scale", "petset", "web", "--replicas=3"])?;
    person.until_ready("web", 3).await?;
    person.kubectl(&["scale", "petset", "web", "--replicas=2"])?;
    person.until_ready("web", 2).await?;
    let image =
        |image: &str| json!([{ "op": "replace", "path": "/spec/template/spec/containers/0/image", "value": image }]);
    for next in ["two", "one", "three", "four"] {
        person.kubectl(&["patch", "petset", "web", "--type=json", "-p", &image(next).to_string()])?;
        person.until_ready("web", 2).await?;
    }
    // The same thing happens again, and is counted in the Event that is there.
    let counts = "-o=jsonpath={.items[?(@.reason==\"SuccessfulCreate\")].count}";
    let deadline = Instant::now() + PATIENCE;
    while !used(&person.server)?.iter().any(|(_, resource, verb)| resource == "events" && verb == "patch") {
        person.kubectl(&["delete", "pod", "web-1"])?;
        person.until_ready("web", 2).await?;
        let counts = person.kubectl(&["get", "events", counts])?;
        ensure!(Instant::now() < deadline, "no Event is counted: {counts}");
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    for name in ["web", "left"] {
        person.kubectl(&["delete", "petset", name, "--timeout=60s"])?;
    }
    Ok(())
}

/// A server whose watches lag: what was written is looked at.
async fn slow_views(person: &Terminal, account: &Account) -> Result<(), Error> {
    let slow =
        SlowWatches { resources: &["/pods", "/persistentvolumeclaims", "/services"], lag: Duration::from_secs(4) };
    let cluster = Cluster::builder(slow.between(account.client()?)).namespace("default").open();
    let sets = Controller::new(cluster).spawn();
    person.create(&set("slow", 1))?;
    let wanted = ["pods", "persistentvolumeclaims", "services"];
    let deadline = Instant::now() + PATIENCE;
    for turn in 0.. {
        let used = used(&person.server)?;
        if wanted.iter().all(|wanted| used.iter().any(|(_, resource, verb)| resource == wanted && verb == "get")) {
            break;
        }
        ensure!(Instant::now() < deadline, "nothing is looked at: {used:?}");
        person.kubectl(&["annotate", "petset", "slow", "--overwrite", &format!("example.com/turn={turn}")])?;
    }
    person.until_ready("slow", 1).await?;
    person.kubectl(&["delete", "petset", "slow", "--timeout=60s"])?;
    sets.shutdown().await;
    Ok(())
}

/// A set whose claims go with its pets.
async fn claims_that_go(person: &Terminal) -> Result<(), Error> {
    person.create(&set("brief", 2))?;
    person.until_ready("brief", 2).await?;
    let policy = json!({ "whenScaled": "Delete", "whenDeleted": "Delete" });
    person.patch("brief", &json!({ "spec": { "persistentVolumeClaimRetentionPolicy": policy, "replicas": 1 } }))?;
    let claims = "-o=jsonpath={.items[*].metadata.name}";
    person
        .until(&["get", "pvc", claims], |names| names.contains("data-brief-0") && !names.contains("data-brief-1"))
        .await?;
    let owner = "-o=jsonpath={.metadata.ownerReferences[*].name}";
    person.until(&["get", "pvc", "data-brief-0", owner], |printed| printed == "brief").await?;
    person.kubectl(&["delete", "petset", "brief", "--timeout=60s"])?;
    person.until(&["get", "pvc", claims], |names| !names.contains("brief")).await?;
    Ok(())
}

/// Kubernetes' own set beside one of ours, and a revision that somebody left behind.
async fn stateful_sets(person: &Terminal) -> Result<(), Error> {
    person.create(&json!({ "apiVersion": "apps/v1", "kind": "ControllerRevision", "revision": 1,
        "metadata": { "name": "native-left", "labels": { "app": "native" } },
        "data": { "spec": { "template": { "$patch": "replace", "spec": { "containers": [] } } } } }))?;
    let mut native = set("native", 2);
    native["apiVersion"] = json!("apps/v1");
    native["kind"] = json!("StatefulSet");
    native["spec"]["selector"] = json!({ "matchLabels": { "app": "native" } });
    person.create(&native)?;
    let path =
        "-o=jsonpath={.status.observedGeneration} {.status.replicas} {.status.readyReplicas} {.status.updatedReplicas}";
    person.until(&["get", "statefulset", "native", path], |printed| printed == "1 2 2 2").await?;
    let owner = "-o=jsonpath={.metadata.ownerReferences[*].name}";
    person.until(&["get", "controllerrevision", "native-left", owner], |printed| printed == "native").await?;
    let image = json!([{ "op": "replace", "path": "/spec/template/spec/containers/0/image", "value": "two" }]);
    person.kubectl(&["patch", "statefulset", "native", "--type=json", "-p", &image.to_string()])?;
    person.until(&["get", "statefulset", "native", path], |printed| printed == "2 2 2 2").await?;
    person.kubectl(&["scale", "statefulset", "native", "--replicas=0"])?;
    person.until(&["get", "statefulset", "native", path], |printed| printed.starts_with("3 0")).await?;
    Ok(())
}
