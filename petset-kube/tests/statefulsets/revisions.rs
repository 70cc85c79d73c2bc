//! What is remembered of earlier templates.

use serde_json::{Value, json};

use crate::person::Person;
use crate::{Error, ensure, world};

/// unit `TestStatefulSetControlLimitsHistory`: what no pod uses any more is kept up to the limit.
pub(crate) async fn limited() -> Result<(), Error> {
    let person = Person::at_work("history").await?;
    let change = |text: String| text.replace("  replicas: 3\n", "  replicas: 1\n  revisionHistoryLimit: 2\n");
    person.create(change)?;
    person.until_ready(1).await?;
    for number in 1..=5 {
        let image = format!("nginx-slim:1.{number}");
        person.image(&image)?;
        person.until_images(&image).await?;
        person.until_ready(1).await?;
    }
    let numbers = "-o=jsonpath={.items[*].revision}";
    let is_short = |printed: &str| {
        let mut numbers: Vec<&str> = printed.split(' ').collect();
        numbers.sort_unstable();
        numbers == ["4", "5", "6"]
    };
    person.until(&["get", "controllerrevisions", numbers], is_short).await?;
    person.leave().await;
    Ok(())
}

/// unit `TestAdoptOrphanRevisions`: a set that was deleted with `--cascade=orphan` and made again takes its pods and its
/// revisions back, so that nothing is restarted.
pub(crate) async fn adopted() -> Result<(), Error> {
    let person = Person::at_work("orphans").await?;
    person.create(|text| text)?;
    person.until_ready(3).await?;
    let (pods, claims, revisions) = (person.pods()?, person.claims()?, person.revisions()?);
    person.kubectl(&["delete", "statefulset", "web", "--cascade=orphan", "--timeout=90s"])?;
    person.until(&["get", "statefulset", "-o=name"], str::is_empty).await?;
    let owners = "-o=jsonpath={.items[*].metadata.ownerReferences[*].name}";
    for kind in ["pods", "controllerrevisions"] {
        person.until(&["get", kind, owners], str::is_empty).await?;
    }
    ensure!(person.pods()? == pods && person.revisions()? == revisions, "more than owners changed");
    person.create(|text| text.split_once("---\n").map(|(_, set)| set.to_owned()).unwrap_or_default())?;
    person.until(&["get", "pods", owners], |printed| printed == "web web web").await?;
    person.until(&["get", "controllerrevisions", owners], |printed| printed == "web").await?;
    person.until_ready(3).await?;
    ensure!(person.pods()? == pods && person.claims()? == claims, "something was restarted");
    ensure!(person.revisions()? == revisions, "{:?}", person.revisions()?);
    person.leave().await;
    Ok(())
}

/// unit `TestSortControllerRevisions`: of two of one number the later is the newer, whatever their names are. A template of
/// the newer is where the set is already; one of the other is gone back to.
pub(crate) async fn tie() -> Result<(), Error> {
    for (namespace, is_later, numbers) in [("tie-later", true, [1, 1]), ("tie-earlier", false, [2, 1])] {
        let mut person = Person::arrive(world::the_world().await?, namespace).await?;
        person.create(|text| text.replace("replicas: 3", "replicas: 1"))?;
        let mut own = person.json("statefulset/web")?["spec"]["template"].clone();
        own["$patch"] = json!("replace");
        let mut other = own.clone();
        other["spec"]["containers"][0]["image"] = json!("nginx-slim:0.1");
        let make = |name: &str, template: &Value| {
            let revision = json!({ "apiVersion": "apps/v1", "kind": "ControllerRevision", "revision": 1,
                "metadata": { "name": name, "labels": { "app": "nginx" } }, "data": { "spec": { "template": template } } });
            person.apply("create", &revision.to_string())?;
            person.field(&format!("controllerrevision/{name}"), ".metadata.creationTimestamp")
        };
        // By name the later would come first.
        let (earlier, later) = if is_later { (&other, &own) } else { (&own, &other) };
        let since = make("web-z", earlier)?;
        // A time of the server is in whole seconds.
        while make("web-a", later)? == since {
            person.kubectl(&["delete", "controllerrevision", "web-a"])?;
        }
        person.begin();
        person.until_ready(1).await?;
        let (own, other) = if is_later { ("web-a", "web-z") } else { ("web-z", "web-a") };
        person.until_field("statefulset/web", ".status.updateRevision", own).await?;
        let number = |name: &str| person.field(&format!("controllerrevision/{name}"), ".revision");
        let found = [number(own)?, number(other)?];
        ensure!(found == numbers.map(|number: u32| number.to_string()), "{namespace}: {found:?}");
        ensure!(person.revisions()?.len() == 2, "{namespace}: {:?}", person.revisions()?);
        person.leave().await;
    }
    Ok(())
}

/// The form of a revision, as unit `TestCreateApplyRevision` has it.
pub(crate) async fn form() -> Result<(), Error> {
    let person = Person::at_work("form").await?;
    person.create(|text| text.replace("replicas: 3", "replicas: 1"))?;
    person.until_ready(1).await?;
    let set = person.json("statefulset/web")?;
    let name = set["status"]["updateRevision"].as_str().unwrap_or_default().to_owned();
    let hash = name.strip_prefix("web-").unwrap_or_default();
    ensure!(!hash.is_empty() && set["status"]["collisionCount"] == 0, "{}", set["status"]);
    let revision = person.json(&format!("controllerrevision/{name}"))?;
    let metadata = &revision["metadata"];
    ensure!(metadata["labels"] == json!({ "app": "nginx", "controller.kubernetes.io/hash": hash }), "{metadata}");
    let owner = json!([{ "apiVersion": "apps/v1", "kind": "StatefulSet", "name": "web", "uid": set["metadata"]["uid"],
        "controller": true, "blockOwnerDeletion": true }]);
    ensure!(metadata["ownerReferences"] == owner, "{metadata}");
    let mut template = set["spec"]["template"].clone();
    template["$patch"] = json!("replace");
    ensure!(revision["data"] == json!({ "spec": { "template": template } }), "{}", revision["data"]);
    ensure!(revision["revision"] == 1, "{revision}");
    person.leave().await;
    Ok(())
}
