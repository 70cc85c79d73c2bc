//! The stories: one trouble each.

use k8s_openapi::api::core::v1::{Namespace, PersistentVolumeClaim, Pod, ResourceQuota, ServiceAccount};
use k8s_openapi::api::rbac::v1::{Role, RoleBinding};
use kube::api::{DeleteParams, Patch, PatchParams, PostParams};
use kube::{Api, Client};
use petset_core::engine::EventReason;
use petset_kube::envtest::{Account, Kubelet, Server, ServerOptions};
use petset_kube::resource;
use serde_json::{Value, json};

use crate::account::account;
use crate::etcd::Etcd;
use crate::place::{Place, condition, make_namespace, spec, spec_with_claim};
use crate::{Error, ensure, world};

/// Without a word to the node.
fn at_once() -> DeleteParams {
    DeleteParams { grace_period_seconds: Some(0), ..DeleteParams::default() }
}

async fn place(namespace: &str) -> Result<Place, Error> {
    let world = world::the_world().await?;
    let client = world.server.client()?;
    make_namespace(&client, namespace).await?;
    Ok(Place::with(client, account(&world.server).await?.client()?, namespace))
}

/// Creation, growth and end are told under Kubernetes' reasons, many together; the counts are right.
pub(crate) async fn life() -> Result<(), Error> {
    let place = place("life").await?;
    place.create("web", spec_with_claim(3, None)).await?;
    place.until_ready("web", 3).await?;
    place.until_event("web", "SuccessfulCreate", "create pod 2 on web-").await?;
    place.patch("web", json!({ "spec": { "replicas": 1 } })).await?;
    place.until_ready("web", 1).await?;
    let ended = place.until_event("web", "SuccessfulDelete", "delete pod 1 ").await?;
    ensure!(ended.involved_object.uid == place.objects().get("web").await?.metadata.uid, "{ended:?}");
    let events = place.events("web").await?;
    let count = |reason: &str| -> i32 {
        let of_reason = events.iter().filter(|event| event.reason.as_deref() == Some(reason));
        of_reason.filter_map(|event| event.count).sum()
    };
    ensure!(count("SuccessfulCreate") == 6 && count("SuccessfulDelete") == 2, "{events:?}");
    ensure!(events.iter().all(|event| event.type_.as_deref() == Some("Normal")), "{events:?}");
    ensure!(events.iter().all(|event| event.last_timestamp.is_some()), "{events:?}");
    place.leave().await;
    Ok(())
}

/// What the schema lets through and core does not.
fn invalid_spec() -> Value {
    let mut invalid = spec(2);
    invalid["updateStrategy"] = json!({ "type": "RollingUpdate", "rollingUpdate": { "maxUnavailable": "0%" } });
    invalid["template"]["spec"]["restartPolicy"] = json!("Never");
    invalid
}

const INVALID_FIELDS: [&str; 2] =
    ["spec.updateStrategy.rollingUpdate.maxUnavailable", "spec.template.spec.restartPolicy"];

/// A set that is invalid from the start names its fields; the other one comes up.
pub(crate) async fn invalid() -> Result<(), Error> {
    let place = place("invalid").await?;
    place.create("bad", invalid_spec()).await?;
    place.create("good", spec(2)).await?;
    place.until_degraded("bad", "Invalid", &INVALID_FIELDS).await?;
    place.until_ready("good", 2).await?;
    let told = place.until_event("bad", "FailedObserve", INVALID_FIELDS[1]).await?;
    let set = place.objects().get("bad").await?;
    ensure!(told.type_.as_deref() == Some("Warning") && told.involved_object.uid == set.metadata.uid, "{told:?}");
    let progressing = condition(&set.data["status"], "Progressing");
    ensure!(progressing["status"] == "False" && progressing["reason"] == "Invalid", "{progressing}");
    place.tries_twice_a_minute(place.failures("bad", EventReason::FailedObserve), 1)?;
    let mended = json!({ "spec": { "updateStrategy": null, "template": { "spec": { "restartPolicy": null } } } });
    place.patch("bad", mended).await?;
    place.until_ready("bad", 2).await?;
    place.until_well("bad").await?;
    place.leave().await;
    Ok(())
}

/// A set that runs and becomes invalid keeps its pods, and what its status knows.
pub(crate) async fn becomes_invalid() -> Result<(), Error> {
    let place = place("becomes-invalid").await?;
    place.create("web", spec_with_claim(2, None)).await?;
    place.until_ready("web", 2).await?;
    let pods: Api<Pod> = Api::namespaced(place.client.clone(), &place.namespace);
    let uids = async || -> Result<Vec<Option<String>>, Error> {
        Ok(pods.list(&kube::api::ListParams::default()).await?.into_iter().map(|pod| pod.metadata.uid).collect())
    };
    let (before, started) = (uids().await?, place.objects().get("web").await?.data["status"]["started"].clone());
    place.patch("web", json!({ "spec": invalid_spec() })).await?;
    place.until_degraded("web", "Invalid", &INVALID_FIELDS).await?;
    ensure!(uids().await? == before, "a pod was touched");
    let now = place.objects().get("web").await?.data["status"]["started"].clone();
    ensure!(now == started && !started.is_null(), "{now} is not {started}");
    place.delete("web").await?;
    let mended = json!({ "spec": { "updateStrategy": null, "template": { "spec": { "restartPolicy": null } } } });
    place.patch("web", mended).await?;
    place.until_gone("web").await?;
    place.leave().await;
    Ok(())
}

/// A field that the server is too old for, or too new, is named before the pod is ready without it.
pub(crate) async fn left_out() -> Result<(), Error> {
    let place = place("left-out").await?;
    let mut newer = spec(1);
    newer["template"]["metadata"]["annotations"] = json!({ Kubelet::PROGRAM: "{\"neverReady\":true}" });
    newer["template"]["spec"]["hostUsers"] = json!(true);
    place.create("web", newer).await?;
    let pods: Api<Pod> = Api::namespaced(place.client.clone(), &place.namespace);
    place.until_event("web", "SuccessfulCreate", "create pod 0 on web-").await?;
    if serde_json::to_value(pods.get("web-0").await?)?["spec"]["hostUsers"].is_null() {
        place.until_event("web", "PodTrouble", "spec.hostUsers").await?;
    }
    place.leave().await;
    Ok(())
}

/// A right that is missing is named, and asked for twice a minute.
pub(crate) async fn forbidden() -> Result<(), Error> {
    let world = world::the_world().await?;
    let client = world.server.client()?;
    make_namespace(&client, "forbidden").await?;
    let all = ["get", "list", "watch", "create", "update", "patch", "delete"];
    let pods = ["get", "list", "watch", "patch", "delete"];
    let rule = |group: &str, resources: &[&str], verbs: &[&str]| json!({ "apiGroups": [group], "resources": resources, "verbs": verbs });
    let rules = |of_pods: &[&str]| {
        json!([
            rule("petset.rs", &["petsets", "petsets/status"], &all),
            rule("apps", &["controllerrevisions"], &all),
            rule("", &["persistentvolumeclaims", "services", "events"], &all),
            rule("", &["pods"], of_pods),
        ])
    };
    let binding = json!({ "metadata": { "name": "controller" },
        "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "controller" },
        "subjects": [{ "kind": "ServiceAccount", "name": "controller", "namespace": "forbidden" }] });
    let named = json!({ "metadata": { "name": "controller" } });
    make::<ServiceAccount>(&client, "forbidden", named).await?;
    make::<Role>(&client, "forbidden", json!({ "metadata": { "name": "controller" }, "rules": rules(&pods) })).await?;
    make::<RoleBinding>(&client, "forbidden", binding).await?;
    let account = Account::of(&world.server, "forbidden", "controller").await?;
    let place = Place::with(client.clone(), account.client()?, "forbidden");
    place.create("web", spec(1)).await?;
    let words = ["pet 0", "cannot create resource \"pods\"", "system:serviceaccount:forbidden:controller"];
    place.until_degraded("web", "Backoff", &words).await?;
    place.until_event("web", "FailedCreate", "cannot create resource \"pods\"").await?;
    place.tries_twice_a_minute(place.failures("web", EventReason::FailedCreate), 1)?;
    let more = json!({ "rules": rules(&all) });
    Api::<Role>::namespaced(client, "forbidden")
        .patch("controller", &PatchParams::default(), &Patch::Merge(more))
        .await?;
    place.until_ready("web", 1).await?;
    place.until_well("web").await?;
    place.leave().await;
    Ok(())
}

/// A quota that is used up is named; what fits runs, and the rest comes when there is room.
pub(crate) async fn quota() -> Result<(), Error> {
    let place = place("quota").await?;
    let hard = json!({ "pods": "1" });
    let quota = json!({ "metadata": { "name": "few" }, "spec": { "hard": hard } });
    make::<ResourceQuota>(&place.client, "quota", quota).await?;
    let quotas: Api<ResourceQuota> = Api::namespaced(place.client.clone(), "quota");
    // The controller of quotas would say so.
    let says = |hard: u32, used: u32| {
        Patch::Merge(
            json!({ "status": { "hard": { "pods": hard.to_string() }, "used": { "pods": used.to_string() } } }),
        )
    };
    quotas.patch_status("few", &PatchParams::default(), &says(1, 0)).await?;
    place.create("web", spec(2)).await?;
    place.until_degraded("web", "Backoff", &["pet 1", "exceeded quota: few"]).await?;
    place.until_event("web", "FailedCreate", "exceeded quota: few").await?;
    place.until_status("web", |status| status["readyReplicas"] == 1).await?;
    place.until_failures("web", EventReason::FailedCreate, 3).await?;
    place.tries_with_growing_pauses(place.failures("web", EventReason::FailedCreate), 1)?;
    quotas.patch_status("few", &PatchParams::default(), &says(2, 1)).await?;
    place.until_ready("web", 2).await?;
    place.until_well("web").await?;
    place.leave().await;
    Ok(())
}

/// A claim that nobody gives a volume: its pod says so, and so does the set.
pub(crate) async fn unbound_claim() -> Result<(), Error> {
    let place = place("unbound-claim").await?;
    place.create("stuck", spec_with_claim(1, Some(Kubelet::WITHOUT_VOLUMES))).await?;
    place.create("good", spec_with_claim(1, None)).await?;
    place.until_degraded("stuck", "PodTrouble", &["pet 0: Unschedulable", "unbound"]).await?;
    place.until_event("stuck", "PodTrouble", "unbound immediate PersistentVolumeClaims").await?;
    place.until_ready("good", 1).await?;
    ensure!(place.failures("stuck", EventReason::PodTrouble) == 1, "it is told more than once");
    let claims: Api<PersistentVolumeClaim> = Api::namespaced(place.client.clone(), &place.namespace);
    let bound = json!({ "status": { "phase": "Bound" } });
    claims.patch_status("data-stuck-0", &PatchParams::default(), &Patch::Merge(bound)).await?;
    place.until_ready("stuck", 1).await?;
    place.until_well("stuck").await?;
    place.leave().await;
    Ok(())
}

/// A claim that was deleted and does not go: its pet waits, and the set says for what.
pub(crate) async fn stuck_claim() -> Result<(), Error> {
    let place = place("stuck-claim").await?;
    place.create("web", spec_with_claim(1, None)).await?;
    place.until_ready("web", 1).await?;
    let claims: Api<PersistentVolumeClaim> = Api::namespaced(place.client.clone(), &place.namespace);
    let held = json!({ "metadata": { "finalizers": ["example.com/backup"] } });
    claims.patch("data-web-0", &PatchParams::default(), &Patch::Merge(held)).await?;
    claims.delete("data-web-0", &DeleteParams::default()).await?;
    let pods: Api<Pod> = Api::namespaced(place.client.clone(), &place.namespace);
    pods.delete("web-0", &DeleteParams::default()).await?;
    let waits = |status: &Value| {
        let progressing = condition(status, "Progressing");
        progressing["status"] == "True" && progressing["reason"] == "ClaimTerminating"
    };
    place.until_status("web", waits).await?;
    place.until_event("web", "PetHeld", "its claim data is being deleted").await?;
    ensure!(place.failures("web", EventReason::PetHeld) == 1, "it is told more than once");
    let free = json!({ "metadata": { "finalizers": null } });
    claims.patch("data-web-0", &PatchParams::default(), &Patch::Merge(free)).await?;
    // The claim is gone, and with it the data: nothing starts before somebody has seen that (S7).
    place.until_degraded("web", "ClaimMissing", &["pet 0", "data"]).await?;
    place.until_event("web", "PetHeld", "its claim data is missing").await?;
    place.leave().await;
    Ok(())
}

/// A namespace that is being deleted takes nothing new: neither pods nor Events. The condition says so.
pub(crate) async fn ending_namespace() -> Result<(), Error> {
    let place = place("ending").await?;
    place.create("web", spec(1)).await?;
    place.until_ready("web", 1).await?;
    Api::<Namespace>::all(place.client.clone()).delete("ending", &DeleteParams::default()).await?;
    place.patch("web", json!({ "spec": { "replicas": 2 } })).await?;
    place.until_degraded("web", "Backoff", &["pet 1", "it is being terminated"]).await?;
    place.tries_twice_a_minute(place.failures("web", EventReason::FailedCreate), 1)?;
    place.delete("web").await?;
    place.until_gone("web").await?;
    place.leave().await;
    Ok(())
}

/// A namespace that is gone while its objects are not yet takes not even a status: what failed is told when it is back.
pub(crate) async fn missing_namespace() -> Result<(), Error> {
    let place = place("missing").await?;
    place.create("web", spec(1)).await?;
    place.until_ready("web", 1).await?;
    let namespaces: Api<Namespace> = Api::all(place.client.clone());
    namespaces.delete("missing", &DeleteParams::default()).await?;
    let mut ending = namespaces.get("missing").await?;
    ending.spec = Some(k8s_openapi::api::core::v1::NamespaceSpec { finalizers: None });
    let request = http::Request::put("/api/v1/namespaces/missing/finalize").body(serde_json::to_vec(&ending)?)?;
    place.client.request::<Namespace>(request).await?;
    // All that the server still takes there are deletions.
    let pods: Api<Pod> = Api::namespaced(place.client.clone(), &place.namespace);
    pods.delete("web-0", &at_once()).await?;
    place.until_failures("web", EventReason::FailedUpdate, 3).await?;
    place.tries_with_growing_pauses(place.failures("web", EventReason::FailedUpdate), 1)?;
    make_namespace(&place.client, "missing").await?;
    place.until_event("web", "FailedUpdate", "namespaces \"missing\" not found").await?;
    place.until_ready("web", 1).await?;
    place.until_well("web").await?;
    place.leave().await;
    Ok(())
}

/// An etcd that is full takes nothing at all; what failed is told as soon as there is room, and all goes on.
pub(crate) async fn full_etcd() -> Result<(), Error> {
    let mut options = ServerOptions::default();
    options.etcd_bytes = Some(32 << 20);
    let server = Server::start_with(&options).await?;
    let client = server.client()?;
    resource::install(&client).await?;
    let kubelet = Kubelet::start(server.config());
    let etcd = Etcd::of(&server)?;
    let place = Place::new(client, "full").await?;
    place.create("web", spec(1)).await?;
    place.until_ready("web", 1).await?;
    let full = fill(&etcd).await?;
    ensure!(full.contains("database space exceeded"), "{full}");
    let refused = place.patch("web", json!({ "spec": { "replicas": 2 } })).await;
    ensure!(refused.is_err(), "the server takes a new declaration");
    // The server writes of every pod that it is to end, so that none can be ended; but it sees one that is lost.
    etcd.ask("/v3/kv/deleterange", &json!({ "key": POD })).await?;
    place.until_failures("web", EventReason::FailedUpdate, 3).await?;
    place.tries_with_growing_pauses(place.failures("web", EventReason::FailedUpdate), 1)?;
    empty(&etcd).await?;
    place.until_event("web", "FailedUpdate", "database space exceeded").await?;
    place.until_ready("web", 1).await?;
    place.patch("web", json!({ "spec": { "replicas": 2 } })).await?;
    place.until_ready("web", 2).await?;
    place.until_well("web").await?;
    place.leave().await;
    drop(kubelet);
    Ok(())
}

/// The key of the pod `web-0` in base 64.
const POD: &str = "L3JlZ2lzdHJ5L3BvZHMvZnVsbC93ZWItMA==";

/// The key `fill/…` in base 64, and one behind all of them.
const FROM: &str = "ZmlsbC8=";
const TO: &str = "ZmlsbDA=";

/// Writes until there is no room; what etcd says then.
async fn fill(etcd: &Etcd) -> Result<String, Error> {
    let value = "A".repeat(1 << 20);
    for _ in 0..1000 {
        if let Err(error) = etcd.ask("/v3/kv/put", &json!({ "key": FROM, "value": value })).await {
            return Ok(format!("{error:?}"));
        }
    }
    Err("it is never full".into())
}

/// Makes room again, as its operator would.
async fn empty(etcd: &Etcd) -> Result<(), Error> {
    let deleted = etcd.ask("/v3/kv/deleterange", &json!({ "key": FROM, "range_end": TO })).await?;
    etcd.compact(&deleted["header"]["revision"]).await?;
    etcd.ask("/v3/maintenance/defragment", &json!({})).await?;
    let alarms = etcd.ask("/v3/maintenance/alarm", &json!({ "action": "GET" })).await?;
    for alarm in alarms["alarms"].as_array().into_iter().flatten() {
        let off = json!({ "action": "DEACTIVATE", "memberID": alarm["memberID"], "alarm": alarm["alarm"] });
        etcd.ask("/v3/maintenance/alarm", &off).await?;
    }
    Ok(())
}

async fn make<K>(client: &Client, namespace: &str, object: Value) -> Result<(), Error>
where
    K: kube::Resource<DynamicType = (), Scope = kube::core::NamespaceResourceScope>
        + Clone
        + std::fmt::Debug
        + serde::Serialize
        + serde::de::DeserializeOwned
        + Send
        + Sync,
{
    Api::<K>::namespaced(client.clone(), namespace)
        .create(&PostParams::default(), &serde_json::from_value(object)?)
        .await?;
    Ok(())
}
