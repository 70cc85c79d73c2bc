//! The labels by which Services and people tell one pod of a set from the others.

use std::collections::BTreeMap;

use petset_core::Ordinal;
use petset_core::backend::Pod;

use crate::meta;

/// The labels that a pod should have and has otherwise; none in the usual case. The ordinal's may be missing, since nobody
/// writes it before Kubernetes 1.28; it is written together with the name's where either is wrong.
pub(super) fn wrong_labels(pod: &Pod) -> BTreeMap<String, Option<String>> {
    let says = |label: &str| pod.labels.get(label).map(String::as_str);
    let has_name = says(meta::POD_NAME).and_then(|name| pod.set.ordinal_of_pod(name)) == Some(pod.ordinal);
    let has_ordinal = says(meta::POD_INDEX).is_none_or(|index| Ordinal::parse_exact(index) == Some(pod.ordinal));
    if has_name && has_ordinal {
        return BTreeMap::new();
    }
    BTreeMap::from([
        (meta::POD_NAME.to_owned(), Some(pod.set.pod_name(pod.ordinal))),
        (meta::POD_INDEX.to_owned(), Some(pod.ordinal.to_string())),
    ])
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::cache::Record;
    use crate::pods::PodRecord;

    fn wrong(labels: &Value) -> Value {
        let meta =
            json!({ "name": "web-1", "namespace": "default", "uid": "u", "resourceVersion": "7", "labels": labels });
        let record: PodRecord = serde_json::from_value(json!({ "metadata": meta })).expect("a pod");
        json!(wrong_labels(&record.keep().expect("it can be read").pod))
    }

    #[test]
    fn labels_that_tell_of_another_pod_or_of_none_are_wrong() {
        let right = json!({ meta::POD_NAME: "web-1", meta::POD_INDEX: "1" });
        assert_eq!(wrong(&right), json!({}));
        assert_eq!(wrong(&json!({ meta::POD_NAME: "web-1" })), json!({}));
        for labels in [
            json!({}),
            json!({ meta::POD_INDEX: "1" }),
            json!({ meta::POD_NAME: "web-01", meta::POD_INDEX: "1" }),
            json!({ meta::POD_NAME: "other-1" }),
            json!({ meta::POD_NAME: "web-1", meta::POD_INDEX: "2" }),
        ] {
            assert_eq!(wrong(&labels), right, "{labels}");
        }
    }
}
