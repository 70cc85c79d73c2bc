//! Claims: bound when they are new, grown when they ask for more, freed when no pod uses them any more.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures::{StreamExt, TryStreamExt};
use k8s_openapi::api::core::v1::{PersistentVolumeClaim, Pod};
use kube::api::{ListParams, Patch, PatchParams};
use kube::runtime::watcher::{self, Event};
use kube::runtime::{WatchStreamExt, watcher as watch};
use kube::{Api, Client, Error, ResourceExt};
use serde_json::{Value, json};
use tokio::sync::watch as level;
use tokio::time::sleep;

use super::{Kubelet, Script};

/// What the server puts on every claim, for a controller to take off.
const PROTECTION: &str = "kubernetes.io/pvc-protection";

/// The pause before a step that the server refused is tried again.
const PAUSE: Duration = Duration::from_millis(100);

/// Looks after all claims, each by a task of its own.
pub(super) async fn look_after(client: Client, script: Arc<Script>) {
    let mut tasks: BTreeMap<String, level::Sender<PersistentVolumeClaim>> = BTreeMap::new();
    let all = Api::<PersistentVolumeClaim>::all(client.clone());
    let mut events = watch(all, watcher::Config::default()).default_backoff().boxed();
    loop {
        match events.try_next().await {
            Ok(Some(Event::Init)) => {
                tasks.clear();
                script.forget_claims();
            }
            Ok(Some(Event::InitApply(claim) | Event::Apply(claim))) => {
                script.saw_claim(&claim, true);
                let uid = claim.uid().unwrap_or_default();
                if let Some(task) = tasks.get(&uid) {
                    task.send_replace(claim);
                } else {
                    let (task, seen) = level::channel(claim);
                    tasks.insert(uid, task);
                    tokio::spawn(live(client.clone(), Arc::clone(&script), seen));
                }
            }
            Ok(Some(Event::Delete(claim))) => {
                script.saw_claim(&claim, false);
                tasks.remove(&claim.uid().unwrap_or_default());
            }
            Ok(Some(Event::InitDone)) => {}
            Ok(None) => return,
            Err(error) => tracing::debug!(%error, "the stand-in kubelet cannot watch claims"),
        }
    }
}

/// Takes one claim from step to step, until it is gone.
async fn live(client: Client, script: Arc<Script>, mut seen: level::Receiver<PersistentVolumeClaim>) {
    loop {
        let ended = script.pod_ended.notified();
        tokio::pin!(ended);
        ended.as_mut().enable();
        let claim = seen.borrow_and_update().clone();
        let mut again = false;
        if let Err(error) = step(&client, &claim).await {
            tracing::debug!(%error, claim = claim.name_any(), "the stand-in kubelet was refused");
            again = !matches!(&error, Error::Api(status) if status.code == 404 || status.code == 409);
        }
        tokio::select! {
            changed = seen.changed() => {
                if changed.is_err() {
                    return;
                }
            }
            () = ended, if claim.metadata.deletion_timestamp.is_some() => {}
            () = sleep(PAUSE), if again => {}
        }
    }
}

/// The next step of one claim, if there is one.
async fn step(client: &Client, claim: &PersistentVolumeClaim) -> kube::Result<()> {
    let namespace = claim.namespace().unwrap_or_default();
    let api: Api<PersistentVolumeClaim> = Api::namespaced(client.clone(), &namespace);
    let phase = claim.status.as_ref().and_then(|status| status.phase.as_deref()).unwrap_or("Pending");
    if claim.metadata.deletion_timestamp.is_some() {
        return free(client, &api, claim).await;
    }
    if phase == "Pending" && has_class(claim) {
        let volume = format!("pvc-{}", claim.uid().unwrap_or_default());
        patch(&api, claim, json!({ "spec": { "volumeName": volume } })).await?;
        return report(&api, claim, "Bound").await;
    }
    if phase == "Bound" && asked(claim) != has(claim) {
        return report(&api, claim, "Bound").await;
    }
    Ok(())
}

fn has_class(claim: &PersistentVolumeClaim) -> bool {
    let class = claim.spec.as_ref().and_then(|spec| spec.storage_class_name.as_deref());
    class.is_some_and(|class| !class.is_empty() && class != Kubelet::WITHOUT_VOLUMES)
}

fn asked(claim: &PersistentVolumeClaim) -> Value {
    json!(claim.spec.as_ref().and_then(|spec| spec.resources.as_ref()?.requests.as_ref()?.get("storage")))
}

fn has(claim: &PersistentVolumeClaim) -> Value {
    json!(claim.status.as_ref().and_then(|status| status.capacity.as_ref()?.get("storage")))
}

async fn report(api: &Api<PersistentVolumeClaim>, claim: &PersistentVolumeClaim, phase: &str) -> kube::Result<()> {
    let modes = claim.spec.as_ref().and_then(|spec| spec.access_modes.clone());
    let status = json!({
        "metadata": { "uid": claim.metadata.uid },
        "status": { "phase": phase, "accessModes": modes, "capacity": { "storage": asked(claim) } },
    });
    api.patch_status(&claim.name_any(), &PatchParams::default(), &Patch::Merge(status)).await.map(drop)
}

async fn patch(api: &Api<PersistentVolumeClaim>, claim: &PersistentVolumeClaim, mut body: Value) -> kube::Result<()> {
    body["metadata"]["uid"] = json!(claim.metadata.uid);
    api.patch(&claim.name_any(), &PatchParams::default(), &Patch::Merge(body)).await.map(drop)
}

/// Takes the protection off a claim that is to go and that no pod uses.
async fn free(client: &Client, api: &Api<PersistentVolumeClaim>, claim: &PersistentVolumeClaim) -> kube::Result<()> {
    let finalizers = claim.finalizers();
    if !finalizers.iter().any(|finalizer| finalizer == PROTECTION) {
        return Ok(());
    }
    let namespace = claim.namespace().unwrap_or_default();
    let pods = Api::<Pod>::namespaced(client.clone(), &namespace).list(&ListParams::default()).await?;
    let name = claim.name_any();
    let uses = |pod: &Pod| {
        let mut volumes = pod.spec.iter().flat_map(|spec| spec.volumes.iter().flatten());
        volumes.any(|volume| volume.persistent_volume_claim.as_ref().is_some_and(|source| source.claim_name == name))
    };
    if pods.iter().any(uses) {
        return Ok(());
    }
    let rest: Vec<&String> = finalizers.iter().filter(|finalizer| *finalizer != PROTECTION).collect();
    patch(api, claim, json!({ "metadata": { "finalizers": rest } })).await
}
