//! How many pods there are, and in which order they come and go.

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::Pod;
use kube::Api;
use kube::api::{Patch, PatchParams};
use petset_kube::envtest::Kubelet;
use serde_json::{Value, json};

use crate::observer::Observer;
use crate::person::{Person, names, parallel, program};
use crate::{Error, ensure};

/// e2e "Scaling should happen in predictable order and halt if any stateful pod is unhealthy", up and down; that an
/// unhealthy pod does not halt the way down is a difference on purpose.
pub(crate) async fn ordered() -> Result<(), Error> {
    let person = Person::at_work("ordered").await?;
    let observer = Observer::start(person.client.clone(), &person.namespace, true).await?;
    person.create(|text| text)?;
    person.until_ready(3).await?;
    annotate(&person, "web-1", "{\"neverReady\":true}")?;
    person.until_field("statefulset/web", ".status.readyReplicas", "2").await?;
    person.kubectl(&["scale", "statefulset/web", "--replicas=5"])?;
    let progressing = "-o=jsonpath={.status.conditions[?(@.type==\"Progressing\")].message}";
    let waits = "pet 3: waits for pet 1, which is not ready";
    person.until(&["get", "statefulset/web", progressing], |told| told.contains(waits)).await?;
    ensure!(names(&person.pods()?) == ["web-0", "web-1", "web-2"], "{:?}", person.pods()?);
    annotate(&person, "web-1", "{}")?;
    person.until_ready(5).await?;
    person.kubectl(&["scale", "statefulset/web", "--replicas=0"])?;
    person.until_ready(0).await?;
    let (made, ended) = observer.finish()?;
    ensure!(made == [0, 1, 2, 3, 4] && ended == [4, 3, 2, 1, 0], "{made:?} {ended:?}");
    ensure!(person.claims()?.len() == 5, "claims are kept: {:?}", person.claims()?);
    person.leave().await;
    Ok(())
}

fn annotate(person: &Person<'_>, pod: &str, program: &str) -> Result<(), Error> {
    let says = format!("{}={program}", Kubelet::PROGRAM);
    person.kubectl(&["annotate", "pod", pod, &says, "--overwrite"]).map(drop)
}

/// e2e "Burst scaling should run to completion even with unhealthy pods".
pub(crate) async fn burst() -> Result<(), Error> {
    let person = Person::at_work("burst").await?;
    let sick = "      labels:\n        app: nginx\n      annotations:\n        petset.rs/stand-in-program: '{\"neverReady\":true}'\n    spec:";
    person.create(|text| parallel(&text).replace("      labels:\n        app: nginx\n    spec:", sick))?;
    person.until_field("statefulset/web", ".status.replicas", "3").await?;
    ensure!(names(&person.pods()?) == ["web-0", "web-1", "web-2"], "{:?}", person.pods()?);
    person.kubectl(&["scale", "statefulset/web", "--replicas=0"])?;
    person.until(&["get", "pods", "-o=name"], str::is_empty).await?;
    person.leave().await;
    Ok(())
}

/// unit `TestParallelScale`: from none to sixty and down to one. None waits for another: none of them is ever ready, and
/// none ends before all are asked to.
pub(crate) async fn large() -> Result<(), Error> {
    let person = Person::at_work("sixty").await?;
    person.create(|text| parallel(&text).replace("replicas: 3", "replicas: 0"))?;
    person.patch(&program(&json!("{\"neverReady\":true,\"isStuck\":true}")))?;
    person.until_ready(0).await?;
    person.kubectl(&["scale", "statefulset/web", "--replicas=60"])?;
    let counts = ".status.replicas} {.status.readyReplicas";
    person.until_field("statefulset/web", counts, "60 ").await?;
    let pods = person.pods()?;
    let ordinals: BTreeSet<String> = (0..60).map(|ordinal| format!("web-{ordinal}")).collect();
    let are_all = names(&pods).into_iter().map(str::to_owned).collect::<BTreeSet<_>>() == ordinals;
    ensure!(are_all && pods.len() == 60, "{pods:?}");
    person.kubectl(&["scale", "statefulset/web", "--replicas=1"])?;
    let asked = "-o=jsonpath={range .items[*]}{.metadata.deletionTimestamp}{\"\\n\"}{end}";
    let are_asked = |printed: &str| printed.lines().filter(|line| !line.is_empty()).count() == 59;
    person.until(&["get", "pods", asked], are_asked).await?;
    ensure!(person.pods()? == pods, "{:?}", person.pods()?);
    person.kubectl(&["annotate", "pods", "--all", &format!("{}={{}}", Kubelet::PROGRAM), "--overwrite"])?;
    person.until_ready(1).await?;
    ensure!(person.pods()? == pods[..1], "{:?}", person.pods()?);
    person.leave().await;
    Ok(())
}

/// e2e "should have a working scale subresource", and `kubectl scale` with its condition.
pub(crate) async fn scale() -> Result<(), Error> {
    let person = Person::at_work("scale").await?;
    person.create(|text| text.replace("replicas: 3", "replicas: 1"))?;
    person.until_ready(1).await?;
    let scaled = person.kubectl(&["scale", "statefulset", "web", "--current-replicas=1", "--replicas=2"])?;
    ensure!(scaled == "statefulset.apps/web scaled\n", "{scaled}");
    person.until_ready(2).await?;
    let path = format!("/apis/apps/v1/namespaces/{}/statefulsets/web/scale", person.namespace);
    let scale: Value = serde_json::from_str(&person.kubectl(&["get", "--raw", &path])?)?;
    ensure!(scale["spec"]["replicas"] == 2 && scale["status"]["replicas"] == 2, "{scale}");
    ensure!(scale["status"]["selector"] == "app=nginx", "{scale}");
    person.leave().await;
    Ok(())
}

/// integration `TestSpecReplicasChange`: 2, 3, 0, 2; a new template raises the generation that was seen.
pub(crate) async fn replicas() -> Result<(), Error> {
    let person = Person::at_work("replicas").await?;
    person.create(|text| parallel(&text).replace("replicas: 3", "replicas: 2"))?;
    person.until_ready(2).await?;
    for count in [3, 0, 2] {
        person.patch(&json!({ "spec": { "replicas": count } }))?;
        person.until_ready(count).await?;
    }
    let before: u64 = person.field("statefulset/web", ".metadata.generation")?.parse()?;
    person.patch(&program(&json!("{}")))?;
    let after: u64 = person.field("statefulset/web", ".metadata.generation")?.parse()?;
    ensure!(after == before + 1, "{before} {after}");
    person.until_field("statefulset/web", ".status.observedGeneration", &after.to_string()).await?;
    person.leave().await;
    Ok(())
}

/// integration `TestDeletingAndTerminatingPods`: one that is held by a finalizer is waited for, those that ended by
/// themselves are replaced, and so is the first once it is gone.
pub(crate) async fn terminating() -> Result<(), Error> {
    let person = Person::at_work("terminating").await?;
    person.create(|text| parallel(&text))?;
    person.until_ready(3).await?;
    let pods = person.pods()?;
    let finalizers = |finalizers: Value| {
        let patch = json!({ "metadata": { "finalizers": finalizers } }).to_string();
        person.kubectl(&["patch", "pod", "web-1", "--type=merge", "-p", &patch])
    };
    finalizers(json!(["test.petset.rs/hold"]))?;
    person.kubectl(&["delete", "pod", "web-1", "--wait=false"])?;
    let api: Api<Pod> = Api::namespaced(person.client.clone(), &person.namespace);
    for (pod, phase) in [("web-0", "Failed"), ("web-2", "Succeeded")] {
        let patch = json!({ "status": { "phase": phase, "conditions": [{ "type": "Ready", "status": "False" }] } });
        api.patch_status(pod, &PatchParams::default(), &Patch::Merge(patch)).await?;
    }
    for index in [0, 2] {
        let (name, before) = &pods[index];
        let uid = ["get", "pod", name, "-o=jsonpath={.metadata.uid}"];
        person.until(&uid, |uid| !uid.is_empty() && uid != before).await?;
    }
    ensure!(person.pods()?[1] == pods[1], "the pod that is held is not there any more");
    finalizers(json!(null))?;
    person.until_ready(3).await?;
    ensure!(person.pods()?[1].1 != pods[1].1, "the pod that was held is still there");
    person.leave().await;
    Ok(())
}

/// unit `TestStatefulSetControllerBlocksScaling`: while the first pod ends, and does not go, neither is there another in
/// its place nor one more.
pub(crate) async fn blocked() -> Result<(), Error> {
    let person = Person::at_work("blocked").await?;
    let observer = Observer::start(person.client.clone(), &person.namespace, true).await?;
    person.create(|text| text)?;
    person.until_ready(3).await?;
    let pods = person.pods()?;
    let finalizers = |finalizers: Value| {
        let patch = json!({ "metadata": { "finalizers": finalizers } }).to_string();
        person.kubectl(&["patch", "pod", "web-0", "--type=merge", "-p", &patch])
    };
    finalizers(json!(["test.petset.rs/hold"]))?;
    person.kubectl(&["delete", "pod", "web-0", "--wait=false"])?;
    person.kubectl(&["scale", "statefulset/web", "--replicas=5"])?;
    let progressing = "-o=jsonpath={.status.conditions[?(@.type==\"Progressing\")].message}";
    let is_told = |told: &str| told.contains("pet 3: waits for pet 0, which ");
    person.until(&["get", "statefulset/web", progressing], is_told).await?;
    ensure!(person.pods()? == pods, "{:?}", person.pods()?);
    finalizers(json!(null))?;
    person.until_ready(5).await?;
    let (made, ended) = observer.finish()?;
    ensure!(made == [0, 1, 2, 0, 3, 4] && ended == [0], "{made:?} {ended:?}");
    person.leave().await;
    Ok(())
}

/// e2e "should not deadlock when a pod's predecessor fails".
pub(crate) async fn predecessor() -> Result<(), Error> {
    let person = Person::at_work("predecessor").await?;
    person.create(|text| text.replace("replicas: 3", "replicas: 2"))?;
    person.until_ready(2).await?;
    annotate(&person, "web-1", "{\"neverReady\":true}")?;
    person.until_field("statefulset/web", ".status.readyReplicas", "1").await?;
    let before = person.field("pod/web-0", ".metadata.uid")?;
    person.kubectl(&["delete", "pod", "web-0"])?;
    let uid = ["get", "pod", "web-0", "-o=jsonpath={.metadata.uid}"];
    person.until(&uid, |uid| !uid.is_empty() && uid != before).await?;
    annotate(&person, "web-1", "{}")?;
    person.until_ready(2).await?;
    person.leave().await;
    Ok(())
}
