//! What of a set may change while it lives.

use serde_json::Value;

use super::{Violation, default, path, typed};
use crate::spec::PetSet;

const MUTABLE: &str = "only `replicas`, `ordinals`, `template`, `updateStrategy`, `revisionHistoryLimit`, \
    `persistentVolumeClaimRetentionPolicy`, `minReadySeconds`, labels and annotations may change";

/// Whether a set may become another declaration in place. Each field that must not change is its own violation, with
/// its new and its old value. Both are compared as defaulted.
pub fn check_update(old: &PetSet, new: &PetSet) -> Result<(), Vec<Violation>> {
    let follows = follows_template(new);
    let (old, new) = (comparable(old), comparable(new));
    let mut changed = Vec::new();
    for (at, pointer) in [
        ("metadata.name", "/metadata/name"),
        ("metadata.namespace", "/metadata/namespace"),
        ("spec.serviceName", "/spec/serviceName"),
        ("spec.selector", "/spec/selector"),
        ("spec.podManagementPolicy", "/spec/podManagementPolicy"),
        ("spec.volumeClaimTemplates", "/spec/volumeClaimTemplates"),
    ] {
        differences(at, old.pointer(pointer), new.pointer(pointer), &mut changed);
    }
    if follows {
        for violation in changed.iter_mut().filter(|violation| path::is_at_or_below(&violation.path, "spec.selector")) {
            violation.problem.push_str("; unsaid, the selector is the template's labels: say it as it was to keep it");
        }
    }
    if changed.is_empty() { Ok(()) } else { Err(changed) }
}

/// Whether the selector is what it would be if nothing were said.
fn follows_template(set: &PetSet) -> bool {
    let labels = &set.spec.template.metadata.labels;
    set.spec
        .selector
        .as_ref()
        .is_none_or(|selector| selector.match_expressions.is_empty() && selector.match_labels == *labels)
}

/// The set with everything said that goes without saying.
fn comparable(set: &PetSet) -> Value {
    let mut set = set.clone();
    default::set(&mut set);
    for claim in &mut set.spec.volume_claim_templates {
        claim.spec.volume_mode.get_or_insert_with(|| "Filesystem".to_owned());
    }
    serde_json::to_value(&set).unwrap_or_default()
}

fn differences(at: &str, old: Option<&Value>, new: Option<&Value>, changed: &mut Vec<Violation>) {
    match (old, new) {
        (Some(Value::Object(old)), Some(Value::Object(new))) => {
            let added = new.keys().filter(|key| !old.contains_key(*key));
            for key in old.keys().chain(added) {
                differences(&path::key(at, key), old.get(key), new.get(key), changed);
            }
        }
        (Some(Value::Array(old)), Some(Value::Array(new))) => {
            for index in 0..old.len().max(new.len()) {
                differences(&path::index(at, index), old.get(index), new.get(index), changed);
            }
        }
        (old, new) if old == new => {}
        (old, new) => {
            let was =
                old.map_or_else(|| "unset".to_owned(), |old| format!("`{}`", Violation::shorten(&typed::shown(old))));
            let problem = format!("must stay as it was ({was}); {MUTABLE}");
            changed.push(match new {
                Some(new) => Violation::new(at, typed::shown(new), problem),
                None => Violation::missing(at, problem),
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn set() -> Value {
        json!({"metadata": {"name": "web"}, "spec": {
            "serviceName": "nginx",
            "template": {"metadata": {"labels": {"app": "a"}}},
            "selector": {"matchLabels": {"app": "a"}},
            "volumeClaimTemplates": [{"metadata": {"name": "www"},
                "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}}]}})
    }

    fn update(pointer: &str, key: &str, value: Value) -> Result<(), Vec<Violation>> {
        let mut changed = set();
        changed.pointer_mut(pointer).expect(pointer)[key] = value;
        let read = |value| serde_json::from_value(value).expect("a set");
        check_update(&read(set()), &read(changed))
    }

    #[test]
    fn what_may_change_may_change() {
        for (pointer, key, value) in [
            ("/spec", "replicas", json!(7)),
            ("/spec", "ordinals", json!({"start": 3})),
            ("/spec", "updateStrategy", json!({"type": "OnDelete"})),
            ("/spec", "revisionHistoryLimit", json!(1)),
            ("/spec", "persistentVolumeClaimRetentionPolicy", json!({"whenScaled": "Delete"})),
            ("/spec", "minReadySeconds", json!(5)),
            ("/spec/template", "spec", json!({"hostNetwork": true})),
            ("/metadata", "labels", json!({"a": "b"})),
            ("/metadata", "annotations", json!({"a": "b"})),
            // Saying what is the default anyway changes nothing.
            ("/metadata", "namespace", json!("default")),
            ("/spec", "podManagementPolicy", json!("OrderedReady")),
            ("/spec/volumeClaimTemplates/0/spec", "volumeMode", json!("Filesystem")),
        ] {
            assert_eq!(update(pointer, key, value), Ok(()), "{pointer}/{key}");
        }
    }

    #[test]
    fn a_selector_that_was_never_said_is_explained() {
        let set = |labels: Value| -> PetSet {
            serde_json::from_value(json!({"spec": {"template": {"metadata": {"labels": labels}}}})).expect("a set")
        };
        let violations =
            check_update(&set(json!({"a": "1"})), &set(json!({"a": "1", "b": "2"}))).expect_err("selector");
        assert_eq!(violations[0].path, "spec.selector.matchLabels.b");
        assert!(violations[0].problem.contains("unsaid"), "{violations:?}");
    }

    #[test]
    fn what_must_not_change_is_named_with_both_values() {
        let storage = "/spec/volumeClaimTemplates/0/spec/resources/requests";
        let second = json!([{"metadata": {"name": "www"}, "spec": {"accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": "1Gi"}}}}, {"metadata": {"name": "log"}}]);
        for (pointer, key, value, path, was) in [
            ("/metadata", "name", json!("other"), "metadata.name", "web"),
            ("/metadata", "namespace", json!("prod"), "metadata.namespace", "default"),
            ("/spec", "serviceName", json!("apache"), "spec.serviceName", "nginx"),
            ("/spec/selector/matchLabels", "app", json!("b"), "spec.selector.matchLabels.app", "`a`"),
            ("/spec", "podManagementPolicy", json!("Parallel"), "spec.podManagementPolicy", "OrderedReady"),
            (storage, "storage", json!("2Gi"), "spec.volumeClaimTemplates[0].spec.resources.requests.storage", "1Gi"),
            ("/spec", "volumeClaimTemplates", second, "spec.volumeClaimTemplates[1]", "unset"),
            ("/spec", "volumeClaimTemplates", json!([]), "spec.volumeClaimTemplates", "www"),
        ] {
            let violations = update(pointer, key, value).expect_err(path);
            assert_eq!(violations.len(), 1, "{violations:?}");
            assert_eq!(violations[0].path, path);
            assert!(violations[0].problem.contains(was) && violations[0].problem.contains("may change"));
        }
    }
}
