//! From a value to a type: what does not fit is reported and set aside, so that the rest is checked too.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_path_to_error::Segment;

use super::{Violation, path};

/// So many misfits are reported at once; a text with more is beyond help.
const MAX_MISFITS: usize = 64;

/// What was read, and the paths that were set aside.
pub(super) struct Typed<T> {
    pub(super) value: T,
    pub(super) aside: Vec<String>,
    pub(super) found: Vec<Violation>,
}

/// Reads what can be read of `value`.
pub(super) fn read<T: DeserializeOwned + Serialize + Default>(mut value: Value) -> Typed<T> {
    without_nulls(&mut value, false);
    let mut typed = Typed { value: T::default(), aside: Vec::new(), found: Vec::new() };
    // An element of a list is tried as a mapping, a text and a number, hence the factor.
    for _ in 0..4 * MAX_MISFITS {
        if typed.aside.len() >= MAX_MISFITS {
            break;
        }
        let error = match serde_path_to_error::deserialize::<_, T>(&value) {
            Ok(read) => {
                let kept = serde_json::to_value(&read).unwrap_or_default();
                lost_fields(&value, &kept, "", &mut typed.found);
                typed.value = read;
                return typed;
            }
            Err(error) => error,
        };
        let (at, misfit) = set_aside(&mut value, error.path().iter());
        if !typed.aside.contains(&at) {
            let text = shown(&misfit);
            typed.found.push(Violation::new(at.clone(), text, describe(&error.inner().to_string())));
            typed.aside.push(at);
        }
    }
    // Nothing more can be said about a document that could not be read to its end.
    typed.aside.push(String::new());
    typed
}

/// A null means that nothing is said, but for the entries of a text map, where it is an empty text.
fn without_nulls(value: &mut Value, of_texts: bool) {
    match value {
        Value::Object(fields) if of_texts => {
            fields.values_mut().filter(|value| value.is_null()).for_each(|value| *value = Value::from(""));
        }
        Value::Object(fields) => {
            fields.retain(|_, value| !value.is_null());
            for (key, value) in fields {
                let texts = ["labels", "annotations", "data", "stringData", "binaryData", "matchLabels"];
                without_nulls(value, texts.contains(&key.as_str()));
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| without_nulls(item, false)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Takes the value at the path out of `root`; says where it was. Elements of lists are replaced, so that the others
/// keep their number.
fn set_aside<'s>(root: &mut Value, segments: impl Iterator<Item = &'s Segment>) -> (String, Value) {
    let mut at = String::new();
    let mut steps: Vec<&Segment> = Vec::new();
    let mut seen = &*root;
    for segment in segments {
        let (next, below) = match (segment, seen) {
            (Segment::Map { key }, Value::Object(fields)) => (fields.get(key), path::key(&at, key)),
            (Segment::Seq { index }, Value::Array(items)) => (items.get(*index), path::index(&at, *index)),
            (Segment::Map { .. } | Segment::Seq { .. } | Segment::Enum { .. } | Segment::Unknown, _) => break,
        };
        let Some(next) = next else { break };
        (seen, at) = (next, below);
        steps.push(segment);
    }
    let last = steps.pop();
    let mut parent = root;
    for step in steps {
        let next = match (step, &mut *parent) {
            (Segment::Map { key }, Value::Object(fields)) => fields.get_mut(key),
            (Segment::Seq { index }, Value::Array(items)) => items.get_mut(*index),
            (Segment::Map { .. } | Segment::Seq { .. } | Segment::Enum { .. } | Segment::Unknown, _) => None,
        };
        parent = next.expect("the path was walked a moment ago");
    }
    let misfit = match (last, &mut *parent) {
        (Some(Segment::Map { key }), Value::Object(fields)) => fields.remove(key).unwrap_or_default(),
        (Some(Segment::Seq { index }), Value::Array(items)) => {
            let instead = substitute(&items[*index]);
            std::mem::replace(&mut items[*index], instead)
        }
        _ => std::mem::replace(parent, Value::Object(serde_json::Map::new())),
    };
    (at, misfit)
}

/// A mapping is tried first, then a text, then a number.
fn substitute(misfit: &Value) -> Value {
    match misfit {
        Value::Object(fields) if fields.is_empty() => Value::from(""),
        Value::String(text) if text.is_empty() => Value::from(0),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) | Value::Object(_) => {
            Value::Object(serde_json::Map::new())
        }
    }
}

/// A value as it is shown in a violation: texts as they are, the rest as JSON.
pub(super) fn shown(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Says what would be right, in a manifest's words instead of a programming language's.
fn describe(message: &str) -> String {
    if message.contains("untagged enum IntOrString") {
        return "must be a number or a text".to_owned();
    }
    if message.contains("untagged enum") {
        return "must be a quantity such as 1Gi or 500m".to_owned();
    }
    let Some((_, expected)) = message.rsplit_once(", expected ") else { return message.to_owned() };
    if message.starts_with("unknown variant") {
        return format!("must be {}", expected.replace('`', "'"));
    }
    let right = match expected {
        "i32" => "a whole number from -2147483648 to 2147483647",
        "i64" => "a whole number",
        "a string" => "a text; numbers, true and false need quotes here",
        "a boolean" => "true or false",
        "a sequence" => "a list",
        other if other.starts_with("struct ") || other == "a map" => "a mapping of fields",
        other => other,
    };
    format!("must be {right}")
}

/// What was written and would be lost, because no field of the type takes it.
fn lost_fields(written: &Value, kept: &Value, at: &str, found: &mut Vec<Violation>) {
    match (written, kept) {
        (Value::Object(written), Value::Object(kept)) => {
            for (key, value) in written {
                let at = path::key(at, key);
                match kept.get(key) {
                    Some(kept) => lost_fields(value, kept, &at, found),
                    None if says_nothing(value) => {}
                    None => found.push(Violation::new(at, shown(value), "unknown field")),
                }
            }
        }
        (Value::Array(written), Value::Array(kept)) => {
            for (index, (value, kept)) in written.iter().zip(kept).enumerate() {
                lost_fields(value, kept, &path::index(at, index), found);
            }
        }
        // Serde takes a list for a mapping whose fields are in order; nobody else does.
        (Value::Array(_), Value::Object(_)) => {
            found.push(Violation::new(at, shown(written), "must be a mapping of fields"));
        }
        _ => {}
    }
}

fn says_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(said) => !said,
        Value::Number(_) => false,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::spec::PetSet;

    #[test]
    fn every_misfit_is_reported_and_the_rest_is_read() {
        let typed = read::<PetSet>(json!({
            "metadata": {"name": "web", "annotations": {"a/b": true, "c": "d", "e": null}, "creationTimestamp": null},
            "spec": {
                "replicas": "3",
                "podManagementPolicy": "Sideways",
                "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": []}},
                "template": {"spec": {"containers": [7, {"name": "c", "command": ["a", 1, {}], "ports": "none",
                    "env": [{"name": "A", "valve": "x"}]}]}},
                "volumeClaimTemplates": [{"spec": {"resources": {"requests": {"storage": {}}}}}],
            },
        }));
        let paths: Vec<&str> = typed.found.iter().map(|violation| violation.path.as_str()).collect();
        for path in [
            "metadata.annotations['a/b']",
            "spec.replicas",
            "spec.podManagementPolicy",
            "spec.updateStrategy.rollingUpdate.maxUnavailable",
            "spec.template.spec.containers[0]",
            "spec.template.spec.containers[1].command[1]",
            "spec.template.spec.containers[1].command[2]",
            "spec.template.spec.containers[1].ports",
            "spec.template.spec.containers[1].env[0].valve",
            "spec.volumeClaimTemplates[0].spec.resources.requests.storage",
        ] {
            assert!(paths.contains(&path), "{path} in {paths:?}");
        }
        assert_eq!(paths.len(), 10, "{paths:?}");
        assert_eq!(typed.value.spec.template.spec.containers[1].name, "c");
        assert_eq!(typed.value.metadata.annotations["e"], "");
        assert!(typed.value.metadata.other.is_empty());
    }

    #[test]
    fn a_value_that_is_no_mapping_is_a_misfit() {
        for value in [json!(1), json!("text"), json!([1, 2]), json!(null)] {
            assert!(!read::<PetSet>(value.clone()).found.is_empty(), "{value}");
        }
    }

    #[test]
    fn more_misfits_than_anybody_reads_end() {
        let labels: serde_json::Map<_, _> = (0..1000).map(|n| (format!("k{n}"), json!(n))).collect();
        let typed = read::<PetSet>(json!({"metadata": {"labels": labels}}));
        assert_eq!(typed.found.len(), MAX_MISFITS);
        assert!(typed.aside.contains(&String::new()));
    }
}
