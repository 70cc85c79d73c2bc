//! Revisions as `ControllerRevision`s, in the form that Kubernetes' own sets give them.

use std::marker::PhantomData;

use kube::Api;
use kube::api::{DeleteParams, ListParams, Patch, PatchParams, Preconditions};
use petset_core::spec::PodTemplate;
use petset_core::store::Revision;
use petset_core::{Error, ErrorKind, Result, RevisionName, SetKey, SetUid, Timestamp};
use serde_json::json;

use super::record::RevisionRecord;
use crate::client::{Connection, Failure};
use crate::meta;
use crate::resource::{CREATED_AT, KeptSet, SetKind, SetRecord, WHOLE, without_nulls};

/// The revisions of one set.
#[derive(Clone)]
pub(super) struct Revisions<K> {
    client: Connection,
    api: Api<RevisionRecord>,
    /// The labels that they have.
    selector: String,
    kind: PhantomData<K>,
}

impl<K: SetKind> Revisions<K> {
    pub(super) fn of(client: &Connection, set: &SetKey, known: Option<&KeptSet>) -> Self {
        let selector = K::revision_selector(set, known);
        Self { client: client.clone(), api: client.namespaced(&set.namespace), selector, kind: PhantomData }
    }

    /// Those of one life of a set, by ascending number. Where its kind does so, the life takes what is nobody's, if `lives`
    /// says that it still is.
    pub(super) async fn list(
        &self,
        set: &SetKey,
        uid: &SetUid,
        lives: impl Future<Output = Result<bool>>,
    ) -> Result<Vec<Revision>> {
        let (mut all, others) = self.split(uid).await?;
        let orphans: Vec<RevisionRecord> = others.into_iter().filter(|revision| is_orphan_of(revision, set)).collect();
        if K::ADOPTS_REVISIONS && !orphans.is_empty() && lives.await? {
            for orphan in &orphans {
                all.extend(self.adopt(set, uid, orphan).await?);
            }
        }
        // Of two of the same number, the later one is the newer.
        all.sort_by_key(|revision| revision.metadata.creation_timestamp.as_ref().map(meta::timestamp));
        let mut revisions = all.iter().map(read).collect::<Result<Vec<_>>>()?;
        revisions.sort_by_key(|revision| revision.number);
        Ok(revisions)
    }

    /// Those of one life, and the others with the same labels.
    async fn split(&self, uid: &SetUid) -> Result<(Vec<RevisionRecord>, Vec<RevisionRecord>)> {
        let parameters = ListParams::default().labels(&self.selector);
        let listed = self.api.list(&parameters).await.map_err(|error| Failure::new("list revisions", error))?;
        Ok(listed.items.into_iter().partition(|revision| is_of(revision, uid)))
    }

    /// Takes one that is nobody's; `None` when it is gone or changed meanwhile, so that the next look tells.
    async fn adopt(&self, set: &SetKey, uid: &SetUid, orphan: &RevisionRecord) -> Result<Option<RevisionRecord>> {
        let meta = &orphan.metadata;
        let patch = json!({ "metadata": {
            "uid": meta.uid,
            "resourceVersion": meta.resource_version,
            "ownerReferences": meta::references(K::OWNER, set, Some(uid), &meta::others(meta)),
        } });
        let name = meta.name.as_deref().unwrap_or_default();
        let patched = self.api.patch(name, &PatchParams::default(), &Patch::Merge(patch)).await;
        match patched.map_err(|error| Failure::new("adopt a revision", error)) {
            Ok(adopted) => Ok(Some(adopted)),
            Err(failure) if failure.is_not_found() || failure.is_conflict() || failure.is_invalid() => Ok(None),
            Err(failure) => Err(Error::from(failure).with_context("revision", name)),
        }
    }

    /// Adds one, or gives a known one a new number.
    pub(super) async fn put(&self, set: &SetRecord<K>, uid: &SetUid, revision: &Revision) -> Result<()> {
        let operation = "put a revision";
        let failed = |failure: Failure| Error::from(failure).with_context("revision", &revision.name);
        let written = K::revision(set, uid, revision)?;
        let namespace = set.key().namespace;
        match self.client.create_text::<RevisionRecord>(operation, &namespace, written).await {
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
    pub(super) async fn clear(&self, uid: &SetUid) -> Result<()> {
        for revision in self.split(uid).await?.0 {
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

/// Whether a revision is nobody's, and named as one of the set's: `<set>-<hash>`.
fn is_orphan_of(revision: &RevisionRecord, set: &SetKey) -> bool {
    let meta = &revision.metadata;
    let name = meta.name.as_deref().and_then(|name| name.rsplit_once('-')).map(|(of, _)| of);
    name == Some(&*set.name) && meta::controller(meta).is_none() && meta.deletion_timestamp.is_none()
}

fn read(revision: &RevisionRecord) -> Result<Revision> {
    let name = revision.metadata.name.as_deref().unwrap_or_default();
    let corrupt = |problem: String| {
        Error::new(ErrorKind::Corrupt, "read a revision").with_context("revision", name).with_message(problem)
    };
    let mut written = revision.data["spec"]["template"].clone();
    let fields = written.as_object_mut().ok_or_else(|| corrupt("it has no template".to_owned()))?;
    fields.remove(WHOLE.0);
    let mut template: PodTemplate = serde_json::from_value(written).map_err(|error| corrupt(error.to_string()))?;
    without_nulls(&mut template.metadata);
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
    fn s16_what_versions_write_differently_makes_no_other_template() {
        let with = |metadata: serde_json::Value| {
            let template =
                json!({ "$patch": "replace", "metadata": metadata, "spec": { "dnsPolicy": "ClusterFirst" } });
            let revision = json!({ "metadata": { "name": "web-1" }, "data": { "spec": { "template": template } },
                "revision": 1 });
            read(&serde_json::from_value(revision).expect("a revision")).expect("it can be read")
        };
        // Until Kubernetes 1.33, and since.
        let before = with(json!({ "creationTimestamp": null, "labels": { "app": "a" } }));
        assert_eq!(before, with(json!({ "labels": { "app": "a" } })));
        assert_ne!(before, with(json!({ "labels": { "app": "b" } })));
    }

    #[test]
    fn what_is_no_template_is_named() {
        let mut revision = RevisionRecord { revision: 1, ..RevisionRecord::default() };
        revision.metadata.name = Some("web-1".to_owned());
        let error = read(&revision).expect_err("it has no template");
        assert_eq!(error.kind(), ErrorKind::Corrupt);
        assert!(error.to_string().contains("web-1"), "{error}");
    }
}
