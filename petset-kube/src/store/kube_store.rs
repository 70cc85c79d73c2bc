//! [`KubeStore`].

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use petset_core::backend::WatchStream;
use petset_core::spec::{ConfigObject, ConfigObjectKind, PetSet};
use petset_core::status::{PetSetStatus, Started};
use petset_core::store::{Cascade, Deletion, GoneSet, Revision, SetStore, StoredSet};
use petset_core::{ClaimUid, Ordinal, Result, RevisionName, SetKey, SetUid, Timestamp, Version};

use super::objects::Objects;
use super::revision::Revisions;
use super::sets::{Sets, not_found};
use super::watch;
use crate::cache::{Cache, Scope};
use crate::client::Connection;
use crate::pods::PodView;
use crate::resource::{KeptSet, PetSets, SetKind, SetRecord, given_up};
use crate::volumes::ClaimRecord;

/// Sets of one kind as resources of a cluster. Clones are handles of the same.
#[derive(Debug, Clone)]
pub struct KubeStore<K: SetKind = PetSets> {
    sets: Sets<K>,
    revisions: Revisions<K>,
    objects: Objects,
    pods: Arc<PodView>,
    claims: Arc<Cache<ClaimRecord>>,
}

impl<K: SetKind> KubeStore<K> {
    pub(crate) fn new(
        client: Connection,
        scope: Scope,
        pods: Arc<PodView>,
        claims: Arc<Cache<ClaimRecord>>,
        objects: Objects,
    ) -> Self {
        let revisions = Revisions::new(client.clone(), scope.clone());
        Self { sets: Sets::new(client, scope), revisions, objects, pods, claims }
    }

    /// The view of the sets.
    pub(crate) fn view(&self) -> Arc<Cache<SetRecord<K>>> {
        Arc::clone(&self.sets.cache)
    }

    /// For how long one of the views has not been whole.
    pub(crate) fn blind_for(&self) -> Duration {
        self.sets.cache.blind_for().max(self.revisions.blind_for()).max(self.objects.blind_for())
    }

    /// The pets that ran on claims which are gone, and all of these were given up.
    async fn forgotten(&self, known: &KeptSet<K>, started: &Started) -> Result<Vec<Ordinal>> {
        let given_up = given_up(started, known.record().metadata.annotations.as_ref());
        let named: BTreeSet<Ordinal> = given_up.iter().map(|(ordinal, ..)| *ordinal).collect();
        let mut forgotten = Vec::new();
        for ordinal in named {
            let mut gone = Vec::new();
            for (template, uid) in started.claims(ordinal) {
                if self.is_gone(&known.record().key(), ordinal, template, uid).await? {
                    gone.push((ordinal, template, uid));
                }
            }
            if !gone.is_empty() && gone.iter().all(|gone| given_up.contains(gone)) {
                forgotten.push(ordinal);
            }
        }
        Ok(forgotten)
    }

    /// Whether the server has no such claim any more. A view that does not show it is no proof.
    async fn is_gone(&self, set: &SetKey, ordinal: Ordinal, template: &str, uid: &ClaimUid) -> Result<bool> {
        let key = (set.namespace.to_string(), set.claim_name(template, ordinal));
        if self.claims.get(&key.0, &key.1).await?.is_some_and(|found| found.claim_uid == *uid) {
            return Ok(false);
        }
        Ok(self.claims.look(&key).await?.is_none_or(|found| found.claim_uid != *uid))
    }
}

#[async_trait]
impl<K: SetKind> SetStore for KubeStore<K> {
    async fn list(&self) -> Result<Vec<SetKey>> {
        self.sets.list().await
    }

    /// None: the cluster ends what has no owner any more.
    async fn gone(&self) -> Result<Vec<GoneSet>> {
        Ok(Vec::new())
    }

    /// A set that cannot be read says so in its status from then on. A pet that ran on a claim which was given up and is gone
    /// is not known to have run.
    async fn get(&self, key: &SetKey) -> Result<Option<StoredSet>> {
        let Some(known) = self.sets.known(key).await? else {
            self.pods.forget(key);
            return Ok(None);
        };
        let mut stored = match known.stored() {
            Ok(stored) => stored,
            Err(error) => {
                self.sets.refuse(&known, &error).await;
                return Err(error);
            }
        };
        for ordinal in self.forgotten(&known, &stored.status.started).await? {
            stored.status.started.remove(ordinal);
        }
        if let Some(deletion) = &mut stored.deletion
            && deletion.cascade == Cascade::Ordered
            && self.revisions.are_orphans(&known).await?
        {
            deletion.cascade = Cascade::Orphan;
        }
        Ok(Some(stored))
    }

    async fn create(&self, set: PetSet, _now: Timestamp) -> Result<StoredSet> {
        self.sets.create(&set).await?.stored()
    }

    async fn update(&self, key: &SetKey, version: &Version, set: PetSet) -> Result<StoredSet> {
        self.sets.update(key, version, &set).await?.stored()
    }

    async fn mark_deleted(&self, key: &SetKey, version: &Version, deletion: Deletion) -> Result<StoredSet> {
        self.sets.mark_deleted(key, version, deletion).await
    }

    async fn update_status(&self, key: &SetKey, version: &Version, status: PetSetStatus) -> Result<Version> {
        let base = self.sets.base(key, version).await?;
        if base.changes_tickets(&status)? && !self.pods.is_as_new_as(key, version, base.selector()).await? {
            return Err(base.decided_on_old_pods());
        }
        self.sets.update_status(&base, &status).await
    }

    async fn remove(&self, key: &SetKey, version: &Version) -> Result<()> {
        self.sets.remove(key, version, |uid| async move { self.revisions.clear(key, &uid).await }).await?;
        self.pods.forget(key);
        Ok(())
    }

    async fn revisions(&self, key: &SetKey, uid: &SetUid) -> Result<Vec<Revision>> {
        let known = self.sets.known(key).await?.filter(|known| known.record().uid() == *uid);
        // What a set leaves as orphans is the next one's of the name; what the cluster makes orphans now is not.
        if let Some(known) = known.as_ref().filter(|known| !known.record().is_marked())
            && self.revisions.has_orphans(known).await?
            && self.sets.is_alive(key, uid).await?
        {
            self.revisions.adopt(known).await?;
        }
        let revisions = self.revisions.list(key, uid).await?;
        // Whoever replaces a set as a whole takes off what others have put on it.
        if K::FINALIZER.is_some()
            && let Some(known) = &known
            && !revisions.is_empty()
            && !known.record().is_marked()
            && !known.record().has_finalizer()
        {
            match self.sets.hold(known.record()).await {
                // What is decided on this version comes to nothing either, and the next pass sees the next one.
                Err(error) if error.is_conflict() => {}
                held => drop(held?),
            }
        }
        Ok(revisions)
    }

    async fn put_revision(&self, key: &SetKey, uid: &SetUid, revision: Revision) -> Result<()> {
        let known = self.sets.known(key).await?.filter(|known| known.record().uid() == *uid);
        let known = known.ok_or_else(|| not_found("put a revision", key))?;
        if known.record().is_marked() {
            // Nothing starts any more, and what there is tells how the end was asked for.
            return Ok(());
        }
        // The first revision comes before the first pod: from then on the set must not go without us.
        if K::FINALIZER.is_some() && !known.record().has_finalizer() {
            self.sets.hold(known.record()).await?;
        }
        if K::SHARES_REVISIONS {
            self.revisions.check_all_known(&known, &self.pods.revisions(key)).await?;
        }
        self.revisions.put(&known, &revision, self.sets.is_alive(key, uid)).await
    }

    async fn delete_revision(&self, key: &SetKey, uid: &SetUid, name: &RevisionName) -> Result<()> {
        self.revisions.delete(key, uid, name).await
    }

    async fn objects(&self, namespace: &str) -> Result<Vec<ConfigObject>> {
        self.objects.list(namespace).await
    }

    async fn put_object(&self, object: ConfigObject) -> Result<()> {
        self.objects.put(&object).await
    }

    async fn delete_object(&self, namespace: &str, kind: ConfigObjectKind, name: &str) -> Result<bool> {
        self.objects.delete(namespace, kind, name).await
    }

    fn watch(&self) -> WatchStream {
        watch::watch(&self.sets.cache, self.revisions.watch(), self.objects.watch())
    }
}
