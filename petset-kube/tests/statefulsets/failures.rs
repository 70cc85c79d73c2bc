//! What fails is told and tried again, and nothing is done twice or left out for it.

use http::Method;
use k8s_openapi::api::core::v1::{Pod, ResourceQuota};
use kube::Api;
use kube::api::{Patch, PatchParams, PostParams};
use petset_core::engine::EventReason;
use serde_json::json;

use crate::observer::Observer;
use crate::person::{Person, names, parallel};
use crate::refusals::{Refusals, SAYS};
use crate::{Error, ensure};

const COUNTS: &str = ".status.currentReplicas} {.status.updatedReplicas";

/// Waits until the set says that a request was refused, and of which pet.
async fn until_told(person: &Person<'_>, pet: &str) -> Result<(), Error> {
    let message = "-o=jsonpath={.status.conditions[?(@.type==\"Degraded\")].message}";
    let is_told = |told: &str| told.contains(pet) && told.contains(SAYS);
    person.until(&["get", "statefulset/web", message], is_told).await.map(drop)
}

/// unit `RecreatesFailedPodWithDeleteFailure` and `RecreatesSucceededPodWithDeleteFailure`: a pod that ended stays until it
/// can be deleted, and then there is another.
pub(crate) async fn replacement() -> Result<(), Error> {
    let refusals = Refusals::of(Method::DELETE, "/pods/web-1");
    let person = Person::at_work_behind("refused-replacement", &refusals).await?;
    person.create(|text| text)?;
    person.until_ready(3).await?;
    let api: Api<Pod> = Api::namespaced(person.client.clone(), &person.namespace);
    for phase in ["Failed", "Succeeded"] {
        let pods = person.pods()?;
        refusals.begin();
        let patch = json!({ "status": { "phase": phase, "conditions": [{ "type": "Ready", "status": "False" }] } });
        api.patch_status("web-1", &PatchParams::default(), &Patch::Merge(patch)).await?;
        refusals.until(2).await?;
        until_told(&person, "pet 1").await?;
        ensure!(person.pods()? == pods, "{phase}: {:?}", person.pods()?);
        refusals.end();
        let (name, before) = &pods[1];
        let uid = ["get", "pod", name, "-o=jsonpath={.metadata.uid}"];
        person.until(&uid, |uid| !uid.is_empty() && uid != before).await?;
        person.until_ready(3).await?;
        let now = person.pods()?;
        ensure!(now[0] == pods[0] && now[2] == pods[2], "{phase}: others were replaced: {now:?}");
    }
    person.leave().await;
    Ok(())
}

/// unit `CreatePodFailure`.
pub(crate) async fn creation() -> Result<(), Error> {
    let refusals = Refusals::of(Method::POST, "/pods");
    let person = Person::at_work_behind("refused-creation", &refusals).await?;
    let observer = Observer::start(person.client.clone(), &person.namespace, true).await?;
    refusals.begin();
    person.create(|text| text)?;
    refusals.until(2).await?;
    until_told(&person, "pet 0").await?;
    ensure!(person.pods()?.is_empty(), "{:?}", person.pods()?);
    refusals.end();
    person.until_ready(3).await?;
    let (made, ended) = observer.finish()?;
    ensure!(made == [0, 1, 2] && ended.is_empty(), "{made:?} {ended:?}");
    person.leave().await;
    Ok(())
}

/// unit `UpdatePodFailure`: a pod whose identity is wrong, and cannot be put right.
pub(crate) async fn identity() -> Result<(), Error> {
    let refusals = Refusals::of(Method::PATCH, "/pods/web-1");
    let person = Person::at_work_behind("refused-identity", &refusals).await?;
    person.create(|text| text)?;
    person.until_ready(3).await?;
    let pods = person.pods()?;
    let label = "statefulset.kubernetes.io/pod-name";
    refusals.begin();
    person.kubectl(&["label", "pod", "web-1", &format!("{label}=web-2"), "--overwrite"])?;
    refusals.until(1).await?;
    ensure!(person.json("pod/web-1")?["metadata"]["labels"][label] == "web-2", "it was not refused");
    refusals.end();
    // A label holds nobody up, and is not tried again for its own sake: the next pass does.
    person.kubectl(&["annotate", "statefulset", "web", "test.petset.rs/turn=1"])?;
    person.until_field("pod/web-1", &format!(".metadata.labels.{}", label.replace('.', "\\.")), "web-1").await?;
    ensure!(person.pods()? == pods, "a pod was replaced");
    person.leave().await;
    Ok(())
}

/// unit `UpdateSetStatusFailure`: what the status does not tell is not done, and what was done is not done again.
pub(crate) async fn status() -> Result<(), Error> {
    let refusals = Refusals::of(Method::PATCH, "/statefulsets/web/status");
    let person = Person::at_work_behind("refused-status", &refusals).await?;
    let observer = Observer::start(person.client.clone(), &person.namespace, true).await?;
    refusals.begin();
    person.create(|text| text)?;
    refusals.until(2).await?;
    let told = person.json("statefulset/web")?["status"].clone();
    ensure!(told["observedGeneration"].is_null(), "{told}");
    refusals.end();
    person.until_ready(3).await?;
    refusals.begin();
    person.kubectl(&["scale", "statefulset/web", "--replicas=4"])?;
    refusals.until(2).await?;
    refusals.end();
    person.until_ready(4).await?;
    let (made, ended) = observer.finish()?;
    ensure!(made == [0, 1, 2, 3] && ended.is_empty(), "{made:?} {ended:?}");
    person.leave().await;
    Ok(())
}

/// unit `TestStatefulSetControlScaleDownDeleteError`.
pub(crate) async fn scale_down() -> Result<(), Error> {
    let refusals = Refusals::of(Method::DELETE, "/pods/");
    let person = Person::at_work_behind("refused-scale-down", &refusals).await?;
    person.create(|text| text)?;
    person.until_ready(3).await?;
    let pods = person.pods()?;
    let observer = Observer::start(person.client.clone(), &person.namespace, true).await?;
    refusals.begin();
    person.kubectl(&["scale", "statefulset/web", "--replicas=0"])?;
    refusals.until(2).await?;
    until_told(&person, "pet 2").await?;
    person.ensure_warned(EventReason::FailedDelete, SAYS)?;
    ensure!(person.pods()? == pods, "{:?}", person.pods()?);
    refusals.end();
    person.until_ready(0).await?;
    let (_, ended) = observer.finish()?;
    ensure!(ended == [2, 1, 0], "{ended:?}");
    person.leave().await;
    Ok(())
}

/// unit `NewRevisionDeletePodFailure`: a rollout whose first deletion is refused has a new revision, and no pod of it.
pub(crate) async fn rollout() -> Result<(), Error> {
    let refusals = Refusals::of(Method::DELETE, "/pods/");
    let person = Person::at_work_behind("refused-rollout", &refusals).await?;
    person.create(|text| text)?;
    person.until_ready(3).await?;
    let pods = person.pods()?;
    refusals.begin();
    person.image("nginx-slim:0.9")?;
    refusals.until(2).await?;
    until_told(&person, "pet 2").await?;
    person.ensure_warned(EventReason::FailedDelete, SAYS)?;
    let told = person.json("statefulset/web")?["status"].clone();
    ensure!(told["currentRevision"] != told["updateRevision"], "{told}");
    ensure!(person.field("statefulset/web", COUNTS)? == "3 ", "{told}");
    ensure!(person.pods()? == pods, "{:?}", person.pods()?);
    refusals.end();
    person.until_images(&["nginx-slim:0.9"; 3].join(" ")).await?;
    person.until_ready(3).await?;
    person.until_field("statefulset/web", COUNTS, "3 3").await?;
    person.leave().await;
    Ok(())
}

/// integration `TestStatefulSetStatusWithPodFail`: of four pods the server takes two, and the status tells of these.
pub(crate) async fn quota() -> Result<(), Error> {
    let person = Person::at_work("refused-by-quota").await?;
    let api: Api<ResourceQuota> = Api::namespaced(person.client.clone(), &person.namespace);
    let quota = json!({ "metadata": { "name": "few" }, "spec": { "hard": { "pods": "2" } } });
    api.create(&PostParams::default(), &serde_json::from_value(quota)?).await?;
    // The controller of quotas would say so.
    let says = |hard: &str, used: &str| json!({ "status": { "hard": { "pods": hard }, "used": { "pods": used } } });
    api.patch_status("few", &PatchParams::default(), &Patch::Merge(says("2", "0"))).await?;
    person.create(|text| parallel(&text).replace("replicas: 3", "replicas: 4"))?;
    person.until_field("statefulset/web", ".status.replicas} {.status.readyReplicas", "2 2").await?;
    let message = "-o=jsonpath={.status.conditions[?(@.type==\"Degraded\")].message}";
    person.until(&["get", "statefulset/web", message], |told| told.contains("exceeded quota: few")).await?;
    let told = person.json("statefulset/web")?["status"].clone();
    ensure!(told["replicas"] == 2 && person.pods()?.len() == 2, "{told} {:?}", names(&person.pods()?));
    api.patch_status("few", &PatchParams::default(), &Patch::Merge(says("4", "2"))).await?;
    person.until_ready(4).await?;
    person.leave().await;
    Ok(())
}
