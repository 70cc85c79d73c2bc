//! A running set goes from `kube-controller-manager` to us, back, and to us again, and nobody notices.

use petset_kube::envtest::{Controllers, Server};
use serde_json::Value;

use crate::person::Person;
use crate::world::World;
use crate::{Error, ensure};

const OLD: &str = "nginx-slim:0.8";
const NEW: &str = "nginx-slim:0.9";

/// What must not change hands: uids of pods and claims, and revisions with their data.
type Seen = (Vec<(String, String)>, Vec<(String, String)>, Vec<Value>);

fn seen(person: &Person<'_>) -> Result<Seen, Error> {
    Ok((person.pods()?, person.claims()?, person.revisions()?))
}

/// Makes the set one larger, so that whoever works on it has looked at all of it, and compares.
async fn grow(person: &Person<'_>, before: &Seen) -> Result<(), Error> {
    let count = before.0.len();
    person.kubectl(&["scale", "statefulset/web", &format!("--replicas={}", count + 1)])?;
    person.until_ready(u32::try_from(count)? + 1).await?;
    let (pods, claims, revisions) = seen(person)?;
    ensure!(pods[..count] == before.0[..], "a pod was restarted: {:?}, now {pods:?}", before.0);
    ensure!(claims[..count] == before.1[..], "a claim was replaced: {:?}, now {claims:?}", before.1);
    ensure!(revisions == before.2, "revisions changed: {:?}, now {revisions:?}", before.2);
    Ok(())
}

async fn update(person: &Person<'_>, image: &str) -> Result<(), Error> {
    person.image(image)?;
    let count: usize = person.field("statefulset/web", ".spec.replicas")?.parse()?;
    person.until_images(&vec![image; count].join(" ")).await?;
    person.until_ready(u32::try_from(count)?).await?;
    let both = "-o=jsonpath={.status.currentRevision} {.status.updateRevision}";
    let is_same = |printed: &str| printed.split_once(' ').is_some_and(|(current, update)| current == update);
    person.until(&["get", "statefulset/web", both], is_same).await.map(drop)
}

/// Waits until our controller is at rest, and says in which term of ours.
async fn until_at_rest(person: &Person<'_>) -> Result<Value, Error> {
    let term = person.until_ours().await?["term"].clone();
    let progressing = ".status.conditions[?(@.type==\"Progressing\")].reason";
    person.until_field("statefulset/web", progressing, "Complete").await?;
    ensure!(
        person.until_ours().await?["term"] == term && term.is_string(),
        "{term} is not a term, or not the only one"
    );
    Ok(term)
}

fn theirs(server: &Server) -> Result<Controllers, Error> {
    Ok(Controllers::start(server, &["statefulset"])?)
}

pub(crate) async fn there_and_back() -> Result<(), Error> {
    let world = World::make().await?;
    let mut person = Person::arrive(&world, "handover").await?;
    let note = "      labels:\n        app: nginx\n      annotations:\n        note: \"a < b && c > d\"\n    spec:";

    let kubernetes = theirs(&world.server)?;
    person.create(|text| text.replace("      labels:\n        app: nginx\n    spec:", note))?;
    person.until_ready(3).await?;
    update(&person, NEW).await?;
    let before = seen(&person)?;
    ensure!(before.2.len() == 2, "{:?}", before.2);
    drop(kubernetes);

    person.begin();
    let first = until_at_rest(&person).await?;
    ensure!(seen(&person)? == before, "{before:?}, now {:?}", seen(&person)?);
    grow(&person, &before).await?;
    // Back to the revision that they made, and on to one that we make.
    update(&person, OLD).await?;
    ensure!(person.revisions()?.len() == 2, "a roll back made a revision: {:?}", person.revisions()?);
    update(&person, "nginx-slim:1.0").await?;
    let ours = seen(&person)?;
    ensure!(ours.2.len() == 3, "{:?}", ours.2);
    person.end().await;

    let kubernetes = theirs(&world.server)?;
    grow(&person, &ours).await?;
    let left = person.field("statefulset/web", ".status.conditions")?;
    ensure!(left.is_empty(), "they keep conditions: {left}");
    // Back to one that we made, under their hands.
    update(&person, NEW).await?;
    update(&person, "nginx-slim:1.0").await?;
    let theirs = seen(&person)?;
    ensure!(theirs.2.len() == 3, "a roll back made a revision: {:?}", theirs.2);
    drop(kubernetes);

    person.begin();
    let second = until_at_rest(&person).await?;
    ensure!(second != first, "it is still in term {first}");
    ensure!(seen(&person)? == theirs, "{theirs:?}, now {:?}", seen(&person)?);
    grow(&person, &theirs).await?;
    person.leave().await;
    Ok(())
}
