//! Changing one set: scale, patch, restart, roll back, pause, delete.

use serde_json::Value;

use super::{IntoKey, Sets};
use crate::PAUSED;
use crate::error::{Error, ErrorKind, Result};
use crate::names::SetKey;
use crate::spec::{ConfigObject, ConfigObjectKind, PetSet};
use crate::store::{Cascade, Deletion, Revision};

/// The annotation that a restart puts on the template, so that it is a revision of its own.
const RESTARTED_AT: &str = "petset.rs/restartedAt";

impl Sets {
    /// Sets the number of pets.
    ///
    /// # Errors
    /// [`ErrorKind::Invalid`] naming `spec.replicas` when the number or the last ordinal is too large.
    pub async fn scale(&self, key: impl IntoKey, replicas: u32) -> Result<()> {
        let key = key.into_key()?;
        let replicas = i32::try_from(replicas).map_err(|_| {
            Error::new(ErrorKind::Invalid, "scale a set")
                .with_context("set", &key)
                .with_message(format!("spec.replicas: `{replicas}`: must be at most {}", i32::MAX))
        })?;
        self.change(&key, |_, set| {
            set.spec.replicas = Some(replicas);
            Ok(())
        })
        .await
    }

    /// Applies a JSON merge patch (RFC 7386) to the set as in a manifest, for example
    /// `{"spec":{"replicas":3}}`. `null` removes a field, which then has its default.
    ///
    /// # Errors
    /// Those of [`apply`](Self::apply); name and namespace cannot be patched.
    pub async fn patch(&self, key: impl IntoKey, patch: &Value) -> Result<()> {
        let key = key.into_key()?;
        let wrong = |message: String| {
            Error::new(ErrorKind::Invalid, "patch a set").with_context("set", &key).with_message(message)
        };
        self.change(&key, |_, set| {
            let mut value = serde_json::to_value(&*set).map_err(|error| wrong(error.to_string()))?;
            merge(&mut value, patch);
            let patched: PetSet = serde_path_to_error::deserialize(value)
                .map_err(|error| wrong(format!("{}: {}", error.path(), error.inner())))?;
            if patched.key() != key {
                return Err(wrong("metadata.name and metadata.namespace cannot be patched".to_owned()));
            }
            *set = patched;
            Ok(())
        })
        .await
    }

    /// Replaces every pod under the update strategy, although the template stays as it is.
    pub async fn restart(&self, key: impl IntoKey) -> Result<()> {
        let now = self.shared.engine.now().to_string();
        self.change(&key.into_key()?, |_, set| {
            set.spec.template.metadata.annotations.insert(RESTARTED_AT.to_owned(), now.clone());
            Ok(())
        })
        .await
    }

    /// Brings back the template of a revision by its number, or of the one before the newest.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] when the history has no such revision; the message names those that it has.
    pub async fn rollback(&self, key: impl IntoKey, number: Option<u64>) -> Result<()> {
        let key = key.into_key()?;
        let known = self.history(&key).await?;
        let wanted = match number {
            Some(number) => known.iter().find(|revision| revision.number == number),
            None => known.len().checked_sub(2).map(|at| &known[at]),
        };
        let template =
            wanted.map(|revision| revision.template.clone()).ok_or_else(|| no_revision(&key, number, &known))?;
        self.change(&key, |_, set| {
            set.spec.template = template.clone();
            Ok(())
        })
        .await
    }

    /// Holds everything about the set until [`resume`](Self::resume): no pod is created, replaced or removed.
    pub async fn pause(&self, key: impl IntoKey) -> Result<()> {
        self.change(&key.into_key()?, |_, set| {
            set.metadata.annotations.insert(PAUSED.to_owned(), "true".to_owned());
            Ok(())
        })
        .await
    }

    /// Ends [`pause`](Self::pause).
    pub async fn resume(&self, key: impl IntoKey) -> Result<()> {
        self.change(&key.into_key()?, |_, set| {
            set.metadata.annotations.remove(PAUSED);
            Ok(())
        })
        .await
    }

    /// Asks for the set's end. `Cascade::Ordered` ends its pods from the highest ordinal down, `Cascade::Orphan` leaves
    /// them running for a set that adopts them. Volumes go only where the retention policy says so.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] when there is no such set.
    pub async fn delete(&self, key: impl IntoKey, cascade: Cascade) -> Result<()> {
        let key = key.into_key()?;
        loop {
            let stored = self.require(&key).await?;
            let deletion = Deletion { cascade, requested_at: self.shared.engine.now() };
            match self.backends().store.mark_deleted(&key, &stored.version, deletion).await {
                Ok(_) => break,
                Err(error) if error.is_conflict() => tokio::task::yield_now().await,
                Err(error) => return Err(error),
            }
        }
        self.shared.queue.add(key);
        Ok(())
    }

    /// Adds or replaces a service, config map or secret. Running pods keep what they have read.
    pub async fn put_object(&self, object: ConfigObject) -> Result<()> {
        self.backends().store.put_object(object).await
    }

    /// Removes a service, config map or secret; false when there was none.
    pub async fn delete_object(&self, namespace: &str, kind: ConfigObjectKind, name: &str) -> Result<bool> {
        self.backends().store.delete_object(namespace, kind, name).await
    }
}

fn no_revision(key: &SetKey, number: Option<u64>, known: &[Revision]) -> Error {
    let numbers: Vec<String> = known.iter().map(|revision| revision.number.to_string()).collect();
    let wanted = number.map_or("the one before the newest".to_owned(), |number| format!("number {number}"));
    Error::new(ErrorKind::NotFound, "find a revision")
        .with_context("set", key)
        .with_message(format!("{wanted} is not in the history, which has: {}", numbers.join(", ")))
}

fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = Value::Object(serde_json::Map::new());
    }
    let Value::Object(target) = target else { return };
    for (name, value) in patch {
        if value.is_null() {
            target.remove(name);
        } else {
            merge(target.entry(name.as_str()).or_insert(Value::Null), value);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_merge_patch_sets_replaces_and_removes() {
        let mut value = json!({"a": {"b": 1, "c": 2}, "d": [1, 2]});
        merge(&mut value, &json!({"a": {"b": null, "e": {"f": 3}}, "d": [3]}));
        assert_eq!(value, json!({"a": {"c": 2, "e": {"f": 3}}, "d": [3]}));
    }
}
