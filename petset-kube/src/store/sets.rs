//! Sets as resources: each write on the version that it was decided on.

use std::sync::Arc;

use kube::Api;
use kube::api::{DeleteParams, ListParams, Patch, PatchParams, PostParams, Preconditions, PropagationPolicy};
use petset_core::spec::PetSet;
use petset_core::status::PetSetStatus;
use petset_core::store::{Cascade, Deletion, StoredSet};
use petset_core::{Error, ErrorKind, Result, SetKey, Version};
use serde_json::{Map, Value, json};

use crate::cache::{Cache, Scope};
use crate::client::{Connection, Failure};
use crate::resource::{SetKind, SetRecord, StatusRequest, declaration};

/// The sets of a cluster.
#[derive(Debug, Clone)]
pub(super) struct Sets<K: SetKind> {
    pub(super) client: Connection,
    pub(super) scope: Scope,
    pub(super) cache: Arc<Cache<SetRecord<K>>>,
}

impl<K: SetKind> Sets<K> {
    fn api(&self, key: &SetKey) -> Api<SetRecord<K>> {
        self.client.namespaced(&key.namespace)
    }

    pub(super) async fn list(&self) -> Result<Vec<SetKey>> {
        let api: Api<SetRecord<K>> = self.scope.api(&self.client);
        let listed = api.list_metadata(&ListParams::default()).await;
        let listed = listed.map_err(|error| Failure::new("list sets", error))?;
        let ours = |finalizers: &Option<Vec<String>>| {
            finalizers.iter().flatten().any(|name| Some(name.as_str()) == K::FINALIZER)
        };
        let mut keys: Vec<SetKey> = listed
            .items
            .into_iter()
            .map(|item| item.metadata)
            .filter(|meta| meta.deletion_timestamp.is_none() || ours(&meta.finalizers))
            .map(|meta| SetKey::new(meta.namespace.unwrap_or_default(), meta.name.unwrap_or_default()))
            .collect();
        keys.sort();
        Ok(keys)
    }

    /// One set, unless it is over as far as we are concerned.
    pub(super) async fn get(&self, key: &SetKey) -> Result<Option<SetRecord<K>>> {
        let found = self.api(key).get_opt(&key.name).await;
        let found = found.map_err(|error| failed("read a set", key, error))?.filter(|found| !found.is_over());
        if let Some(found) = &found {
            self.cache.saw(found);
        }
        Ok(found)
    }

    /// One set in this version.
    async fn exactly(&self, key: &SetKey, version: &Version, operation: &'static str) -> Result<SetRecord<K>> {
        let found = self.get(key).await?.ok_or_else(|| not_found(operation, key))?;
        if found.version() == *version {
            return Ok(found);
        }
        Err(Error::new(ErrorKind::Conflict, operation)
            .with_context("set", key)
            .with_message(format!("it was decided on version {version}, and the newest is {}", found.version())))
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

    pub(super) async fn update_status(
        &self,
        key: &SetKey,
        version: &Version,
        status: &PetSetStatus,
    ) -> Result<SetRecord<K>> {
        let known = self.cache.peek(&key.namespace, &key.name);
        let request = K::status_request(key, version, status, known.as_ref())?;
        let written = match &request {
            StatusRequest::Replace(record) => {
                let record: SetRecord<K> = serde_json::from_value(record.clone()).expect("a status is JSON");
                self.api(key).replace_status(&key.name, &parameters(), &record).await
            }
            StatusRequest::Patch(patch) => {
                self.api(key).patch_status(&key.name, &patch_parameters(), &Patch::Merge(patch)).await
            }
        };
        let written = written.map_err(|error| failed("update the status of a set", key, error))?;
        self.cache.wrote(&written);
        K::check_written(&request, &written)?;
        Ok(written)
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
        clear: impl FnOnce(petset_core::SetUid) -> F,
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
        if !patched.is_over() {
            self.cache.wrote(&patched);
        }
        Ok(patched)
    }
}

fn parameters() -> PostParams {
    PostParams { field_manager: Some("petset".to_owned()), ..PostParams::default() }
}

fn patch_parameters() -> PatchParams {
    PatchParams { field_manager: Some("petset".to_owned()), ..PatchParams::default() }
}

fn with_ours<K: SetKind>(mut finalizers: Vec<Value>) -> Vec<Value> {
    finalizers.retain(|name| name.as_str() != K::FINALIZER);
    finalizers.extend(K::FINALIZER.map(|name| json!(name)));
    finalizers
}

fn failed(operation: &'static str, key: &SetKey, error: kube::Error) -> Error {
    Error::from(Failure::new(operation, error)).with_context("set", key)
}

pub(super) fn not_found(operation: &'static str, key: &SetKey) -> Error {
    Error::new(ErrorKind::NotFound, operation).with_context("set", key).with_message("there is no set of this name")
}

/// The merge patch (RFC 7386) that makes `after` of `before`; `None` when they are equal.
fn difference(before: &Value, after: &Value) -> Option<Value> {
    match (before, after) {
        (before, after) if before == after => None,
        (Value::Object(before), Value::Object(after)) => {
            let mut patch = Map::new();
            for (key, after) in after {
                if let Some(change) = difference(before.get(key).unwrap_or(&Value::Null), after) {
                    patch.insert(key.clone(), change);
                }
            }
            for key in before.keys().filter(|key| !after.contains_key(*key)) {
                patch.insert(key.clone(), Value::Null);
            }
            Some(Value::Object(patch))
        }
        (_, after) => Some(after.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_says_only_what_changes() {
        let before = json!({ "replicas": 3, "gone": 1, "template": { "image": "a", "name": "x" }, "list": [1, 2] });
        let after = json!({ "replicas": 5, "template": { "image": "b", "name": "x" }, "list": [1], "new": {} });
        let patch = json!({ "replicas": 5, "gone": null, "template": { "image": "b" }, "list": [1], "new": {} });
        assert_eq!(difference(&before, &after), Some(patch));
        assert_eq!(difference(&after, &after), None);
        assert_eq!(difference(&json!({ "a": "b" }), &Value::Null), Some(Value::Null));
    }
}
