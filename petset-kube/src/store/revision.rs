//! Revisions as `ControllerRevision`s, in the form that Kubernetes' own sets give them.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use kube::Api;
use kube::api::{DeleteParams, ListParams, Patch, PatchParams, Preconditions};
use petset_core::backend::WatchStream;
use petset_core::status::PetSetStatus;
use petset_core::store::Revision;
use petset_core::{Error, ErrorKind, Result, RevisionName, SetKey, SetUid};
use serde_json::json;

use super::ends::Ends;
use super::record::{KeptRevision, Orphan, RevisionRecord};
use crate::cache::{Cache, Ended, Record, Scope};
use crate::client::{Connection, Failure};
use crate::meta;
use crate::resource::{KeptSet, SetKind};

/// How often revisions that somebody else keeps changing are looked at again in one pass.
const TRIES: usize = 3;

/// The revisions of sets. Clones share one view of them.
#[derive(Debug, Clone)]
pub(super) struct Revisions<K: SetKind> {
    client: Connection,
    cache: Arc<Cache<RevisionRecord<K>>>,
    ended: Arc<Ended>,
    orphans: Arc<Ends>,
}

impl<K: SetKind> Revisions<K> {
    pub(super) fn new(client: Connection, scope: Scope) -> Self {
        let cache = Arc::new(Cache::new(client.clone(), scope));
        Self { client, cache, ended: Arc::default(), orphans: Arc::default() }
    }

    /// For how long the view has not been whole.
    pub(super) fn blind_for(&self) -> Duration {
        self.cache.blind_for()
    }

    /// Hints about sets that may take a revision which nobody owns.
    pub(super) fn watch(&self) -> WatchStream {
        self.cache.watch()
    }

    fn api(&self, set: &SetKey) -> Api<RevisionRecord<K>> {
        self.client.namespaced(&set.namespace)
    }

    /// Those of one life of a set, by ascending number.
    pub(super) async fn list(&self, set: &SetKey, uid: &SetUid) -> Result<Vec<Revision>> {
        let mut revisions = Vec::new();
        for (name, known) in self.all(set, uid).await? {
            let corrupt = |problem| {
                Error::new(ErrorKind::Corrupt, "read a revision").with_context("revision", name).with_message(problem)
            };
            revisions.push(known.revision().map_err(corrupt)?);
        }
        // Of two of the same number, the later one is the newer.
        let place = |revision: &Revision| (revision.number, revision.created_at, revision.name.clone());
        revisions.sort_by_cached_key(place);
        Ok(revisions)
    }

    /// Whether some are its own by label and name, and nobody's by owner.
    pub(super) async fn has_orphans(&self, set: &KeptSet<K>) -> Result<bool> {
        Ok(!self.orphans_of(set).await?.is_empty())
    }

    async fn orphans_of(&self, set: &KeptSet<K>) -> Result<Vec<(String, KeptRevision)>> {
        let key = set.record().key();
        let is_orphan = |name: &str, known: Option<&KeptRevision>| {
            let known = known.filter(|known| !self.ended.has(&known.uid));
            let orphan = known.and_then(|known| known.orphan.as_ref());
            name.rsplit_once('-').is_some_and(|(of, _)| *of == *key.name)
                && orphan.is_some_and(|orphan| set.selects(&orphan.labels))
        };
        self.cache.list(&key.namespace, &format!("{}-", key.name), is_orphan).await
    }

    /// Takes those for this life of a set. Where one is gone or has changed meanwhile, it is read and looked at again.
    pub(super) async fn adopt(&self, set: &KeptSet<K>) -> Result<()> {
        for _ in 0..TRIES {
            let orphans = self.orphans_of(set).await?;
            if orphans.is_empty() {
                break;
            }
            for (name, known) in orphans {
                self.adopt_one(set, name, known).await?;
            }
        }
        Ok(())
    }

    async fn adopt_one(&self, set: &KeptSet<K>, name: String, known: KeptRevision) -> Result<()> {
        let (key, uid) = (set.record().key(), set.record().uid());
        let others = known.orphan.map(|orphan| orphan.others).unwrap_or_default();
        let patch = json!({ "metadata": {
            "uid": known.uid,
            "resourceVersion": known.version,
            "ownerReferences": meta::references(K::OWNER, &key, Some(&uid), &others),
        } });
        let patched = self.api(&key).patch(&name, &PatchParams::default(), &Patch::Merge(patch)).await;
        match patched.map_err(|error| Failure::new("adopt a revision", error)) {
            Ok(adopted) => self.cache.wrote(&adopted),
            Err(failure) if failure.is_not_found() || failure.is_conflict() || failure.is_invalid() => {
                self.cache.look(&(key.namespace.to_string(), name)).await?;
            }
            Err(failure) => return Err(Error::from(failure).with_context("revision", name)),
        }
        Ok(())
    }

    async fn all(&self, set: &SetKey, uid: &SetUid) -> Result<Vec<(String, KeptRevision)>> {
        let is_of = |_: &str, known: Option<&KeptRevision>| known.is_none_or(|known| self.is_of(known, uid));
        self.cache.list(&set.namespace, &format!("{}-", set.name), is_of).await
    }

    fn is_of(&self, known: &KeptRevision, uid: &SetUid) -> bool {
        known.owner.as_ref() == Some(uid) && !self.ended.has(&known.uid)
    }

    /// Adds one, or gives a known one a new number. One of the same template that nobody owns, as orphaning leaves it, is
    /// adopted if this life of the set `is_alive`: else the cluster is making it an orphan.
    ///
    /// # Errors
    /// `AlreadyExists` when somebody else has the name.
    pub(super) async fn put(
        &self,
        life: &KeptSet<K>,
        revision: &Revision,
        is_alive: impl Future<Output = Result<bool>>,
    ) -> Result<()> {
        let operation = "put a revision";
        let (set, uid) = (&life.record().key(), &life.record().uid());
        let failed = |failure: Failure| Error::from(failure).with_context("revision", &revision.name);
        let written = K::revision(life.record(), uid, revision)?;
        match self.client.create_text::<RevisionRecord<K>>(operation, &set.namespace, written.clone()).await {
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
        let is_own = |orphan: &Orphan| found.is_marked(set) || life.selects(&orphan.labels);
        // By value: somebody else may have written it, with other words for the same.
        let is_adopted = known.orphan.as_ref().is_some_and(is_own)
            && known.revision().is_ok_and(|known| known.template == revision.template);
        if known.owner.as_ref() != Some(uid) && !is_adopted {
            return Err(Error::new(ErrorKind::AlreadyExists, operation)
                .with_context("revision", name)
                .with_message("a revision of this name belongs to somebody else"));
        }
        if is_adopted && !is_alive.await? {
            return Err(Error::new(ErrorKind::Conflict, operation)
                .with_context("set", set)
                .with_message("the set is being deleted"));
        }
        if !is_adopted && u64::try_from(found.revision) == Ok(revision.number) {
            self.cache.wrote(&found);
            return Ok(());
        }
        let mut patch = json!({ "metadata": { "uid": known.uid }, "revision": revision.number });
        if is_adopted {
            patch["metadata"]["resourceVersion"] = json!(known.version);
            patch["metadata"]["ownerReferences"] =
                meta::references(K::OWNER, set, Some(uid), &meta::others(&found.metadata));
            if let Some(label) = K::REVISION_LABEL {
                patch["metadata"]["labels"] = json!({ label: set.name });
            }
        }
        let patched = self.api(set).patch(name, &PatchParams::default(), &Patch::Merge(patch)).await;
        let patched = patched.map_err(|error| failed(Failure::new(operation, error)))?;
        self.cache.wrote(&patched);
        Ok(())
    }

    /// Reads the revisions of a set from the server where some may not be known: another controller was at work last, or
    /// the status or one of `pods` names one that is not known.
    ///
    /// # Errors
    /// `Conflict` when there are others than were known: somebody else may have made the one that is missed.
    pub(super) async fn check_all_known(&self, life: &KeptSet<K>, pods: &BTreeSet<RevisionName>) -> Result<()> {
        let (key, uid) = (life.record().key(), life.record().uid());
        let before = self.versions(life, &key, &uid).await?;
        let is_known = |name: &RevisionName| before.iter().any(|(known, _)| **known == *name.as_str());
        if are_all_known(K::is_ours(life.record()), &life.stored()?.status, pods, is_known) {
            return Ok(());
        }
        self.cache.read_again(&key.namespace, Some(&K::revision_selector(life)), |_| false).await?;
        if self.versions(life, &key, &uid).await? == before {
            return Ok(());
        }
        Err(Error::new(ErrorKind::Conflict, "put a revision")
            .with_context("set", key)
            .with_message("somebody else has written revisions of the set meanwhile"))
    }

    /// Which revisions are known of a set, its own and nobody's, in which versions.
    async fn versions(&self, life: &KeptSet<K>, key: &SetKey, uid: &SetUid) -> Result<BTreeSet<(String, String)>> {
        let (own, orphans) = (self.all(key, uid).await?, self.orphans_of(life).await?);
        Ok(own.into_iter().chain(orphans).map(|(name, known)| (name, known.version)).collect())
    }

    /// Whether the cluster has taken the revisions of this life, which is to be deleted, from it, as it does with all that
    /// orphans leave before it takes its own mark off the set. Nothing else tells of that mark afterwards. Asked of the
    /// server once: a life has one end.
    pub(super) async fn are_orphans(&self, life: &KeptSet<K>) -> Result<bool> {
        let (set, uid) = (&life.record().key(), &life.record().uid());
        if let Some(known) = self.orphans.of(uid) {
            return Ok(known);
        }
        let listed = self.api(set).list(&ListParams::default().labels(&K::revision_selector(life))).await;
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

/// Whether nothing tells of a revision of a set that is not known: nobody else has written its status since we did, or at
/// all, and whatever its status and its pods name is known. Another controller that made one and came to nothing else is not
/// told of; then the set has two of one template, and no pod of the other one.
fn are_all_known(
    is_ours: bool,
    status: &PetSetStatus,
    pods: &BTreeSet<RevisionName>,
    is_known: impl Fn(&RevisionName) -> bool,
) -> bool {
    let is_new = status.observed_generation == 0;
    (is_ours || is_new) && pods.iter().chain(&status.current_revision).chain(&status.update_revision).all(is_known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s16_what_somebody_else_may_have_written_is_asked_for() {
        let known = |name: &RevisionName| name.as_str() == "web-1";
        let are_all_known = |is_ours, generation, current: &str, pod: &str| {
            let status = PetSetStatus {
                observed_generation: generation,
                current_revision: Some(current).filter(|name| !name.is_empty()).map(RevisionName::from),
                ..PetSetStatus::default()
            };
            let pods = [pod].into_iter().filter(|name| !name.is_empty()).map(RevisionName::from).collect();
            are_all_known(is_ours, &status, &pods, known)
        };
        assert!(are_all_known(false, 0, "", ""), "a new set");
        assert!(are_all_known(true, 1, "web-1", "web-1"), "a set of ours");
        assert!(!are_all_known(false, 1, "web-1", "web-1"), "another controller has worked on it");
        assert!(!are_all_known(true, 1, "web-2", "web-1"), "the status tells of one more");
        assert!(!are_all_known(true, 1, "web-1", "web-2"), "a pod tells of one more");
        assert!(!are_all_known(false, 0, "", "web-2"), "a set that nobody knows has a pod");
    }
}
