//! What an embedder does with sets as resources, by kube's own means.

use std::time::Duration;

use kube::api::{DeleteParams, PostParams};
use kube::runtime::wait::{await_condition, conditions};
use kube::{Api, ResourceExt};
use petset_core::manifest::Manifest;
use petset_core::spec;
use petset_kube::resource::PetSet;
use tokio::time::timeout;

use crate::person::{Person, names};
use crate::{Error, ensure};

/// How long a level is waited for.
const PATIENCE: Duration = Duration::from_secs(90);

/// A set that is made by the typed `Api` comes up, its status can be read, and what is replaced loses nothing.
pub(crate) async fn sets() -> Result<(), Error> {
    let person = Person::at_work("typed").await?;
    let sets: Api<PetSet> = Api::namespaced(person.client.clone(), &person.namespace);
    let declared = Manifest::parse(include_str!("petset.yaml"))?.sets.remove(0);
    let mut set = PetSet::try_from(declared.clone())?;
    set.metadata.namespace = Some(person.namespace.clone());
    sets.create(&PostParams::default(), &set).await?;
    let mut set = until_ready(&sets, 2).await?;
    let status = set.status.clone().unwrap_or_default();
    ensure!(status.selector.as_deref() == Some("app=nginx"), "{status:?}");
    ensure!(status.conditions.iter().any(|condition| condition.kind == "Available"), "{status:?}");
    let read = spec::PetSet::from(set.clone());
    ensure!(read.spec == declared.spec, "{:?} is not {:?}", read.spec, declared.spec);

    let pods = person.pods()?;
    set.spec.replicas = Some(3);
    let replaced = sets.replace("web", &PostParams::default(), &set).await?;
    ensure!(replaced.finalizers() == set.finalizers() && !set.finalizers().is_empty(), "{:?}", replaced.metadata);
    ensure!(replaced.status == set.status, "{:?}", replaced.status);
    until_ready(&sets, 3).await?;
    ensure!(person.pods()?[..2] == pods, "something was restarted");

    let uid = set.uid().unwrap_or_default();
    sets.delete("web", &DeleteParams::default()).await?;
    timeout(PATIENCE, await_condition(sets, "web", conditions::is_deleted(&uid))).await??;
    ensure!(names(&person.pods()?).is_empty(), "{:?}", person.pods()?);
    person.leave().await;
    Ok(())
}

/// Waits until the set has so many pods, all ready, and has written that.
async fn until_ready(sets: &Api<PetSet>, count: u32) -> Result<PetSet, Error> {
    let is_ready = |set: Option<&PetSet>| {
        let status = set.and_then(|set| set.status.as_ref());
        status.is_some_and(|status| (status.replicas, status.ready_replicas) == (count, count))
    };
    let found = timeout(PATIENCE, await_condition(sets.clone(), "web", is_ready)).await??;
    found.ok_or_else(|| "the set is gone".into())
}
