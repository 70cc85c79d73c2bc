//! Whose pods are, what becomes of them when the set goes, and what stays with the set meanwhile.

use std::time::Duration;

use k8s_openapi::api::apps::v1::StatefulSet;
use kube::Api;
use kube::api::{Patch, PatchParams};
use petset_core::{Engine, EngineOptions};
use petset_kube::envtest::Kubelet;
use serde_json::{Value, json};

use crate::account::account;
use crate::person::{Person, STATE, cluster};
use crate::slow::SlowWatches;
use crate::{Error, ensure};

/// e2e "should adopt matching orphans and release non-matching pods".
pub(crate) async fn adoption() -> Result<(), Error> {
    let person = Person::at_work("adoption").await?;
    person.create(|text| text)?;
    person.until_ready(3).await?;
    let pods = person.pods()?;
    let owner = ".metadata.ownerReferences[*].name";
    let label = "statefulset.kubernetes.io/pod-name";
    let bare = json!({ "metadata": { "ownerReferences": null, "labels": { label: null } } });
    person.kubectl(&["patch", "pod", "web-1", "--type=merge", "-p", &bare.to_string()])?;
    person.until_field("pod/web-1", owner, "web").await?;
    let named = person.json("pod/web-1")?["metadata"]["labels"][label].clone();
    ensure!(named == "web-1", "Services do not find it: {named}");
    person.kubectl(&["label", "pod", "web-1", "app=other", "--overwrite"])?;
    person.until_field("pod/web-1", owner, "").await?;
    person.kubectl(&["label", "pod", "web-1", "app=nginx", "--overwrite"])?;
    person.until_field("pod/web-1", owner, "web").await?;
    person.until_ready(3).await?;
    ensure!(person.pods()? == pods, "a pod was replaced");
    person.leave().await;
    Ok(())
}

/// unit `TestUpdateStatefulPodIdentity`'s labels: what tells a pod from others comes back when somebody takes it off, and
/// nothing else of the pod changes.
pub(crate) async fn labels() -> Result<(), Error> {
    let person = Person::at_work("labels").await?;
    person.create(|text| text)?;
    person.until_ready(3).await?;
    let (pods, set) = (person.pods()?, person.field("statefulset/web", ".metadata.resourceVersion")?);
    let labels = person.json("pod/web-1")?["metadata"]["labels"].clone();
    let (name, index) = ("statefulset.kubernetes.io/pod-name", "apps.kubernetes.io/pod-index");
    for wrong in [json!({ name: null }), json!({ name: "web-2" }), json!({ index: "7" }), json!({ name: "", "a": "b" })]
    {
        let patch = json!({ "metadata": { "labels": wrong } }).to_string();
        person.kubectl(&["patch", "pod", "web-1", "--type=merge", "-p", &patch])?;
        let both =
            format!(".metadata.labels.{}}} {{.metadata.labels.{}", name.replace('.', "\\."), index.replace('.', "\\."));
        person.until_field("pod/web-1", &both, "web-1 1").await?;
    }
    let mut expected = labels;
    expected["a"] = json!("b");
    ensure!(person.json("pod/web-1")?["metadata"]["labels"] == expected, "{}", person.json("pod/web-1")?["metadata"]);
    ensure!(person.pods()? == pods, "a pod was replaced");
    let now = person.field("statefulset/web", ".metadata.resourceVersion")?;
    ensure!(now == set, "the set was written for it: {now}, not {set}");
    person.leave().await;
    Ok(())
}

/// conformance "Should recreate evicted statefulset".
pub(crate) async fn evicted() -> Result<(), Error> {
    let person = Person::at_work("evicted").await?;
    person.create(|text| text.replace("replicas: 3", "replicas: 1"))?;
    person.until_ready(1).await?;
    let (before, claims) = (person.field("pod/web-0", ".metadata.uid")?, person.claims()?);
    person.kubectl(&["annotate", "pod", "web-0", &format!("{}={{\"isEvicted\":true}}", Kubelet::PROGRAM)])?;
    let uid = ["get", "pod", "web-0", "-o=jsonpath={.metadata.uid}"];
    person.until(&uid, |uid| !uid.is_empty() && uid != before).await?;
    person.until_ready(1).await?;
    ensure!(person.claims()? == claims, "other claims");
    person.leave().await;
    Ok(())
}

/// conformance "should list, patch and delete a collection of `StatefulSets`".
pub(crate) async fn collection() -> Result<(), Error> {
    let person = Person::at_work("collection").await?;
    person.create(|text| text.replace("replicas: 3", "replicas: 1"))?;
    person.until_ready(1).await?;
    person.kubectl(&["label", "statefulset", "web", "which=this"])?;
    person.patch(&json!({ "spec": { "replicas": 2 } }))?;
    person.until_ready(2).await?;
    let listed = person.kubectl(&["get", "statefulset", "-l=which=this", "-o=name"])?;
    ensure!(listed == "statefulset.apps/web\n", "{listed}");
    let path = format!("/apis/apps/v1/namespaces/{}/statefulsets?labelSelector=which%3Dthis", person.namespace);
    person.kubectl(&["delete", "--raw", &path])?;
    person.until(&["get", "statefulset", "-o=name"], str::is_empty).await?;
    person.until(&["get", "pods", "-o=name"], str::is_empty).await?;
    person.leave().await;
    Ok(())
}

/// conformance "should validate Statefulset Status endpoints": what others say in the status stays, as ours does.
pub(crate) async fn status() -> Result<(), Error> {
    let person = Person::at_work("status").await?;
    person.create(|text| text.replace("replicas: 3", "replicas: 1"))?;
    person.until_ready(1).await?;
    let api: Api<StatefulSet> = Api::namespaced(person.client.clone(), &person.namespace);
    let address = format!("/apis/apps/v1/namespaces/{}/statefulsets/web/status", person.namespace);
    let read = || -> Result<Value, Error> { Ok(serde_json::from_str(&person.kubectl(&["get", "--raw", &address])?)?) };
    let mut conditions = read()?["status"]["conditions"].as_array().cloned().unwrap_or_default();
    conditions
        .push(json!({ "type": "StatusUpdate", "status": "True", "reason": "E2E", "message": "Set from e2e test" }));
    let patch = json!({ "status": { "conditions": conditions } });
    api.patch_status("web", &PatchParams::default(), &Patch::Merge(patch)).await?;
    person.patch(&json!({ "spec": { "replicas": 2 } }))?;
    person.until_ready(2).await?;
    let told = read()?["status"].clone();
    let kinds: Vec<&str> =
        told["conditions"].as_array().into_iter().flatten().filter_map(|one| one["type"].as_str()).collect();
    ensure!(kinds == ["Available", "Progressing", "Degraded", "StatusUpdate", STATE], "{told}");
    let counts = json!([told["replicas"], told["readyReplicas"], told["currentReplicas"], told["updatedReplicas"]]);
    ensure!(counts == json!([2, 2, 2, 2]) && told["currentRevision"] == told["updateRevision"], "{told}");
    person.leave().await;
    Ok(())
}

/// unit `TestStatefulSetControllerDeletionTimestamp`, and what `kubectl delete` promises: in the background the set goes at
/// once and its pods after it, in the foreground after them; claims stay.
pub(crate) async fn deletion() -> Result<(), Error> {
    let person = Person::at_work("deletion").await?;
    person.create(|text| text)?;
    person.until_ready(3).await?;
    let claims = person.claims()?;
    person.kubectl(&["delete", "statefulset", "web", "--cascade=background", "--timeout=30s"])?;
    let left = person.kubectl(&["get", "statefulset", "-o=name"])?;
    ensure!(left.is_empty(), "{left}");
    person.until(&["get", "pods", "-o=name"], str::is_empty).await?;
    person.until(&["get", "controllerrevisions", "-o=name"], str::is_empty).await?;
    person.create(|text| text.split_once("---\n").map(|(_, set)| set.to_owned()).unwrap_or_default())?;
    person.until_ready(3).await?;
    // One that is held keeps the set there.
    let finalizers = |finalizers: Value| {
        let patch = json!({ "metadata": { "finalizers": finalizers } }).to_string();
        person.kubectl(&["patch", "pod", "web-1", "--type=merge", "-p", &patch])
    };
    finalizers(json!(["test.petset.rs/hold"]))?;
    person.kubectl(&["delete", "statefulset", "web", "--cascade=foreground", "--wait=false"])?;
    person.until(&["get", "pods", "-o=name"], |printed| printed == "pod/web-1\n").await?;
    let asked = person.field("statefulset/web", ".metadata.deletionTimestamp")?;
    ensure!(!asked.is_empty(), "the set did not wait for its pods");
    finalizers(json!(null))?;
    person.until(&["get", "statefulset,pods", "-o=name"], str::is_empty).await?;
    person.create(|text| text.split_once("---\n").map(|(_, set)| set.to_owned()).unwrap_or_default())?;
    person.until_ready(3).await?;
    let pods = person.pods()?;
    person.kubectl(&["delete", "statefulset", "web", "--cascade=orphan", "--timeout=90s"])?;
    let owners = ".items[*].metadata.ownerReferences[*].name";
    person.until_field("pods,controllerrevisions", owners, "").await?;
    ensure!(person.pods()? == pods, "a pod that was left was ended or replaced: {:?}", person.pods()?);
    ensure!(person.claims()? == claims, "{:?}", person.claims()?);
    person.leave().await;
    Ok(())
}

/// unit `TestStatefulSetControllerDeletionTimestampRace`: a view that has not heard that the set is marked as deleted takes
/// no pod for it, and no revision.
pub(crate) async fn race() -> Result<(), Error> {
    let mut person = Person::at_work("deletion-race").await?;
    person.create(|text| text)?;
    person.until_ready(3).await?;
    person.end().await;
    // None of this trial lasts as long.
    let slow = SlowWatches { resources: &["/statefulsets"], lag: Duration::from_secs(3600) };
    let account = account(&person.world.server).await?;
    let client = slow.between(account.client()?);
    let engine = Engine::new(cluster(client, &person.namespace).into(), EngineOptions::default());
    let key = person.key();
    let pass = engine.pass(&key).await?;
    ensure!(pass.outcomes.is_empty(), "{pass:?}");

    let held = json!({ "metadata": { "finalizers": ["test.petset.rs/hold"] } });
    person.patch(&held)?;
    person.kubectl(&["delete", "statefulset", "web", "--cascade=background", "--wait=false"])?;
    let bare = json!({ "metadata": { "ownerReferences": null } }).to_string();
    person.kubectl(&["patch", "pod", "web-1", "--type=merge", "-p", &bare])?;
    let is_seen = |pods: &[petset_core::backend::Pod]| pods.iter().any(|pod| pod.owner.is_none());
    while !is_seen(&engine.backends().pods.list(&key).await?) {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let stored = engine.backends().store.get(&key).await?.ok_or("the set is not seen")?;
    ensure!(stored.deletion.is_none(), "its view is not old");
    for _ in 0..5 {
        let pass = engine.pass(&key).await?;
        ensure!(pass.outcomes.is_empty(), "{pass:?}");
    }
    let owner = person.field("pod/web-1", ".metadata.ownerReferences[*].name")?;
    ensure!(owner.is_empty(), "the pod was taken");
    let revision = format!("controllerrevision/{}", stored.status.update_revision.ok_or("there is no revision")?);
    person.kubectl(&["patch", &revision, "--type=merge", "-p", &bare])?;
    for _ in 0..5 {
        // The first ones may have to learn that their view is old.
        let Ok(pass) = engine.pass(&key).await else { continue };
        ensure!(pass.outcomes.is_empty(), "{pass:?}");
    }
    let owner = person.field(&revision, ".metadata.ownerReferences[*].name")?;
    ensure!(owner.is_empty(), "the revision was taken");
    person.patch(&json!({ "metadata": { "finalizers": null } }))?;
    person.leave().await;
    Ok(())
}
