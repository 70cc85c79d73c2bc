//! What `kubectl rollout` does for Kubernetes' own kinds, by the commands that do it for a `PetSet`, and what the definition
//! refuses.

use serde_json::{Value, json};

use crate::person::Person;
use crate::{Error, ensure};

/// Waits as `kubectl rollout status` does.
fn wait(person: &Person) -> Result<(), Error> {
    let waited = person.kubectl(&["wait", "petset/web", "--for=condition=Progressing=False", "--timeout=120s"])?;
    ensure!(waited == "petset.petset.rs/web condition met\n", "{waited}");
    Ok(())
}

/// The revisions by name, from the first to the last.
fn history(person: &Person) -> Result<Vec<String>, Error> {
    let names = "-o=jsonpath={range .items[*]}{.metadata.name} {end}";
    let listed =
        person.kubectl(&["get", "controllerrevisions", "-l=petset.rs/set=web", "--sort-by=.revision", names])?;
    Ok(listed.split_whitespace().map(str::to_owned).collect())
}

/// The revision of every pod, and that of the set.
fn revisions(person: &Person) -> Result<Vec<String>, Error> {
    let of_pods = "-o=jsonpath={range .items[*]}{.metadata.labels.controller-revision-hash} {end}";
    let pods = person.kubectl(&["get", "pods", of_pods])?;
    let set = person.field("petset/web", ".status.updateRevision")?;
    Ok(pods.split_whitespace().map(str::to_owned).chain([set]).collect())
}

pub(crate) async fn commands() -> Result<(), Error> {
    let person = Person::at_work("rollout").await?;
    person.create(|text| text)?;
    wait(&person)?;
    let [first] = history(&person)?.try_into().map_err(|names| format!("{names:?}"))?;
    ensure!(revisions(&person)? == [&first, &first, &first].map(String::from), "{:?}", revisions(&person)?);

    let before = person.uids("pods")?;
    let template =
        json!({ "metadata": { "annotations": { "kubectl.kubernetes.io/restartedAt": "2026-01-02T03:04:05Z" } } });
    person.patch(&json!({ "spec": { "template": template } }))?;
    wait(&person)?;
    let restarted = person.uids("pods")?;
    let is_new = |((_, old), (_, new)): (&(String, String), &(String, String))| old != new;
    ensure!(before.len() == 2 && before.iter().zip(&restarted).all(is_new), "{before:?}, and then {restarted:?}");
    let [of_before, second] = history(&person)?.try_into().map_err(|names| format!("{names:?}"))?;
    ensure!(of_before == first, "{of_before} is not {first}");
    ensure!(revisions(&person)? == [&second, &second, &second].map(String::from), "{:?}", revisions(&person)?);

    let mut revision: Value =
        serde_json::from_str(&person.kubectl(&["get", "controllerrevision", &first, "-o=json"])?)?;
    let mut template = revision["data"]["spec"]["template"].take();
    template.as_object_mut().ok_or("there is no template")?.remove("$patch");
    let undo = json!([{ "op": "replace", "path": "/spec/template", "value": template }]).to_string();
    person.kubectl(&["patch", "petset", "web", "--type=json", "-p", &undo])?;
    wait(&person)?;
    ensure!(revisions(&person)? == [&first, &first, &first].map(String::from), "{:?}", revisions(&person)?);
    ensure!(history(&person)? == [second, first], "{:?}", history(&person)?);
    person.leave().await;
    Ok(())
}

/// Two containers of one name are refused at once: the definition tells them apart by it.
pub(crate) async fn twins() -> Result<(), Error> {
    let person = Person::at_work("twins").await?;
    let twice = |text: String| {
        let container = "      containers:\n";
        text.replace(container, &format!("{container}      - name: nginx\n        image: other:1\n"))
    };
    let refused = person.create(twice).err().map(|error| error.to_string()).unwrap_or_default();
    ensure!(refused.contains("spec.template.spec.containers[1]: Duplicate value"), "{refused}");
    person.leave().await;
    Ok(())
}
