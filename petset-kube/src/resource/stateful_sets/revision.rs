//! The revisions of a `StatefulSet`, as `kubectl rollout` reads them and `kube-controller-manager` writes them: the server's
//! own text of the template, so that either finds its revisions again in what the other wrote.

use petset_core::spec::PodTemplate;
use petset_core::store::Revision;
use petset_core::{Error, ErrorKind, Result, SetUid};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{StatefulSets, bytes};
use crate::meta::{self, OwnerKind};
use crate::resource::{SetRecord, WHOLE, without_nulls};

/// Label of a revision: the end of its name.
const HASH: &str = "controller.kubernetes.io/hash";

/// A revision of the template that the set has now.
///
/// # Errors
/// `Conflict` when the set has another template by now.
pub(super) fn written(record: &SetRecord<StatefulSets>, uid: &SetUid, revision: &Revision) -> Result<String> {
    let Revision { name, number, created_at: _, template } = revision;
    let key = record.key();
    let mut now = record.spec.value()["template"].take();
    if read(&now).as_ref() != Some(template) {
        return Err(Error::new(ErrorKind::Conflict, "put a revision")
            .with_context("set", &key)
            .with_context("revision", name)
            .with_message("the set has another template by now"));
    }
    now[WHOLE.0] = json!(WHOLE.1);
    let mut labels = template.metadata.labels.clone();
    labels.insert(HASH.to_owned(), name.as_str().rsplit('-').next().unwrap_or_default().to_owned());
    let annotations = meta::map(record.metadata.annotations.as_ref());
    Ok(bytes::text(&json!({
        "apiVersion": "apps/v1",
        "kind": "ControllerRevision",
        "metadata": {
            "name": name,
            "namespace": key.namespace,
            "labels": labels,
            "annotations": annotations,
            "ownerReferences": [OwnerKind::STATEFUL_SET.reference(&key, uid)],
        },
        "revision": number,
        "data": { "spec": { "template": now } },
    })))
}

fn read(template: &Value) -> Option<PodTemplate> {
    let mut template = PodTemplate::deserialize(template).ok()?;
    without_nulls(&mut template.metadata);
    Some(template)
}

#[cfg(test)]
mod tests {
    use petset_core::{RevisionName, Timestamp};

    use super::*;
    use crate::resource::stateful_sets::tests::record;

    fn set(image: &str) -> SetRecord<StatefulSets> {
        let template = json!({ "metadata": { "creationTimestamp": null, "labels": { "app": "a" } },
            "spec": { "containers": [{ "name": "main", "image": image, "resources": {} }], "dnsPolicy": "ClusterFirst" } });
        let annotations = json!({ "annotations": { "kubernetes.io/change-cause": "because" } });
        record(&annotations, &json!({ "template": template }), &json!({}))
    }

    fn revision(image: &str) -> Revision {
        Revision {
            name: RevisionName::new("web-5d4"),
            number: 7,
            created_at: Timestamp::default(),
            template: read(&set(image).spec.value()["template"]).expect("a template"),
        }
    }

    #[test]
    fn the_data_is_the_servers_own_text() {
        let text = written(&set("a"), &SetUid::from("u"), &revision("a")).expect("it is the set's");
        let data = "\"data\":{\"spec\":{\"template\":{\"$patch\":\"replace\",\"metadata\":{\"creationTimestamp\":null,\
            \"labels\":{\"app\":\"a\"}},\"spec\":{\"containers\":[{\"image\":\"a\",\"name\":\"main\",\"resources\":{}}],\
            \"dnsPolicy\":\"ClusterFirst\"}}}}";
        assert!(text.contains(data), "{text}");
        let value: Value = serde_json::from_str(&text).expect("JSON");
        let metadata = &value["metadata"];
        assert_eq!(metadata["labels"], json!({ "app": "a", HASH: "5d4" }));
        assert_eq!(metadata["annotations"], json!({ "kubernetes.io/change-cause": "because" }));
        assert_eq!(value["revision"], json!(7));
    }

    #[test]
    fn s13_a_template_that_changed_meanwhile_is_a_conflict() {
        let error = written(&set("b"), &SetUid::from("u"), &revision("a")).expect_err("it is another");
        assert_eq!(error.kind(), ErrorKind::Conflict);
    }
}
