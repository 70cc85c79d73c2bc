//! Merge patches (RFC 7386).

use serde_json::{Map, Value};

/// The patch that makes `after` of `before`; `None` when they are equal.
pub(crate) fn difference(before: &Value, after: &Value) -> Option<Value> {
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
    use serde_json::json;

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
