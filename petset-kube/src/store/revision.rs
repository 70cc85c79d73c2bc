//! Revisions as `ControllerRevision`s, in the form that Kubernetes' own sets give them.

use std::sync::Arc;

use kube::Api;
use kube::api::{DeleteParams, ListParams, Patch, PatchParams, Preconditions};
use petset_core::store::Revision;
use petset_core::{Error, ErrorKind, Result, RevisionName, SetKey, SetUid};
use serde_json::{Value, json};

use super::ends::Ends;
use super::record::{CREATED_AT, KeptRevision, RevisionRecord, WHOLE};
use crate::cache::{Cache, Ended, Record, Scope};
use crate::client::{Connection, Failure};
use crate::meta::{self, OwnerKind};

/// The revisions of sets. Clones share one view of them.
#[derive(Debug, Clone)]
pub(super) struct Revisions {
    client: Connection,
    owner: OwnerKind,
    cache: Arc<Cache<RevisionRecord>>,
    ended: Arc<Ended>,
    orphans: Arc<Ends>,
}

impl Revisions {
    pub(super) fn new(client: Connection, owner: OwnerKind, scope: Scope) -> Self {
        let cache = Arc::new(Cache::new(client.clone(), scope));
        Self { client, owner, cache, ended: Arc::default(), orphans: Arc::default() }
    }

    fn api(&self, set: &SetKey) -> Api<RevisionRecord> {
        self.client.namespaced(&set.namespace)
    }

    /// Those of one life of a set, by ascending number.
    pub(super) async fn list(&self, set: &SetKey, uid: &SetUid) -> Result<Vec<Revision>> {
        let mut revisions = Vec::new();
        for (name, known) in self.all(set, uid).await? {
            let corrupt = |problem| {
                Error::new(ErrorKind::Corrupt, "read a revision").with_context("revision", name).with_message(problem)
            };
            revisions.push(Revision::clone(&*known.revision.map_err(corrupt)?));
        }
        revisions.sort_by(|left, right| left.number.cmp(&right.number).then_with(|| left.name.cmp(&right.name)));
        Ok(revisions)
    }

    async fn all(&self, set: &SetKey, uid: &SetUid) -> Result<Vec<(String, KeptRevision)>> {
        let is_of = |_: &str, known: Option<&KeptRevision>| known.is_none_or(|known| self.is_of(known, uid));
        self.cache.list(&set.namespace, &format!("{}-", set.name), is_of).await
    }

    fn is_of(&self, known: &KeptRevision, uid: &SetUid) -> bool {
        known.owner.as_ref() == Some(uid) && !self.ended.has(&known.uid)
    }

    /// Adds one, or gives a known one a new number. One of the same template that nobody owns, as orphaning leaves it, is
    /// adopted.
    pub(super) async fn put(&self, set: &SetKey, uid: &SetUid, revision: &Revision) -> Result<()> {
        let operation = "put a revision";
        let failed = |failure: Failure| Error::from(failure).with_context("revision", &revision.name);
        let written = self.written(set, uid, revision);
        match self.client.create::<RevisionRecord>(operation, &set.namespace, &written).await {
            Ok(made) => {
                self.cache.wrote(&made);
                return Ok(());
            }
            Err(failure) if failure.is_already_exists() => {}
            Err(failure) => return Err(failed(failure)),
        }
        let name = revision.name.as_str();
        let found = self.api(set).get(name).await.map_err(|error| failed(Failure::new(operation, error)))?;
        let corrupt =
            |problem| Error::new(ErrorKind::Corrupt, operation).with_context("revision", name).with_message(problem);
        let known = found.keep().map_err(corrupt)?;
        let is_adopted = known.owner.is_none() && found.is_marked(set) && found.data == written["data"];
        if known.owner.as_ref() != Some(uid) && !is_adopted {
            return Err(Error::new(ErrorKind::AlreadyExists, operation)
                .with_context("revision", name)
                .with_message("a revision of this name belongs to another set"));
        }
        if !is_adopted && u64::try_from(found.revision) == Ok(revision.number) {
            self.cache.wrote(&found);
            return Ok(());
        }
        let mut patch = json!({ "metadata": { "uid": known.uid }, "revision": revision.number });
        if is_adopted {
            patch["metadata"]["resourceVersion"] = json!(known.version);
            patch["metadata"]["ownerReferences"] =
                meta::references(self.owner, set, Some(uid), &meta::others(&found.metadata));
        }
        let patched = self.api(set).patch(name, &PatchParams::default(), &Patch::Merge(patch)).await;
        let patched = patched.map_err(|error| failed(Failure::new(operation, error)))?;
        self.cache.wrote(&patched);
        Ok(())
    }

    fn written(&self, set: &SetKey, uid: &SetUid, revision: &Revision) -> Value {
        let Revision { name, number, created_at, template } = revision;
        let mut template_written = serde_json::to_value(template).expect("a template is JSON");
        template_written[WHOLE.0] = json!(WHOLE.1);
        let mut labels = template.metadata.labels.clone();
        labels.insert(meta::SET.to_owned(), set.name.to_string());
        json!({
            "apiVersion": "apps/v1",
            "kind": "ControllerRevision",
            "metadata": {
                "name": name,
                "namespace": set.namespace,
                "labels": labels,
                "annotations": { CREATED_AT: created_at.to_string() },
                "ownerReferences": [self.owner.reference(set, uid)],
            },
            "revision": number,
            "data": { "spec": { "template": template_written } },
        })
    }

    /// Whether the cluster has taken the revisions of this life, which is to be deleted, from it, as it does with all that
    /// orphans leave before it takes its own mark off the set. Nothing else tells of that mark afterwards. Asked of the
    /// server once: a life has one end.
    pub(super) async fn are_orphans(&self, set: &SetKey, uid: &SetUid) -> Result<bool> {
        if let Some(known) = self.orphans.of(uid) {
            return Ok(known);
        }
        let labels = format!("{}={}", meta::SET, set.name);
        let listed = self.api(set).list(&ListParams::default().labels(&labels)).await;
        let listed = listed.map_err(|error| Failure::new("list revisions", error))?;
        let owners: Vec<Option<SetUid>> =
            listed.items.iter().map(|revision| meta::controller(&revision.metadata)).collect();
        let are_orphans = owners.contains(&None) && !owners.iter().any(|owner| owner.as_ref() == Some(uid));
        self.orphans.remember(uid, are_orphans);
        Ok(are_orphans)
    }

    /// Removes one of this life, if it is there.
    ///
    /// # Errors
    /// `Conflict` when it has another number by now: somebody may have gone back to it.
    pub(super) async fn delete(&self, set: &SetKey, uid: &SetUid, name: &RevisionName) -> Result<()> {
        let known = self.cache.get(&set.namespace, name.as_str()).await?;
        match known.filter(|known| self.is_of(known, uid)) {
            Some(known) => self.remove(set, name.as_str(), &known).await,
            None => Ok(()),
        }
    }

    /// Removes all of this life.
    pub(super) async fn clear(&self, set: &SetKey, uid: &SetUid) -> Result<()> {
        for (name, known) in self.all(set, uid).await? {
            self.remove(set, &name, &known).await?;
        }
        self.orphans.forget(uid);
        Ok(())
    }

    async fn remove(&self, set: &SetKey, name: &str, known: &KeptRevision) -> Result<()> {
        let operation = "delete a revision";
        let preconditions =
            Some(Preconditions { uid: Some(known.uid.clone()), resource_version: Some(known.version.clone()) });
        let parameters = DeleteParams { preconditions, ..DeleteParams::default() };
        match self.api(set).delete(name, &parameters).await.map_err(|error| Failure::new(operation, error)) {
            Ok(_) => self.ended.add(&known.uid),
            Err(failure) if failure.is_not_found() => self.ended.add(&known.uid),
            Err(failure) if failure.is_conflict() => {
                let found = self.cache.look(&(set.namespace.to_string(), name.to_owned())).await?;
                if found.is_some_and(|found| found.uid == known.uid) {
                    return Err(Error::from(failure).with_context("revision", name));
                }
            }
            Err(failure) => return Err(Error::from(failure).with_context("revision", name)),
        }
        Ok(())
    }
}
