//! What is remembered of a set, and who can make our controller forget.

use std::fs;
use std::time::Duration;

use petset_core::status::{PetSetStatus, Started};
use petset_core::store::SetStore;
use petset_core::{ClaimUid, Engine, EngineOptions, Ordinal, SetKey};
use petset_kube::resource::LOST_CLAIMS;
use serde_json::Value;
use tokio::time::{sleep, timeout};

use crate::person::{Person, STATE, cluster, names};
use crate::{Error, ensure};

const DEGRADED: &str = ".status.conditions[?(@.type==\"Degraded\")].reason";
const MISSED: &str = ".status.conditions[?(@.type==\"Degraded\")].message";
const PROGRESSING: &str = ".status.conditions[?(@.type==\"Progressing\")].reason";

/// The set alone, with so many pets.
fn set(replicas: u32) -> String {
    let (_, set) = include_str!("web.yaml").split_once("---\n").unwrap_or_default();
    set.replace("replicas: 3", &format!("replicas: {replicas}"))
}

/// Whoever replaces a set as a whole takes nothing of the memory off: a pet that was scaled away and lost its claim is not
/// started on an empty one.
pub(crate) async fn replaced() -> Result<(), Error> {
    let person = Person::at_work("replaced").await?;
    person.create(|text| text)?;
    person.until_ready(3).await?;
    let before = person.until_ours().await?;
    person.apply("replace", &set(2))?;
    person.until_ready(2).await?;
    let after = person.until_ours().await?;
    ensure!(after["term"] == before["term"] && after["started"] == before["started"], "{before}, now {after}");
    person.kubectl(&["delete", "pvc", "www-web-2", "--timeout=30s"])?;
    person.apply("replace", &set(3))?;
    person.until_field("statefulset/web", DEGRADED, "ClaimMissing").await?;
    ensure!(names(&person.pods()?) == ["web-0", "web-1"], "{:?}", person.pods()?);
    person.leave().await;
    Ok(())
}

/// The claim of pet 2, as a person would make it.
const CLAIM: &str = "apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: www-web-2, labels: {app: nginx}}
spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
";

/// Deletes the claim of pet 2 and waits until the set says so; gives its uid.
async fn lose_claim(person: &Person<'_>) -> Result<String, Error> {
    let (name, claim) = person.claims()?.remove(2);
    ensure!(name == "www-web-2", "{name}");
    person.kubectl(&["delete", "pvc", "www-web-2", "--wait=false"])?;
    person.kubectl(&["delete", "pod", "web-2"])?;
    person.until_field("statefulset/web", DEGRADED, "ClaimMissing").await?;
    let told = person.field("statefulset/web", MISSED)?;
    ensure!(told.contains(&format!("give claim {claim} up")), "{told}");
    ensure!(names(&person.pods()?) == ["web-0", "web-1"], "{:?}", person.pods()?);
    Ok(claim)
}

/// Gives these claims up, and waits until nothing is missed.
async fn give_up(person: &Person<'_>, claims: &[String]) -> Result<(), Error> {
    let says = format!("{LOST_CLAIMS}={}", claims.join(" "));
    person.kubectl(&["annotate", "statefulset", "web", "--overwrite", &says])?;
    person.until_ready(3).await?;
    person.until_field("statefulset/web", DEGRADED, "AsExpected").await
}

/// Kubernetes makes a missing claim again, empty (e2e "PVC should be recreated when pod is pending due to missing PVC").
/// Here the pet is started neither on it nor on one that somebody else made, until it is said that this is meant: of each
/// claim that is lost anew.
pub(crate) async fn missing_claim() -> Result<(), Error> {
    let person = Person::at_work("missing-claim").await?;
    person.create(|text| text)?;
    person.until_ready(3).await?;
    let first = lose_claim(&person).await?;
    give_up(&person, std::slice::from_ref(&first)).await?;
    ensure!(names(&person.claims()?) == ["www-web-0", "www-web-1", "www-web-2"], "{:?}", person.claims()?);

    let second = lose_claim(&person).await?;
    person.apply("create", CLAIM)?;
    let claims = person.claims()?;
    person.until_field("statefulset/web", DEGRADED, "ClaimReplaced").await?;
    ensure!(names(&person.pods()?) == ["web-0", "web-1"], "{:?}", person.pods()?);
    give_up(&person, &[first, second]).await?;
    ensure!(person.claims()? == claims, "{claims:?}, now {:?}", person.claims()?);
    person.leave().await;
    Ok(())
}

/// Says that these claims are lost, and waits until the controller's view knows.
async fn say_lost(person: &Person<'_>, claims: &str) -> Result<(), Error> {
    person.kubectl(&["annotate", "sts", "web", "--overwrite", &format!("{LOST_CLAIMS}={claims}")])?;
    let known = async {
        loop {
            let stored = person.cluster.store().get(&person.key()).await?.ok_or("there is no set")?;
            if stored.set.metadata.annotations.get(LOST_CLAIMS).is_some_and(|known| known == claims) {
                return Ok(());
            }
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(Duration::from_secs(30), known).await?
}

/// A pet that lost two claims is not started on an empty one while only the other is given up.
pub(crate) async fn two_claims() -> Result<(), Error> {
    let mut person = Person::at_work("two-claims").await?;
    person.create(|text| {
        let (before, claim) = text.rsplit_once("  - metadata:").unwrap_or_default();
        let both = format!("{before}  - metadata:{}  - metadata:{claim}", claim.replace("name: www", "name: logs"));
        both.replace("replicas: 3", "replicas: 1")
    })?;
    person.until_ready(1).await?;
    let claims = person.claims()?;
    let [(_, logs), (_, www)] = &claims[..] else { return Err(format!("{claims:?}").into()) };
    person.kubectl(&["delete", "pvc", "www-web-0", "logs-web-0", "--wait=false"])?;
    person.kubectl(&["delete", "pod", "web-0"])?;
    person.until_field("statefulset/web", DEGRADED, "ClaimMissing").await?;
    let told = person.field("statefulset/web", MISSED)?;
    ensure!([www, logs].into_iter().all(|claim| told.contains(&format!("give claim {claim} up"))), "{told}");
    person.end().await;
    let engine = Engine::new(person.cluster.clone().into(), EngineOptions::default());
    for one in [&www, &logs] {
        say_lost(&person, one).await?;
        for _ in 0..3 {
            let pass = engine.pass(&person.key()).await?;
            ensure!(pass.outcomes.is_empty(), "with {one} given up: {pass:?}");
        }
        ensure!(person.pods()?.is_empty() && person.claims()?.is_empty(), "{one}: {:?}", person.claims()?);
    }
    person.begin();
    say_lost(&person, &format!("{www} {logs}")).await?;
    person.until_ready(1).await?;
    person.until_field("statefulset/web", DEGRADED, "AsExpected").await?;
    person.leave().await;
    Ok(())
}

/// A claim that is there is not lost, also where somebody says so: nothing changes, and nothing is written.
pub(crate) async fn still_there() -> Result<(), Error> {
    let mut person = Person::at_work("still-there").await?;
    person.create(|text| text.replace("replicas: 3", "replicas: 1"))?;
    person.until_ready(1).await?;
    let (before, pods, claims) = (person.until_ours().await?, person.pods()?, person.claims()?);
    person.kubectl(&["annotate", "statefulset", "web", &format!("{LOST_CLAIMS}={}", claims[0].1)])?;
    person.kubectl(&["delete", "pod", "web-0"])?;
    let uid = ["get", "pod", "web-0", "-o=jsonpath={.metadata.uid}"];
    person.until(&uid, |uid| !uid.is_empty() && uid != pods[0].1).await?;
    person.until_ready(1).await?;
    person.until_field("statefulset/web", PROGRESSING, "Complete").await?;
    ensure!(person.until_ours().await? == before && person.claims()? == claims, "{before}, {claims:?}");
    person.end().await;
    let engine = Engine::new(person.cluster.clone().into(), EngineOptions::default());
    let key = person.key();
    // The first pass of an engine may still say what the last one had no time for.
    drop(engine.pass(&key).await?);
    for _ in 0..3 {
        let pass = engine.pass(&key).await?;
        ensure!(!pass.status_written && pass.outcomes.is_empty(), "{pass:?}");
    }
    person.leave().await;
    Ok(())
}

/// Whoever takes the condition out of the status makes our controller begin anew, from what it sees.
pub(crate) async fn forgotten() -> Result<(), Error> {
    let person = Person::at_work("forgotten").await?;
    person.create(|text| text.replace("replicas: 3", "replicas: 2"))?;
    person.until_ready(2).await?;
    let (before, pods) = (person.until_ours().await?, person.pods()?);
    person.apply("replace", &set(1))?;
    person.until_ready(1).await?;
    person.kubectl(&["delete", "pvc", "www-web-1", "--timeout=30s"])?;
    person.until_field("statefulset/web", PROGRESSING, "Complete").await?;
    let path = format!("/apis/apps/v1/namespaces/{}/statefulsets/web/status", person.namespace);
    let mut whole: Value = serde_json::from_str(&person.kubectl(&["get", "--raw", &path])?)?;
    let conditions = whole["status"]["conditions"].as_array_mut().ok_or("no conditions")?;
    conditions.retain(|condition| condition["type"] != STATE);
    let file = tempfile::NamedTempFile::new()?;
    fs::write(file.path(), whole.to_string())?;
    person.kubectl(&["replace", "--raw", &path, "-f", &file.path().display().to_string()])?;
    person.apply("replace", &set(2))?;
    person.until_ready(2).await?;
    let after = person.until_ours().await?;
    ensure!(after["term"] != before["term"] && after["started"] != before["started"], "{before}, now {after}");
    ensure!(person.pods()?[0] == pods[0], "a pod was restarted");
    person.leave().await;
    Ok(())
}

/// What is remembered of a large set fits into its status.
pub(crate) async fn large() -> Result<(), Error> {
    let person = Person::arrive(crate::world::the_world().await?, "large").await?;
    person.apply("create", &set(0))?;
    let key = SetKey::new(person.namespace.as_str(), "web");
    let store = person.cluster.store();
    let found = store.get(&key).await?.ok_or("no set")?;
    let mut started = Started::default();
    for ordinal in 0..2_000 {
        started.insert(Ordinal(ordinal), ["data", "logs"].map(|template| (template.into(), ClaimUid::random())));
    }
    let status = PetSetStatus { started: started.clone(), ..found.status };
    store.update_status(&key, &found.version, status).await?;
    let remembered = person.until_ours().await?;
    ensure!(remembered["started"]["pets"] == "0-1999", "{}", remembered["started"]["pets"]);
    // By somebody who did not write it.
    let other = cluster(person.client.clone(), &person.namespace);
    let read = other.store().get(&key).await?.ok_or("no set")?.status.started;
    ensure!(read == started, "the server has something else");
    person.leave().await;
    Ok(())
}
