//! What is remembered of a set, and who can make our controller forget.

use std::fs;

use petset_core::status::{PetSetStatus, Started};
use petset_core::store::SetStore;
use petset_core::{ClaimUid, Ordinal, SetKey};
use petset_kube::resource::LOST_CLAIMS;
use serde_json::Value;

use crate::person::{Person, STATE, names};
use crate::{Error, ensure};

const DEGRADED: &str = ".status.conditions[?(@.type==\"Degraded\")].reason";

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

/// Kubernetes makes a missing claim again, empty (e2e "PVC should be recreated when pod is pending due to missing PVC").
/// Here the pet is not started on it until somebody says that it is meant, each time anew.
pub(crate) async fn missing_claim() -> Result<(), Error> {
    let person = Person::at_work("missing-claim").await?;
    person.create(|text| text)?;
    person.until_ready(3).await?;
    let mut lost = Vec::new();
    for _ in 0..2 {
        let claim = person.until_ours().await?["started"]["2"]["www"].as_str().unwrap_or_default().to_owned();
        ensure!(person.claims()?[2] == ("www-web-2".to_owned(), claim.clone()), "{:?}", person.claims()?);
        person.kubectl(&["delete", "pvc", "www-web-2", "--wait=false"])?;
        person.kubectl(&["delete", "pod", "web-2"])?;
        person.until_field("statefulset/web", DEGRADED, "ClaimMissing").await?;
        ensure!(names(&person.pods()?) == ["web-0", "web-1"], "{:?}", person.pods()?);
        lost.push(claim);
        let says = format!("{LOST_CLAIMS}={}", lost.join(" "));
        person.kubectl(&["annotate", "statefulset", "web", "--overwrite", &says])?;
        person.until_ready(3).await?;
        person.until_field("statefulset/web", DEGRADED, "AsExpected").await?;
        ensure!(names(&person.claims()?) == ["www-web-0", "www-web-1", "www-web-2"], "{:?}", person.claims()?);
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
    let progressing = ".status.conditions[?(@.type==\"Progressing\")].reason";
    person.until_field("statefulset/web", progressing, "Complete").await?;
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
    ensure!(
        after["term"] != before["term"] && after["started"]["1"] != before["started"]["1"],
        "{before}, now {after}"
    );
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
    ensure!(remembered["started"] == serde_json::to_value(&started)?, "the server has something else");
    person.leave().await;
    Ok(())
}
