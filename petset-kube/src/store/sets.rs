//! Sets as resources: read from a view, each write on the version that it was decided on.

use std::sync::Arc;

use kube::Api;
use kube::api::{DeleteParams, Patch, PatchParams, PostParams, Preconditions, PropagationPolicy};
use petset_core::spec::PetSet;
use petset_core::status::PetSetStatus;
use petset_core::store::{Cascade, Deletion, StoredSet};
use petset_core::{Error, ErrorKind, Result, SetKey, SetUid, Timestamp, Version};
use serde_json::{Map, Value, json};

use super::base::{self, Base};
use super::refusal;
use crate::cache::{Cache, Ended, Scope};
use crate::client::{Connection, Failure};
use crate::merge::difference;
use crate::resource::{KeptSet, SetKind, SetRecord, declaration};

/// The sets of a cluster.
#[derive(Debug, Clone)]
pub(super) struct Sets<K: SetKind> {
    client: Connection,
    pub(super) cache: Arc<Cache<SetRecord<K>>>,
    ended: Arc<Ended>,
}

impl<K: SetKind> Sets<K> {
    pub(super) fn new(client: Connection, scope: Scope) -> Self {
        let cache = Arc::new(Cache::new(client.clone(), scope));
        Self { client, cache, ended: Arc::default() }
    }

    fn api(&self, key: &SetKey) -> Api<SetRecord<K>> {
        self.client.namespaced(&key.namespace)
    }

    pub(super) async fn list(&self) -> Result<Vec<SetKey>> {
        let all = self.cache.all().await?;
        let mut keys: Vec<SetKey> =
            all.iter().filter(|(_, known)| self.is_there(known)).map(|(_, known)| known.record().key()).collect();
        keys.sort();
        Ok(keys)
    }

    /// One set as it is known, unless it is over as far as we are concerned.
    pub(super) async fn known(&self, key: &SetKey) -> Result<Option<KeptSet<K>>> {
        let found = self.cache.get(&key.namespace, &key.name).await?;
        Ok(found.filter(|known| self.is_there(known)))
    }

    fn is_there(&self, known: &KeptSet<K>) -> bool {
        !known.record().is_over() && !self.ended.has(known.record().uid().as_str())
    }

    /// The set in the version that a status was decided on.
    ///
    /// # Errors
    /// `Conflict` when the newest version is another.
    pub(super) async fn base(&self, key: &SetKey, version: &Version) -> Result<Base<K>> {
        match self.known(key).await? {
            Some(known) if known.record().version() == *version => Ok(Base::new(known)),
            Some(known) if is_newer(&known.record().version(), version) => {
                Err(conflict(base::OPERATION, key, version, &known.record().version()))
            }
            Some(_) | None => Ok(Base::new(KeptSet::of(&self.exactly(key, version, base::OPERATION).await?))),
        }
    }

    /// One set as the server has it now, unless it is over as far as we are concerned.
    pub(super) async fn get(&self, key: &SetKey) -> Result<Option<SetRecord<K>>> {
        let found = self.api(key).get_opt(&key.name).await;
        let found = found.map_err(|error| failed("read a set", key, error))?.filter(|found| !found.is_over());
        if let Some(found) = &found {
            self.cache.saw(found);
        }
        Ok(found)
    }

    /// Whether this life of a set is there now, and nobody has asked for its end.
    pub(super) async fn is_alive(&self, key: &SetKey, uid: &SetUid) -> Result<bool> {
        Ok(self.get(key).await?.is_some_and(|found| found.uid() == *uid && !found.is_marked()))
    }

    /// One set in this version.
    async fn exactly(&self, key: &SetKey, version: &Version, operation: &'static str) -> Result<SetRecord<K>> {
        let found = self.get(key).await?.ok_or_else(|| not_found(operation, key))?;
        if found.version() == *version {
            return Ok(found);
        }
        Err(conflict(operation, key, version, &found.version()))
    }

    pub(super) async fn create(&self, set: &PetSet) -> Result<SetRecord<K>> {
        let key = set.key();
        let mut declared = declaration::<K>(set);
        if K::FINALIZER.is_some() {
            let finalizers = declared["metadata"]["finalizers"].as_array().cloned().unwrap_or_default();
            declared["metadata"]["finalizers"] = Value::Array(with_ours::<K>(finalizers));
        }
        let record: SetRecord<K> = serde_json::from_value(declared).map_err(|error| {
            Error::new(ErrorKind::Invalid, "create a set").with_context("set", &key).with_source(error)
        })?;
        let made = self.api(&key).create(&parameters(), &record).await;
        let made = made.map_err(|error| failed("create a set", &key, error))?;
        self.cache.wrote(&made);
        Ok(made)
    }

    pub(super) async fn update(&self, key: &SetKey, version: &Version, set: &PetSet) -> Result<SetRecord<K>> {
        let operation = "update the declaration of a set";
        if set.key() != *key {
            return Err(Error::new(ErrorKind::Invalid, operation)
                .with_context("set", key)
                .with_message(format!("the new declaration is of another set, {}", set.key())));
        }
        let found = self.exactly(key, version, operation).await?;
        let before = match found.stored() {
            Ok(stored) if stored.set == *set => return Ok(found),
            // Complete as the new one is, so that only what its author changed is a change.
            Ok(stored) => declaration::<K>(&stored.set),
            Err(_) => serde_json::to_value(&found).expect("a resource is JSON"),
        };
        let declared = declaration::<K>(set);
        let mut metadata = Map::new();
        for field in ["labels", "annotations"] {
            if let Some(change) = difference(&before["metadata"][field], &declared["metadata"][field]) {
                metadata.insert(field.to_owned(), change);
            }
        }
        metadata.insert("resourceVersion".to_owned(), json!(version));
        let mut patch = json!({ "metadata": metadata });
        if let Some(change) = difference(&before["spec"], &declared["spec"]) {
            patch["spec"] = change;
        }
        self.patch(key, operation, &patch).await
    }

    /// Writes what of the status is new, on the version of `base`. Where nothing is, the server still says whether that
    /// version is the newest.
    pub(super) async fn update_status(&self, base: &Base<K>, status: &PetSetStatus) -> Result<Version> {
        let patch = base.patch(status);
        let patched = self.patch_status(&base.key(), &patch).await?;
        K::check_written(&patch, &patched)?;
        Ok(patched.version())
    }

    /// Says in the status of a set why it is left alone. Best effort: whoever cannot write it says so elsewhere.
    pub(super) async fn refuse(&self, found: &KeptSet<K>, error: &Error) {
        let Some(status) = refusal::status(found.record(), error, Timestamp::now()) else { return };
        let key = found.record().key();
        if let Err(error) = self.patch_status(&key, &found.record().status_patch(&status)).await {
            tracing::debug!(set = %key, error = %error.chain(), "the status could not be written");
        }
    }

    async fn patch_status(&self, key: &SetKey, patch: &Value) -> Result<SetRecord<K>> {
        let patched = self.api(key).patch_status(&key.name, &patch_parameters(), &Patch::Merge(patch)).await;
        let patched = patched.map_err(|error| failed(base::OPERATION, key, error))?;
        self.cache.wrote(&patched);
        Ok(patched)
    }

    pub(super) async fn mark_deleted(&self, key: &SetKey, version: &Version, deletion: Deletion) -> Result<StoredSet> {
        let operation = "mark a set as deleted";
        let mut found = self.exactly(key, version, operation).await?;
        match (found.deletion().map(|deletion| deletion.cascade), deletion.cascade) {
            (None, _) | (Some(Cascade::Ordered), Cascade::Orphan) => {}
            (Some(_), _) => return found.stored(),
        }
        if K::FINALIZER.is_some() && !found.has_finalizer() {
            found = self.hold(&found).await?;
        }
        let parameters = DeleteParams {
            propagation_policy: Some(match deletion.cascade {
                Cascade::Ordered => PropagationPolicy::Background,
                Cascade::Orphan => PropagationPolicy::Orphan,
            }),
            preconditions: Some(Preconditions {
                uid: found.metadata.uid.clone(),
                resource_version: found.metadata.resource_version.clone(),
            }),
            ..DeleteParams::default()
        };
        let deleted = self.api(key).delete(&key.name, &parameters).await;
        let marked = deleted.map_err(|error| failed(operation, key, error))?.left();
        if K::FINALIZER.is_none() {
            // The cluster sees to the rest, and may have done so.
            self.ends(&found);
            return Ok(StoredSet { deletion: Some(deletion), ..found.stored()? });
        }
        // It waits for our finalizer, so that it is still there.
        let marked = match marked.filter(SetRecord::is_marked) {
            Some(marked) => marked,
            None => self.get(key).await?.ok_or_else(|| not_found(operation, key))?,
        };
        self.cache.wrote(&marked);
        marked.stored()
    }

    /// Makes sure that a set waits for us before it goes.
    pub(super) async fn hold(&self, found: &SetRecord<K>) -> Result<SetRecord<K>> {
        let finalizers: Vec<Value> = found.metadata.finalizers.iter().flatten().map(|name| json!(name)).collect();
        let patch = json!({ "metadata": {
            "resourceVersion": found.metadata.resource_version,
            "finalizers": with_ours::<K>(finalizers),
        } });
        self.patch(&found.key(), "put our finalizer on a set", &patch).await
    }

    /// Lets a set go that is marked as deleted and that `clear` has cleared up behind.
    pub(super) async fn remove<F: Future<Output = Result<()>>>(
        &self,
        key: &SetKey,
        version: &Version,
        clear: impl FnOnce(SetUid) -> F,
    ) -> Result<()> {
        let operation = "remove a set";
        let found = self.exactly(key, version, operation).await?;
        if !found.is_marked() {
            return Err(Error::new(ErrorKind::Invalid, operation)
                .with_context("set", key)
                .with_message("it is not marked as deleted"));
        }
        clear(found.uid()).await?;
        let rest = found.metadata.finalizers.iter().flatten();
        let rest: Vec<&String> = rest.filter(|name| Some(name.as_str()) != K::FINALIZER).collect();
        let patch = json!({ "metadata": { "resourceVersion": version, "finalizers": rest } });
        self.patch(key, operation, &patch).await.map(drop)
    }

    async fn patch(&self, key: &SetKey, operation: &'static str, patch: &Value) -> Result<SetRecord<K>> {
        let patched = self.api(key).patch(&key.name, &patch_parameters(), &Patch::Merge(patch)).await;
        let patched = patched.map_err(|error| failed(operation, key, error))?;
        self.cache.wrote(&patched);
        if patched.is_over() {
            self.ends(&patched);
        }
        Ok(patched)
    }

    /// The server may have forgotten a set, and the watch is still to say so.
    fn ends(&self, set: &SetRecord<K>) {
        self.ended.add(set.uid().as_str());
        let key = set.key();
        self.cache.changed(&key.namespace, &key.name, |_| {});
    }
}

fn patch_parameters() -> PatchParams {
    PatchParams { field_manager: Some("petset".to_owned()), ..PatchParams::default() }
}

fn parameters() -> PostParams {
    PostParams { field_manager: Some("petset".to_owned()), ..PostParams::default() }
}

fn with_ours<K: SetKind>(mut finalizers: Vec<Value>) -> Vec<Value> {
    finalizers.retain(|name| name.as_str() != K::FINALIZER);
    finalizers.extend(K::FINALIZER.map(|name| json!(name)));
    finalizers
}

/// Whether the server gave one version after another.
fn is_newer(one: &Version, other: &Version) -> bool {
    let number = |version: &Version| version.as_str().parse::<u64>().ok();
    number(one).zip(number(other)).is_some_and(|(one, other)| one > other)
}

fn conflict(operation: &'static str, key: &SetKey, version: &Version, newest: &Version) -> Error {
    Error::new(ErrorKind::Conflict, operation)
        .with_context("set", key)
        .with_message(format!("it was decided on version {version}, and the newest is {newest}"))
}

fn failed(operation: &'static str, key: &SetKey, error: kube::Error) -> Error {
    Error::from(Failure::new(operation, error)).with_context("set", key)
}

pub(super) fn not_found(operation: &'static str, key: &SetKey) -> Error {
    Error::new(ErrorKind::NotFound, operation).with_context("set", key).with_message("there is no set of this name")
}
