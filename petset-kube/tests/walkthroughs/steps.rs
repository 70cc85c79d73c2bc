//! The walkthroughs, step by step.

use std::net::IpAddr;

use petset_core::backend::{NameResolver, ResolvedName};
use petset_kube::envtest::Kubelet;
use serde_json::json;

use crate::person::{Person, names};
use crate::{Error, ensure};

/// W1: pets come up in order, with claims and names of their own, and come back under both.
pub(crate) async fn identity() -> Result<(), Error> {
    let person = Person::at_work("w1").await?;
    let observer = person.observer().await?;
    let created = person.create(|text| text)?;
    ensure!(created == "service/nginx created\npetset.petset.rs/web created\n", "{created}");
    person.until_ready(2).await?;
    ensure!(names(&person.claims()?) == ["www-web-0", "www-web-1"], "{:?}", person.claims()?);
    let phases = person.kubectl(&["get", "pvc", "-o=jsonpath={.items[*].status.phase}"])?;
    ensure!(phases == "Bound Bound", "{phases}");
    let who = person
        .field("pod/web-1", ".spec.hostname} {.spec.subdomain} {.spec.volumes[0].persistentVolumeClaim.claimName")?;
    ensure!(who == "web-1 nginx www-web-1", "{who}");
    let short = person.kubectl(&["get", "pet"])?;
    ensure!(short.starts_with("NAME   DESIRED   CURRENT   READY   AGE\nweb    2         2         2"), "{short}");
    resolves(&person).await?;

    let (claims, pods) = (person.claims()?, person.pods()?);
    person.kubectl(&["delete", "pods", "-l=app=nginx"])?;
    person.until_ready(2).await?;
    ensure!(
        names(&person.pods()?) == ["web-0", "web-1"] && person.pods()?.iter().all(|pod| !pods.contains(pod)),
        "same pods"
    );
    ensure!(person.claims()? == claims, "other claims");
    resolves(&person).await?;
    let (made, _) = observer.finish()?;
    ensure!(made == [0, 1, 0, 1], "{made:?}");
    person.leave().await;
    Ok(())
}

/// Each pet is found by its name, at the address of its pod.
async fn resolves(person: &Person) -> Result<(), Error> {
    for pet in ["web-0", "web-1"] {
        let name = format!("{pet}.nginx.{}.svc.cluster.local", person.namespace);
        let address: IpAddr = person.field(&format!("pod/{pet}"), ".status.podIP")?.parse()?;
        let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(60);
        loop {
            let found = person.cluster.names().resolve(&name).await;
            if found.as_ref().is_ok_and(|found| *found == ResolvedName::Addresses(vec![address])) {
                break;
            }
            ensure!(tokio::time::Instant::now() < deadline, "{name}: {found:?}, not {address}");
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
    }
    Ok(())
}

/// W3: 2 → 5 → 3 → 5, one at a time, on the same claims.
pub(crate) async fn scaling() -> Result<(), Error> {
    let person = Person::at_work("w3").await?;
    let observer = person.observer().await?;
    person.create(|text| text)?;
    person.until_ready(2).await?;
    let scaled = person.kubectl(&["scale", "petset", "web", "--replicas=5"])?;
    ensure!(scaled == "petset.petset.rs/web scaled\n", "{scaled}");
    person.until_ready(5).await?;
    let claims = person.claims()?;
    person.patch(&json!({ "spec": { "replicas": 3 } }))?;
    person.until_ready(3).await?;
    ensure!(names(&person.pods()?) == ["web-0", "web-1", "web-2"], "{:?}", person.pods()?);
    ensure!(person.claims()? == claims && claims.len() == 5, "{:?}", person.claims()?);
    person.kubectl(&["scale", "pet/web", "--replicas=5"])?;
    person.until_ready(5).await?;
    ensure!(person.claims()? == claims, "other claims");
    let (made, ended) = observer.finish()?;
    ensure!(made == [0, 1, 2, 3, 4, 3, 4] && ended == [4, 3], "{made:?} {ended:?}");
    person.leave().await;
    Ok(())
}

fn image(image: &str) -> serde_json::Value {
    json!({ "containers": [{ "name": "nginx", "image": image, "ports": [{ "containerPort": 80, "name": "web" }],
        "volumeMounts": [{ "name": "www", "mountPath": "/usr/share/nginx/html" }] }] })
}

async fn until_images(person: &Person, wanted: &str) -> Result<(), Error> {
    let path = "-o=jsonpath={.items[*].spec.containers[0].image}";
    person.until(&["get", "pods", path], |printed| printed == wanted).await.map(drop)
}

/// W4, first part: nothing happens until a pet is deleted.
pub(crate) async fn on_delete() -> Result<(), Error> {
    let person = Person::at_work("w4a").await?;
    person.create(|text| text)?;
    person.until_ready(2).await?;
    let (pods, claims) = (person.pods()?, person.claims()?);
    let strategy = json!({ "type": "OnDelete", "rollingUpdate": null });
    person
        .patch(&json!({ "spec": { "updateStrategy": strategy, "template": { "spec": image("nginx-slim:0.9") } } }))?;
    person.until_ready(2).await?;
    ensure!(person.pods()? == pods, "a pod was replaced");
    person.kubectl(&["delete", "pod", "web-1"])?;
    until_images(&person, "nginx-slim:0.8 nginx-slim:0.9").await?;
    person.until_ready(2).await?;
    ensure!(person.pods()?[0] == pods[0] && person.claims()? == claims, "more changed than what was deleted");
    person.leave().await;
    Ok(())
}

/// W4, second part: from the highest down to the partition.
pub(crate) async fn partition() -> Result<(), Error> {
    let person = Person::at_work("w4b").await?;
    person.create(|text| text.replace("replicas: 2", "replicas: 3"))?;
    person.until_ready(3).await?;
    let rolling = |partition: i32| json!({ "type": "RollingUpdate", "rollingUpdate": { "partition": partition } });
    person
        .patch(&json!({ "spec": { "updateStrategy": rolling(1), "template": { "spec": image("nginx-slim:0.9") } } }))?;
    until_images(&person, "nginx-slim:0.8 nginx-slim:0.9 nginx-slim:0.9").await?;
    person.until_ready(3).await?;
    person.kubectl(&["delete", "pod", "web-0"])?;
    person.until_ready(3).await?;
    until_images(&person, "nginx-slim:0.8 nginx-slim:0.9 nginx-slim:0.9").await?;
    person.patch(&json!({ "spec": { "updateStrategy": rolling(0) } }))?;
    until_images(&person, "nginx-slim:0.9 nginx-slim:0.9 nginx-slim:0.9").await?;
    person.until_ready(3).await?;
    let both = ".status.currentRevision} {.status.updateRevision";
    let revisions = person.field("petset/web", both)?;
    let same = revisions.split_once(' ').is_some_and(|(current, update)| current == update);
    ensure!(same, "the rollout is not complete: {revisions}");
    person.leave().await;
    Ok(())
}

/// W4, third part: a broken rollout stops at one pet, and heals when it is taken back.
pub(crate) async fn broken_template() -> Result<(), Error> {
    let person = Person::at_work("w4c").await?;
    person.create(|text| text.replace("replicas: 2", "replicas: 3"))?;
    person.until_ready(3).await?;
    let pods = person.pods()?;
    let program = |program: serde_json::Value| json!({ "spec": { "template": { "metadata": { "annotations": { Kubelet::PROGRAM: program } } } } });
    person.patch(&program(json!("{\"neverReady\":true}")))?;
    person.until_field("petset/web", ".status.updatedReplicas} {.status.readyReplicas", "1 2").await?;
    ensure!(person.pods()?[..2] == pods[..2], "more than one pet was taken down");
    person.patch(&program(json!(null)))?;
    person.until_ready(3).await?;
    person.until_field("petset/web", ".status.updatedReplicas", "3").await?;
    ensure!(person.pods()?[..2] == pods[..2], "a good pet was taken down");
    person.leave().await;
    Ok(())
}

/// W5, first part: from the top down, volumes kept.
pub(crate) async fn ordered_deletion() -> Result<(), Error> {
    let person = Person::at_work("w5a").await?;
    person.create(|text| text.replace("replicas: 2", "replicas: 3"))?;
    person.until_ready(3).await?;
    let (claims, observer) = (person.claims()?, person.observer().await?);
    let deleted = person.kubectl(&["delete", "petset", "web", "--timeout=60s"])?;
    ensure!(deleted == "petset.petset.rs \"web\" deleted\n", "{deleted}");
    ensure!(person.pods()?.is_empty(), "{:?}", person.pods()?);
    let (_, ended) = observer.finish()?;
    ensure!(ended == [2, 1, 0], "{ended:?}");
    ensure!(person.claims()? == claims, "{:?}", person.claims()?);
    let revisions = person.kubectl(&["get", "controllerrevisions", "-o=name"])?;
    ensure!(revisions.is_empty(), "{revisions}");
    person.leave().await;
    Ok(())
}

/// W5: whoever replaces the set as a whole takes our finalizer off with it. It comes back, and the end is in order.
pub(crate) async fn lost_finalizer() -> Result<(), Error> {
    let person = Person::at_work("w5d").await?;
    person.create(|text| text.replace("replicas: 2", "replicas: 3"))?;
    person.until_ready(3).await?;
    let finalizers = ".metadata.finalizers";
    let before = person.field("petset/web", finalizers)?;
    ensure!(before.contains("petset.rs/ordered-teardown"), "{before}");
    person.patch(&json!({ "metadata": { "finalizers": null } }))?;
    person.until_field("petset/web", finalizers, &before).await?;
    let observer = person.observer().await?;
    person.kubectl(&["delete", "petset", "web", "--timeout=60s"])?;
    let (_, ended) = observer.finish()?;
    ensure!(ended == [2, 1, 0], "{ended:?}");
    person.leave().await;
    Ok(())
}

/// W5: a deletion in the foreground has the cluster delete all that the set owns at once. Claims that a policy deletes
/// for scaling down only are not among it.
pub(crate) async fn foreground_deletion() -> Result<(), Error> {
    let person = Person::at_work("w5e").await?;
    let policy = "  replicas: 3\n  persistentVolumeClaimRetentionPolicy: {whenScaled: Delete, whenDeleted: Retain}";
    person.create(|text| text.replace("  replicas: 2", policy))?;
    person.until_ready(3).await?;
    person.kubectl(&["scale", "petset", "web", "--replicas=2"])?;
    person.until(&["get", "pvc", "-o=name"], |printed| !printed.contains("www-web-2")).await?;
    person.until_ready(2).await?;
    let claims = person.claims()?;
    ensure!(names(&claims) == ["www-web-0", "www-web-1"], "{claims:?}");
    person.kubectl(&["delete", "petset", "web", "--cascade=foreground", "--timeout=90s"])?;
    person.until(&["get", "pods", "-o=name"], str::is_empty).await?;
    let asked = person.kubectl(&["get", "pvc", "-o=jsonpath={.items[*].metadata.deletionTimestamp}"])?;
    ensure!(person.claims()? == claims && asked.is_empty(), "{:?} {asked}", person.claims()?);
    person.leave().await;
    Ok(())
}

/// W5, second part: orphans keep running, and are adopted without a restart.
pub(crate) async fn orphans() -> Result<(), Error> {
    let person = Person::at_work("w5b").await?;
    person.create(|text| text)?;
    person.until_ready(2).await?;
    let (pods, claims) = (person.pods()?, person.claims()?);
    person.kubectl(&["delete", "petset", "web", "--cascade=orphan", "--timeout=90s"])?;
    person.until(&["get", "petset", "-o=name"], str::is_empty).await?;
    let owners = "-o=jsonpath={.items[*].metadata.ownerReferences[*].name}";
    person.until(&["get", "pods", owners], str::is_empty).await?;
    ensure!(person.pods()? == pods, "{:?}", person.pods()?);
    person.create(|text| text.split_once("---\n").map(|(_, set)| set.to_owned()).unwrap_or_default())?;
    person.until(&["get", "pods", owners], |printed| printed == "web web").await?;
    person.until_ready(2).await?;
    ensure!(person.pods()? == pods && person.claims()? == claims, "something was restarted");
    person.leave().await;
    Ok(())
}

/// W5: the revisions of orphans are the next set's as well, so that there is one history, and a way back.
pub(crate) async fn orphaned_revisions() -> Result<(), Error> {
    let person = Person::at_work("w5g").await?;
    person.create(|text| text)?;
    person.until_ready(2).await?;
    person.patch(&json!({ "spec": { "template": { "spec": image("nginx-slim:0.9") } } }))?;
    until_images(&person, "nginx-slim:0.9 nginx-slim:0.9").await?;
    person.until_ready(2).await?;
    let history = |path: &str| person.kubectl(&["get", "controllerrevisions", "--sort-by=.revision", path]);
    let numbers = "-o=jsonpath={range .items[*]}{.metadata.name}={.revision} {end}";
    let owners = "-o=jsonpath={.items[*].metadata.ownerReferences[*].uid}";
    let (pods, before) = (person.pods()?, history(numbers)?);
    ensure!(before.split_whitespace().count() == 2, "{before}");
    person.kubectl(&["delete", "petset", "web", "--cascade=orphan", "--timeout=90s"])?;
    person.until(&["get", "petset", "-o=name"], str::is_empty).await?;
    for kind in ["pods", "controllerrevisions"] {
        person.until(&["get", kind, owners], str::is_empty).await?;
    }
    let again = |text: String| {
        let set = text.split_once("---\n").map(|(_, set)| set.to_owned()).unwrap_or_default();
        set.replace("nginx-slim:0.8", "nginx-slim:0.9")
    };
    person.create(again)?;
    let uid = person.field("petset/web", ".metadata.uid")?;
    for kind in ["pods", "controllerrevisions"] {
        person.until(&["get", kind, owners], |printed| printed == format!("{uid} {uid}")).await?;
    }
    person.until_ready(2).await?;
    ensure!(person.pods()? == pods, "something was restarted");
    ensure!(history(numbers)? == before, "{} is not {before}", history(numbers)?);
    // The way back: the older one gets a new number, and no third one is made.
    person.patch(&json!({ "spec": { "template": { "spec": image("nginx-slim:0.8") } } }))?;
    let older = before.split_once('=').map(|(older, _)| older).unwrap_or_default();
    person.until_field("petset/web", ".status.updateRevision", older).await?;
    until_images(&person, "nginx-slim:0.8 nginx-slim:0.8").await?;
    person.until_ready(2).await?;
    ensure!(history(owners)? == format!("{uid} {uid}"), "{}", history(numbers)?);
    // Also one that becomes nobody's while nothing else happens.
    let bare = json!({ "metadata": { "ownerReferences": null } }).to_string();
    person.kubectl(&["patch", "controllerrevision", older, "--type=merge", "-p", &bare])?;
    person.until(&["get", "controllerrevisions", owners], |printed| printed == format!("{uid} {uid}")).await?;
    person.leave().await;
    Ok(())
}

/// W5: what was left under the name of a revision is taken over where it says the same, in whatever words, and passed by
/// where it is somebody's.
pub(crate) async fn taken_revisions() -> Result<(), Error> {
    let person = Person::at_work("w5f").await?;
    person.create(|text| text)?;
    person.until_ready(2).await?;
    let name = person.field("petset/web", ".status.updateRevision")?;
    let revision = person.kubectl(&["get", "controllerrevisions", &name, "-o=json"])?;
    let revision: serde_json::Value = serde_json::from_str(&revision)?;
    let again = async |left: serde_json::Value| {
        person.kubectl(&["delete", "petset", "web", "--timeout=60s"])?;
        person.create(|_| left.to_string())?;
        person.create(|text| text.split_once("---\n").map(|(_, set)| set.to_owned()).unwrap_or_default())?;
        person.until_ready(2).await?;
        person.field("petset/web", ".status.updateRevision")
    };
    // Of the set by its labels only, and not in our words.
    let mut data = revision["data"].clone();
    data["spec"]["template"]["metadata"]["creationTimestamp"] = json!(null);
    let mut left = json!({ "apiVersion": "apps/v1", "kind": "ControllerRevision", "revision": 7, "data": data,
        "metadata": { "name": name, "labels": { "app": "nginx" } } });
    ensure!(again(left.clone()).await? == name, "it was not taken over");
    let whose = person.field(&format!("controllerrevision/{name}"), ".metadata.ownerReferences[0].name")?;
    ensure!(whose == "web", "it is of {whose}");
    // Somebody's: of an owner that is there, so that the cluster leaves it alone.
    let owner = person.field("service/nginx", ".metadata.uid")?;
    left["metadata"]["ownerReferences"] =
        json!([{ "apiVersion": "v1", "kind": "Service", "name": "nginx", "uid": owner, "controller": true }]);
    let next = again(left).await?;
    ensure!(next != name, "it was taken from somebody");
    person.until_field("petset/web", ".status.collisionCount", "1").await?;
    person.leave().await;
    Ok(())
}

/// W5, third part: deleting a claim in use waits for its pod.
pub(crate) async fn claim_in_use() -> Result<(), Error> {
    let person = Person::at_work("w5c").await?;
    person.create(|text| text)?;
    person.until_ready(2).await?;
    let (pods, claims) = (person.pods()?, person.claims()?);
    person.kubectl(&["delete", "pvc", "www-web-0", "--wait=false"])?;
    let asked = person.field("pvc/www-web-0", ".metadata.deletionTimestamp")?;
    ensure!(!asked.is_empty() && person.claims()? == claims && person.pods()? == pods, "it did not wait");
    person.kubectl(&["delete", "pod", "web-0"])?;
    person.until(&["get", "pvc", "-o=name"], |printed| !printed.contains("www-web-0")).await?;
    // An empty volume in the place of the old one would be a lie (S7).
    let degraded = ".status.conditions[?(@.type==\"Degraded\")].status";
    person.until_field("petset/web", degraded, "True").await?;
    ensure!(names(&person.pods()?) == ["web-1"], "{:?}", person.pods()?);
    // Until somebody says that it is lost.
    let lost = person.field("petset/web", ".status.started.0.www")?;
    person.kubectl(&["annotate", "petset", "web", &format!("{}={lost}", petset_kube::resource::LOST_CLAIMS)])?;
    person.until_ready(2).await?;
    let now = person.claims()?;
    ensure!(lost == claims[0].1 && names(&now) == names(&claims) && now[0] != claims[0], "{claims:?}, now {now:?}");
    person.leave().await;
    Ok(())
}

/// W6: each pet waits for its sign before the next.
pub(crate) async fn pause() -> Result<(), Error> {
    let person = Person::at_work("w6").await?;
    person.create(|text| text.replace("initialized: \"true\"", "initialized: \"false\""))?;
    person.until_ready(1).await?;
    ensure!(names(&person.pods()?) == ["web-0"], "{:?}", person.pods()?);
    let sign = |pod: &str, sign: &str| {
        person.kubectl(&["annotate", "pod", pod, &format!("petset.rs/initialized={sign}"), "--overwrite"])
    };
    sign("web-0", "true")?;
    person.until_ready(2).await?;
    sign("web-1", "true")?;
    sign("web-0", "false")?;
    person.kubectl(&["scale", "petset", "web", "--replicas=3"])?;
    let held = ".status.conditions[?(@.type==\"Progressing\")].message";
    person
        .until(&["get", "petset/web", &format!("-o=jsonpath={{{held}}}")], |text| text.contains("pet 0 is annotated"))
        .await?;
    ensure!(names(&person.pods()?) == ["web-0", "web-1"], "{:?}", person.pods()?);
    sign("web-0", "true")?;
    person.until_ready(3).await?;
    person.leave().await;
    Ok(())
}
