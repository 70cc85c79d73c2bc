//! How a new template reaches the pods, and the way back.

use serde_json::{Value, json};

use crate::observer::Observer;
use crate::person::{Person, parallel};
use crate::{Error, ensure};

const OLD: &str = "nginx-slim:0.8";
const NEW: &str = "nginx-slim:0.9";

/// A strategy that keeps so many pods, counted from the first, as they are.
fn partition(partition: u32) -> Value {
    json!({ "spec": { "updateStrategy": { "type": "RollingUpdate", "rollingUpdate": { "partition": partition } } } })
}

/// Waits until the set comes from where it goes to.
async fn until_complete(person: &Person<'_>) -> Result<String, Error> {
    let both = "-o=jsonpath={.status.currentRevision} {.status.updateRevision}";
    let is_same = |printed: &str| printed.split_once(' ').is_some_and(|(current, update)| current == update);
    let printed = person.until(&["get", "statefulset/web", both], is_same).await?;
    Ok(printed.split_once(' ').map(|(current, _)| current.to_owned()).unwrap_or_default())
}

/// e2e "should perform rolling updates and roll backs of template modifications with PVCs" and the conformance test of the
/// same without: from the highest ordinal down, and back to the revision that was.
pub(crate) async fn rolling() -> Result<(), Error> {
    let person = Person::at_work("rolling").await?;
    person.create(|text| text)?;
    person.until_ready(3).await?;
    let (claims, first) = (person.claims()?, until_complete(&person).await?);
    let observer = Observer::start(person.client.clone(), &person.namespace, true).await?;
    person.image(NEW)?;
    person.until_images(&[NEW; 3].join(" ")).await?;
    person.until_ready(3).await?;
    let second = until_complete(&person).await?;
    let (_, ended) = observer.finish()?;
    ensure!(first != second && ended == [2, 1, 0], "{first} {second} {ended:?}");
    person.image(OLD)?;
    person.until_images(&[OLD; 3].join(" ")).await?;
    person.until_ready(3).await?;
    ensure!(until_complete(&person).await? == first, "going back made another revision");
    ensure!(person.revisions()?.len() == 2 && person.claims()? == claims, "{:?}", person.revisions()?);
    let updated = person.field("statefulset/web", ".status.currentReplicas} {.status.updatedReplicas")?;
    ensure!(updated == "3 3", "{updated}");
    person.leave().await;
    Ok(())
}

/// unit `TestStatefulSetControlRollingUpdate` with its scale-up and scale-down, and the scale-up of `…WithPartition`, in
/// order: what is missing is made first, what is too many goes first, and the rest follows from the highest ordinal down.
pub(crate) async fn scaled_in_order() -> Result<(), Error> {
    let person = Person::at_work("scaled-in-order").await?;
    person.create(|text| text)?;
    person.until_ready(3).await?;
    let seen = both(&person, 5, NEW, &[NEW; 5], true).await?;
    ensure!(seen == (vec![3, 4, 2, 1, 0], vec![2, 1, 0]), "up: {seen:?}");
    let seen = both(&person, 3, OLD, &[OLD; 3], true).await?;
    ensure!(seen == (vec![2, 1, 0], vec![4, 3, 2, 1, 0]), "down: {seen:?}");
    person.patch(&partition(2))?;
    let seen = both(&person, 4, NEW, &[OLD, OLD, NEW, NEW], true).await?;
    ensure!(seen == (vec![3, 2], vec![2]), "up to a partition: {seen:?}");
    person.leave().await;
    Ok(())
}

/// The same of a parallel set, where only each pod's own turn is told: all are made, and all that must go do.
pub(crate) async fn scaled_in_parallel() -> Result<(), Error> {
    let person = Person::at_work("scaled-in-parallel").await?;
    person.create(|text| parallel(&text))?;
    person.until_ready(3).await?;
    let sorted = |(mut made, mut ended): (Vec<u32>, Vec<u32>)| {
        made.sort_unstable();
        ended.sort_unstable();
        (made, ended)
    };
    let seen = sorted(both(&person, 5, NEW, &[NEW; 5], false).await?);
    ensure!(seen == (vec![0, 1, 2, 3, 4], vec![0, 1, 2]), "up: {seen:?}");
    let seen = sorted(both(&person, 3, OLD, &[OLD; 3], false).await?);
    ensure!(seen == (vec![0, 1, 2], vec![0, 1, 2, 3, 4]), "down: {seen:?}");
    person.patch(&partition(2))?;
    let seen = sorted(both(&person, 4, NEW, &[OLD, OLD, NEW, NEW], false).await?);
    ensure!(seen == (vec![2, 3], vec![2]), "up to a partition: {seen:?}");
    person.leave().await;
    Ok(())
}

/// Another number of pods and another image, in one change; which pods were made, and were gone, until there are `images`.
async fn both(
    person: &Person<'_>,
    count: u32,
    image: &str,
    images: &[&str],
    ordered: bool,
) -> Result<(Vec<u32>, Vec<u32>), Error> {
    let there = person.pods()?.len();
    let observer = Observer::start(person.client.clone(), &person.namespace, ordered).await?;
    let change = json!([
        { "op": "replace", "path": "/spec/replicas", "value": count },
        { "op": "replace", "path": "/spec/template/spec/containers/0/image", "value": image },
    ]);
    person.kubectl(&["patch", "statefulset", "web", "--type=json", "-p", &change.to_string()])?;
    person.until_images(&images.join(" ")).await?;
    person.until_ready(count).await?;
    let (made, ended) = observer.finish()?;
    // Those that were there already were seen first.
    Ok((made[there..].to_vec(), ended))
}

/// e2e "should perform canary updates and phased rolling updates of template modifications".
pub(crate) async fn canary() -> Result<(), Error> {
    let person = Person::at_work("canary").await?;
    person.create(|text| text)?;
    person.until_ready(3).await?;
    let pods = person.pods()?;
    person.patch(&partition(3))?;
    person.image(NEW)?;
    person.until_ready(3).await?;
    ensure!(person.pods()? == pods, "a partition of 3 leaves all three alone");
    person.patch(&partition(2))?;
    person.until_images(&[OLD, OLD, NEW].join(" ")).await?;
    person.until_ready(3).await?;
    person.kubectl(&["delete", "pod", "web-0", "web-2"])?;
    person.until_images(&[OLD, OLD, NEW].join(" ")).await?;
    person.until_ready(3).await?;
    for (below, images) in [(1, [OLD, NEW, NEW]), (0, [NEW, NEW, NEW])] {
        person.patch(&partition(below))?;
        person.until_images(&images.join(" ")).await?;
        person.until_ready(3).await?;
    }
    until_complete(&person).await?;
    person.leave().await;
    Ok(())
}

/// integration `TestDeletingPodForRollingUpdatePartition`, and e2e "for partiton1 and delete pod-0 with failing container".
pub(crate) async fn partition_keeps() -> Result<(), Error> {
    let person = Person::at_work("partition").await?;
    person.create(|text| text.replace("replicas: 3", "replicas: 2"))?;
    person.until_ready(2).await?;
    person.patch(&partition(1))?;
    person.image(NEW)?;
    person.until_images(&[OLD, NEW].join(" ")).await?;
    person.until_ready(2).await?;
    let before = person.field("pod/web-0", ".metadata.uid")?;
    let evicted = format!("{}={{\"isEvicted\":true}}", petset_kube::envtest::Kubelet::PROGRAM);
    person.kubectl(&["annotate", "pod", "web-0", &evicted])?;
    let uid = ["get", "pod", "web-0", "-o=jsonpath={.metadata.uid}"];
    person.until(&uid, |uid| !uid.is_empty() && uid != before).await?;
    person.until_ready(2).await?;
    person.until_images(&[OLD, NEW].join(" ")).await?;
    person.leave().await;
    Ok(())
}

/// e2e "should implement legacy replacement when the update strategy is OnDelete"; that it completes is a difference on
/// purpose.
pub(crate) async fn on_delete() -> Result<(), Error> {
    let person = Person::at_work("on-delete").await?;
    person.create(|text| text.replace("replicas: 3", "replicas: 2"))?;
    person.until_ready(2).await?;
    let pods = person.pods()?;
    person.patch(&json!({ "spec": { "updateStrategy": { "type": "OnDelete", "rollingUpdate": null } } }))?;
    person.image(NEW)?;
    person.until_ready(2).await?;
    ensure!(person.pods()? == pods, "a pod was replaced");
    person.kubectl(&["delete", "pod", "web-1"])?;
    person.until_images(&[OLD, NEW].join(" ")).await?;
    person.until_ready(2).await?;
    ensure!(person.pods()?[0] == pods[0], "more was replaced than was deleted");
    person.kubectl(&["delete", "pod", "web-0"])?;
    person.until_images(&[NEW, NEW].join(" ")).await?;
    until_complete(&person).await?;
    person.leave().await;
    Ok(())
}

/// `kubectl rollout status`, `history` and `undo`. That an undo to where the set is already is skipped shows that the
/// revision has the bytes that Kubernetes compares.
pub(crate) async fn kubectl() -> Result<(), Error> {
    let person = Person::at_work("rollout").await?;
    let note = "      labels:\n        app: nginx\n      annotations:\n        note: \"a < b && c > d\"\n    spec:";
    let causes = "metadata:\n  name: web\n  annotations:\n    kubernetes.io/change-cause: first\nspec:";
    let change = |text: String| {
        text.replace("      labels:\n        app: nginx\n    spec:", note)
            .replace("metadata:\n  name: web\nspec:", causes)
    };
    person.create(change)?;
    let status = ["rollout", "status", "statefulset/web", "--timeout=90s"];
    let told = person.kubectl(&status)?;
    ensure!(told.ends_with("roll out complete: 3 new pods have been updated...\n"), "{told}");
    person.kubectl(&["annotate", "statefulset/web", "kubernetes.io/change-cause=second", "--overwrite"])?;
    person.image(NEW)?;
    let told = person.kubectl(&status)?;
    ensure!(told.ends_with("roll out complete: 3 new pods have been updated...\n"), "{told}");
    let history = person.kubectl(&["rollout", "history", "statefulset/web"])?;
    let numbers: Vec<&str> = history.lines().filter_map(|line| line.split_whitespace().next()).collect();
    ensure!(numbers.ends_with(&["1", "2"]), "{history}");
    let first = person.kubectl(&["rollout", "history", "statefulset/web", "--revision=1"])?;
    ensure!(first.contains(OLD) && first.contains("a < b && c > d"), "{first}");
    let skipped = person.kubectl(&["rollout", "undo", "statefulset/web", "--to-revision=2"])?;
    ensure!(skipped.contains("skipped rollback"), "{skipped}");
    let undone = person.kubectl(&["rollout", "undo", "statefulset/web"])?;
    ensure!(undone == "statefulset.apps/web rolled back\n", "{undone}");
    person.kubectl(&status)?;
    person.until_images(&[OLD; 3].join(" ")).await?;
    let history = person.kubectl(&["rollout", "history", "statefulset/web"])?;
    let numbers: Vec<&str> = history.lines().filter_map(|line| line.split_whitespace().next()).collect();
    ensure!(numbers.ends_with(&["2", "3"]), "{history}");
    person.kubectl(&["rollout", "restart", "statefulset/web"])?;
    person.kubectl(&status)?;
    until_complete(&person).await?;
    let revisions = person.json("controllerrevisions")?;
    let cause = |number: u64| {
        let mut items = revisions["items"].as_array().into_iter().flatten();
        let found = items.find(|item| item["revision"] == number);
        found.map(|item| item["metadata"]["annotations"]["kubernetes.io/change-cause"].clone())
    };
    ensure!(cause(3) == Some(json!("first")) && cause(2) == Some(json!("second")), "{revisions}");
    person.leave().await;
    Ok(())
}
