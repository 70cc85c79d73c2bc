//! Revisions as `ControllerRevision`s, in the form that Kubernetes' own sets give them.

use kube::Api;
use kube::api::{DeleteParams, ListParams, Patch, PatchParams, Preconditions};
use petset_core::spec::PodTemplate;
use petset_core::store::Revision;
use petset_core::{Error, ErrorKind, Result, RevisionName, SetKey, SetUid, Timestamp};
use serde_json::{Value, json};

use super::record::RevisionRecord;
use crate::client::{Connection, Failure};
use crate::meta::{self, OwnerKind};

/// When a revision was first seen, more exactly than the server knows.
const CREATED_AT: &str = "petset.rs/created-at";

/// Of a template that replaces what was there as a whole.
const WHOLE: (&str, &str) = ("$patch", "replace");

/// The revisions of a namespace's sets.
#[derive(Clone)]
pub(super) struct Revisions {
    client: Connection,
    api: Api<RevisionRecord>,
    owner: OwnerKind,
}

impl Revisions {
    pub(super) fn of(client: &Connection, owner: OwnerKind, set: &SetKey) -> Self {
        Self { client: client.clone(), api: client.namespaced(&set.namespace), owner }
    }

    /// Those of one life of a set, by ascending number.
    pub(super) async fn list(&self, set: &SetKey, uid: &SetUid) -> Result<Vec<Revision>> {
        let all = self.all(set, uid).await?;
        let mut revisions = all.iter().map(read).collect::<Result<Vec<_>>>()?;
        revisions.sort_by(|left, right| left.number.cmp(&right.number).then_with(|| left.name.cmp(&right.name)));
        Ok(revisions)
    }

    async fn all(&self, set: &SetKey, uid: &SetUid) -> Result<Vec<RevisionRecord>> {
        let parameters = ListParams::default().labels(&format!("{}={}", meta::SET, set.name));
        let listed = self.api.list(&parameters).await.map_err(|error| Failure::new("list revisions", error))?;
        Ok(listed.items.into_iter().filter(|revision| is_of(revision, uid)).collect())
    }

    /// Adds one, or gives a known one a new number.
    pub(super) async fn put(&self, set: &SetKey, uid: &SetUid, revision: &Revision) -> Result<()> {
        let operation = "put a revision";
        let failed = |failure: Failure| Error::from(failure).with_context("revision", &revision.name);
        let written = self.written(set, uid, revision);
        match self.client.create::<RevisionRecord>(operation, &set.namespace, &written).await {
            Ok(_) => return Ok(()),
            Err(failure) if failure.is_already_exists() => {}
            Err(failure) => return Err(failed(failure)),
        }
        let name = revision.name.as_str();
        let known = self.api.get(name).await.map_err(|error| failed(Failure::new(operation, error)))?;
        if !is_of(&known, uid) {
            return Err(Error::new(ErrorKind::AlreadyExists, operation)
                .with_context("revision", name)
                .with_message("a revision of this name belongs to another set"));
        }
        if u64::try_from(known.revision) == Ok(revision.number) {
            return Ok(());
        }
        let patch = json!({ "metadata": { "uid": known.metadata.uid }, "revision": revision.number });
        let patched = self.api.patch(name, &PatchParams::default(), &Patch::Merge(patch)).await;
        patched.map(drop).map_err(|error| failed(Failure::new(operation, error)))
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

    /// Removes one of this life, if it is there.
    pub(super) async fn delete(&self, uid: &SetUid, name: &RevisionName) -> Result<()> {
        let operation = "delete a revision";
        let found = self.api.get_opt(name.as_str()).await.map_err(|error| Failure::new(operation, error))?;
        match found.filter(|found| is_of(found, uid)) {
            Some(found) => self.remove(&found).await,
            None => Ok(()),
        }
    }

    /// Removes all of this life.
    pub(super) async fn clear(&self, set: &SetKey, uid: &SetUid) -> Result<()> {
        for revision in self.all(set, uid).await? {
            self.remove(&revision).await?;
        }
        Ok(())
    }

    async fn remove(&self, revision: &RevisionRecord) -> Result<()> {
        let preconditions = Some(Preconditions { uid: revision.metadata.uid.clone(), resource_version: None });
        let parameters = DeleteParams { preconditions, ..DeleteParams::default() };
        let name = revision.metadata.name.as_deref().unwrap_or_default();
        match self.api.delete(name, &parameters).await.map_err(|error| Failure::new("delete a revision", error)) {
            Ok(_) => Ok(()),
            Err(failure) if failure.is_not_found() || failure.is_conflict() => Ok(()),
            Err(failure) => Err(Error::from(failure).with_context("revision", name)),
        }
    }
}

fn is_of(revision: &RevisionRecord, uid: &SetUid) -> bool {
    meta::controller(&revision.metadata).as_ref() == Some(uid)
}

fn read(revision: &RevisionRecord) -> Result<Revision> {
    let name = revision.metadata.name.as_deref().unwrap_or_default();
    let corrupt = |problem: String| {
        Error::new(ErrorKind::Corrupt, "read a revision").with_context("revision", name).with_message(problem)
    };
    let mut written = revision.data["spec"]["template"].clone();
    let fields = written.as_object_mut().ok_or_else(|| corrupt("it has no template".to_owned()))?;
    fields.remove(WHOLE.0);
    let template: PodTemplate = serde_json::from_value(written).map_err(|error| corrupt(error.to_string()))?;
    let exactly = revision.metadata.annotations.as_ref().and_then(|annotations| annotations.get(CREATED_AT));
    let exactly = exactly.and_then(|text| serde_json::from_value::<Timestamp>(json!(text)).ok());
    let about = || revision.metadata.creation_timestamp.as_ref().map_or(Timestamp::default(), meta::timestamp);
    Ok(Revision {
        name: RevisionName::new(name),
        number: u64::try_from(revision.revision).map_err(|_negative| corrupt("its number is negative".to_owned()))?,
        created_at: exactly.unwrap_or_else(about),
        template,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_template_is_named() {
        let mut revision = RevisionRecord { revision: 1, ..RevisionRecord::default() };
        revision.metadata.name = Some("web-1".to_owned());
        let error = read(&revision).expect_err("it has no template");
        assert_eq!(error.kind(), ErrorKind::Corrupt);
        assert!(error.to_string().contains("web-1"), "{error}");
    }
}
