//! Labels, annotations and selectors.

use std::collections::BTreeMap;

use super::super::path;
use super::checks::Checks;
use super::names;
use crate::spec::{LabelSelector, ObjectMeta};

/// Kubernetes' limit for all annotations of an object together.
const ANNOTATIONS_MAX_BYTES: usize = 256 << 10;

/// Labels and annotations of anything.
pub(super) fn labels_and_annotations(at: &str, metadata: &ObjectMeta, checks: &mut Checks) {
    labels(&path::key(at, "labels"), &metadata.labels, checks);
    let at = path::key(at, "annotations");
    for key in metadata.annotations.keys() {
        checks.follows(&path::key(&at, key), key, names::annotation_key);
    }
    let bytes: usize = metadata.annotations.iter().map(|(key, value)| key.len() + value.len()).sum();
    if bytes > ANNOTATIONS_MAX_BYTES {
        checks.wrong(at, format!("{bytes} bytes"), format!("must have at most {ANNOTATIONS_MAX_BYTES} bytes"));
    }
}

/// Labels, or a selector that is made of labels.
pub(super) fn labels(at: &str, labels: &BTreeMap<String, String>, checks: &mut Checks) {
    for (key, value) in labels {
        let at = path::key(at, key);
        checks.follows(&at, key, names::qualified_name);
        checks.follows(&at, value, names::label_value);
    }
}

/// The parts of a selector.
pub(super) fn selector(at: &str, selector: &LabelSelector, checks: &mut Checks) {
    labels(&path::key(at, "matchLabels"), &selector.match_labels, checks);
    let at = path::key(at, "matchExpressions");
    for (index, requirement) in selector.match_expressions.iter().enumerate() {
        let at = path::index(&at, index);
        checks.named(&path::key(&at, "key"), &requirement.key, names::qualified_name);
        let values = path::key(&at, "values");
        match requirement.operator.as_str() {
            "In" | "NotIn" if requirement.values.is_empty() => {
                checks.missing(&values, "must be specified when `operator` is 'In' or 'NotIn'");
            }
            "Exists" | "DoesNotExist" if !requirement.values.is_empty() => {
                let said = requirement.values.join(", ");
                checks.wrong(&values, said, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
            }
            operator => {
                checks.one_of(&path::key(&at, "operator"), operator, &["In", "NotIn", "Exists", "DoesNotExist"]);
            }
        }
        for (index, value) in requirement.values.iter().enumerate() {
            checks.follows(&path::index(&values, index), value, names::label_value);
        }
    }
}
