//! That nothing happens when nothing is to do, and that both kinds of set live side by side.

use petset_core::{Controller, Engine, EngineOptions, SetKey};
use petset_kube::cluster::Cluster;

use crate::person::{Person, names};
use crate::{Error, ensure};

/// integration `TestVolumeTemplateNoopUpdate`: what was declared before is taken again and changes nothing.
pub(crate) async fn noop_update() -> Result<(), Error> {
    let person = Person::at_work("noop").await?;
    let text = include_str!("web.yaml");
    person.apply("apply", text)?;
    person.until_ready(3).await?;
    let (pods, revisions) = (person.pods()?, person.revisions()?);
    let generation = person.field("statefulset/web", ".metadata.generation")?;
    person.apply("apply", text)?;
    let replaced = person.apply("replace", text.split_once("---\n").map_or(text, |(_, set)| set))?;
    ensure!(replaced == "statefulset.apps/web replaced\n", "{replaced}");
    ensure!(person.field("statefulset/web", ".metadata.generation")? == generation, "the generation changed");
    person.patch(&serde_json::json!({ "spec": { "replicas": 4 } }))?;
    person.until_ready(4).await?;
    ensure!(person.pods()?[..3] == pods[..] && person.revisions()? == revisions, "something was restarted");
    person.leave().await;
    Ok(())
}

/// unit `TestStatefulSetStatusUpdate` and `AvailableReplicas`: at goal, nothing is written, whatever the server leaves out of
/// the status that it was told.
pub(crate) async fn quiet() -> Result<(), Error> {
    let mut person = Person::at_work("quiet").await?;
    person.create(|text| text.replace("replicas: 3", "replicas: 2"))?;
    person.until_ready(2).await?;
    let progressing = ".status.conditions[?(@.type==\"Progressing\")].reason";
    person.until_field("statefulset/web", progressing, "Complete").await?;
    person.end().await;
    let version = || person.field("statefulset/web", ".metadata.resourceVersion");
    let engine = Engine::new(person.cluster.clone().into(), EngineOptions::default());
    let key = SetKey::new(person.namespace.as_str(), "web");
    // The first pass of an engine may still say what the last one had no time for.
    drop(engine.pass(&key).await?);
    let before = version()?;
    for _ in 0..20 {
        let pass = engine.pass(&key).await?;
        ensure!(!pass.status_written && pass.outcomes.is_empty() && !pass.again, "{pass:?}");
    }
    ensure!(version()? == before, "the set was written");
    person.leave().await;
    Ok(())
}

/// One program, a controller for each kind, one view of pods and claims.
pub(crate) async fn both_kinds() -> Result<(), Error> {
    let person = Person::arrive(crate::world::the_world().await?, "both-kinds").await?;
    let cluster = Cluster::builder(crate::account::account(&person.world.server).await?.client()?)
        .namespace(person.namespace.as_str())
        .open();
    let native = Controller::new(cluster.stateful_sets()).spawn();
    let own = Controller::new(cluster).spawn();
    person.create(|text| text.replace("replicas: 3", "replicas: 2"))?;
    let pet_set = include_str!("../walkthroughs/petset.yaml").split_once("---\n").map_or("", |(_, set)| set);
    person.apply("create", &pet_set.replace("name: web\nspec", "name: pet\nspec"))?;
    person.until_ready(2).await?;
    person.until_field("petset/pet", ".status.readyReplicas", "2").await?;
    ensure!(names(&person.pods()?) == ["pet-0", "pet-1", "web-0", "web-1"], "{:?}", person.pods()?);
    let owners = person.field("pods", ".items[*].metadata.ownerReferences[*].kind")?;
    ensure!(owners == "PetSet PetSet StatefulSet StatefulSet", "{owners}");
    person.kubectl(&["delete", "petset/pet", "statefulset/web", "--timeout=60s"])?;
    person.until(&["get", "pods", "-o=name"], str::is_empty).await?;
    own.shutdown().await;
    native.shutdown().await;
    person.leave().await;
    Ok(())
}
