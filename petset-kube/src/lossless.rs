//! Whether a value survives the way through Kubernetes' own types. What does not is unknown there: a server would drop it
//! in silence.

use petset_core::manifest::Violation;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// What of `written` is lost, or cannot be read at all, by paths below `path`.
pub(crate) fn check<T: DeserializeOwned + Serialize>(path: &str, written: &Value) -> Vec<Violation> {
    let mut found = Vec::new();
    match serde_path_to_error::deserialize::<_, T>(written) {
        Ok(read) => {
            let back = serde_json::to_value(read).expect("Kubernetes' types are JSON");
            compare(path, written, &back, &mut found);
        }
        Err(error) => {
            let below = error.path().to_string();
            let problem = error.inner().to_string();
            let violation = match at(written, &below) {
                Some(value) => Violation::new(below, value, problem),
                None => Violation::missing(if below == "." { String::new() } else { below }, problem),
            };
            found.push(violation.below(path));
        }
    }
    found
}

/// What a server left out of what was written, by paths below `path`. Members of lists are told by their names, where
/// they have some: others may have been put between them. What says nothing may be left out.
pub(crate) fn left_out(path: &str, written: &Value, back: &Value) -> Vec<String> {
    match (written, back) {
        (Value::Object(written), Value::Object(back)) => {
            let fields = written.iter().filter(|(_, value)| !says_nothing(value));
            let below = |(key, value): (&String, &Value)| {
                let path = format!("{path}.{key}");
                back.get(key).map_or_else(|| vec![path.clone()], |back| left_out(&path, value, back))
            };
            fields.flat_map(below).collect()
        }
        (Value::Array(written), Value::Array(back)) => {
            let below = |(index, value): (usize, &Value)| {
                let path = format!("{path}[{index}]");
                let same = match value.get("name") {
                    Some(name) => back.iter().find(|back| back.get("name") == Some(name)),
                    None => back.get(index),
                };
                same.map_or_else(|| vec![path.clone()], |back| left_out(&path, value, back))
            };
            written.iter().enumerate().flat_map(below).collect()
        }
        _ => Vec::new(),
    }
}

/// Whether it is what a server takes a missing field for.
fn says_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(said) => !said,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(all) => all.is_empty(),
        Value::Object(fields) => fields.values().all(says_nothing),
    }
}

fn compare(path: &str, written: &Value, back: &Value, found: &mut Vec<Violation>) {
    match (written, back) {
        (Value::Object(written), Value::Object(back)) => {
            for (key, value) in written {
                let below = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                match back.get(key) {
                    Some(back) => compare(&below, value, back, found),
                    None if value.is_null() => {}
                    None => found.push(Violation::new(below, value, "Kubernetes knows no such field; remove it")),
                }
            }
        }
        (Value::Array(written), Value::Array(back)) => {
            for (index, (written, back)) in written.iter().zip(back).enumerate() {
                compare(&format!("{path}[{index}]"), written, back, found);
            }
        }
        _ => {}
    }
}

/// What stands at a path of serde's.
fn at<'v>(value: &'v Value, path: &str) -> Option<&'v Value> {
    path.split('.').try_fold(value, |value, step| {
        let (key, indices) = step.split_once('[').unwrap_or((step, ""));
        let value = if key.is_empty() { value } else { value.get(key)? };
        let mut indices = indices.split(['[', ']']).filter(|index| !index.is_empty());
        indices.try_fold(value, |value, index| value.get(index.parse::<usize>().ok()?))
    })
}

#[cfg(test)]
mod tests {
    use k8s_openapi::api::core::v1::PodSpec;
    use serde_json::json;

    use super::*;

    fn paths(written: &Value) -> Vec<String> {
        check::<PodSpec>("spec", written).into_iter().map(|violation| violation.path).collect()
    }

    #[test]
    fn what_kubernetes_knows_survives() {
        let known = json!({ "containers": [{ "name": "main", "image": "x", "resources": { "limits": { "cpu": "1" } },
            "ports": [{ "containerPort": 80 }], "livenessProbe": { "grpc": { "port": 1 } } }],
            "nodeSelector": { "disk": "fast" }, "hostAliases": null });
        assert_eq!(paths(&known), [""; 0]);
    }

    #[test]
    fn what_it_does_not_know_is_named() {
        let unknown = json!({ "containers": [{ "name": "main", "imagee": "x" }], "runtimeClass": "fast" });
        assert_eq!(paths(&unknown), ["spec.containers[0].imagee", "spec.runtimeClass"]);
    }

    #[test]
    fn what_a_server_leaves_out_is_named_and_what_it_adds_is_not() {
        let written = json!({ "containers": [{ "name": "main", "image": "x", "resizePolicy": [{ "a": "b" }] }],
            "os": { "name": "linux" }, "hostNetwork": false, "securityContext": {}, "priority": 1,
            "tolerations": [{ "key": "a" }], "volumes": [{ "name": "tmp", "emptyDir": {} }] });
        let back = json!({ "containers": [{ "name": "added" }, { "name": "main", "image": "x", "tty": true }],
            "priority": 1, "tolerations": [{ "key": "a", "operator": "Exists" }, { "key": "b" }],
            "volumes": [{ "name": "token" }, { "name": "tmp", "emptyDir": {} }] });
        assert_eq!(left_out("spec", &written, &back), ["spec.containers[0].resizePolicy", "spec.os"]);
        assert_eq!(left_out("spec", &back, &back), [""; 0]);
    }

    #[test]
    fn what_cannot_be_read_is_named_with_its_value() {
        let wrong = json!({ "containers": [{ "name": "main", "ports": [{ "containerPort": "http" }] }] });
        let found = check::<PodSpec>("spec", &wrong);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].path, "spec.containers[0].ports[0].containerPort");
        assert!(found[0].value.as_deref().is_some_and(|value| value.contains("http")), "{found:?}");
    }
}
