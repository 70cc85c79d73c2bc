//! The fields of the definition are those of the types, in both directions.

use std::fmt::Debug;

use petset_core::spec::{PodManagementPolicy, RetentionPolicyType, UpdateStrategyType};
use petset_core::status::ConditionStatus;
use petset_kube::resource::definition;
use serde_json::{Value, json};

use crate::whole;

/// What a server is told that the schema is.
fn schema() -> Value {
    let versions = definition().spec.versions;
    let schema = versions.into_iter().next().and_then(|version| version.schema?.open_api_v3_schema);
    serde_json::to_value(schema.expect("it has a schema")).expect("a schema is JSON")
}

fn set() -> Value {
    json!({ "apiVersion": "petset.rs/v1", "kind": "PetSet", "metadata": {}, "spec": whole::spec(),
        "status": whole::status() })
}

#[test]
fn a_whole_set_leaves_no_field_unsaid() {
    let spec = whole::spec();
    // Of a pod's many fields a few are enough.
    let pod = indented(&spec.template.spec, 8);
    let said = format!("{spec:#?}\n{:#?}", whole::status()).replace(&pod, "");
    let is_unsaid = |line: &&str| [": None,", ": [],", ": {},", ": \"\","].iter().any(|end| line.ends_with(end));
    let unsaid: Vec<&str> =
        said.lines().map(str::trim).filter(is_unsaid).filter(|line| *line != "other: {},").collect();
    assert_eq!(unsaid, [""; 0], "fill them in in whole.rs, so that the other tests see them");
}

/// A value as it is printed inside of another one.
fn indented(value: &impl Debug, by: usize) -> String {
    format!("{value:#?}").replace('\n', &format!("\n{}", " ".repeat(by)))
}

#[test]
fn every_field_of_the_types_is_in_the_definition() {
    let mut found = Vec::new();
    missing("", &set(), &schema(), &mut found);
    assert_eq!(found, [""; 0], "a server drops what the definition has not: see src/resource/generate.rs");
}

#[test]
fn every_field_of_the_definition_is_in_the_types() {
    let mut found = Vec::new();
    unknown("", &schema(), &set(), &mut found);
    assert_eq!(found, [""; 0], "nobody reads what the types have not");
}

#[test]
fn every_word_of_the_types_is_in_the_definition_and_no_other() {
    // Whoever adds a word has to name it twice.
    let management = [PodManagementPolicy::OrderedReady, PodManagementPolicy::Parallel].map(|word| match word {
        PodManagementPolicy::OrderedReady | PodManagementPolicy::Parallel => json!(word),
    });
    let updates = [UpdateStrategyType::RollingUpdate, UpdateStrategyType::OnDelete].map(|word| match word {
        UpdateStrategyType::RollingUpdate | UpdateStrategyType::OnDelete => json!(word),
    });
    let retention = [RetentionPolicyType::Retain, RetentionPolicyType::Delete].map(|word| match word {
        RetentionPolicyType::Retain | RetentionPolicyType::Delete => json!(word),
    });
    let conditions = [ConditionStatus::True, ConditionStatus::False, ConditionStatus::Unknown].map(|word| match word {
        ConditionStatus::True | ConditionStatus::False | ConditionStatus::Unknown => json!(word),
    });
    let schema = schema();
    for (path, words) in [
        ("/properties/spec/properties/podManagementPolicy", &management[..]),
        ("/properties/spec/properties/updateStrategy/properties/type", &updates),
        ("/properties/spec/properties/persistentVolumeClaimRetentionPolicy/properties/whenScaled", &retention),
        ("/properties/spec/properties/persistentVolumeClaimRetentionPolicy/properties/whenDeleted", &retention),
        ("/properties/status/properties/conditions/items/properties/status", &conditions),
    ] {
        let of = schema.pointer(path).unwrap_or_else(|| panic!("the definition has no {path}"));
        assert_eq!(of["enum"].as_array().map(Vec::as_slice), Some(words), "{path}");
    }
}

/// What of a value the schema has not, or has as something else.
fn missing(path: &str, value: &Value, schema: &Value, found: &mut Vec<String>) {
    if schema["x-kubernetes-preserve-unknown-fields"] == true {
        return;
    }
    let is_one = match value {
        Value::Null => schema["nullable"] == true,
        Value::Bool(_) => schema["type"] == "boolean",
        Value::Number(_) => schema["type"] == "integer" || schema["x-kubernetes-int-or-string"] == true,
        Value::String(_) => schema["type"] == "string" || schema["x-kubernetes-int-or-string"] == true,
        Value::Array(_) => schema["type"] == "array",
        Value::Object(_) => schema["type"] == "object",
    };
    if !is_one {
        found.push(format!("{path}: {value} is no {}", schema["type"]));
        return;
    }
    for (below, value) in fields(path, value) {
        let name = below.rsplit('.').next().unwrap_or_default();
        let of = schema["properties"].get(name).or_else(|| schema.get("additionalProperties"));
        match of {
            Some(of) => missing(&below, value, of, found),
            None => found.push(format!("{below}: the definition has no such field")),
        }
    }
    for value in value.as_array().into_iter().flatten() {
        missing(&format!("{path}[]"), value, &schema["items"], found);
    }
}

/// What of the schema a whole value has not. What pods and claims are Kubernetes says.
fn unknown(path: &str, schema: &Value, value: &Value, found: &mut Vec<String>) {
    if [".spec.template.spec", ".spec.volumeClaimTemplates[].spec"].contains(&path) {
        return;
    }
    for (below, schema) in fields(path, &schema["properties"]) {
        let name = below.rsplit('.').next().unwrap_or_default();
        match value.get(name) {
            Some(value) => unknown(&below, schema, value, found),
            None => found.push(format!("{below}: no type has such a field")),
        }
    }
    for value in value.as_array().into_iter().flatten() {
        unknown(&format!("{path}[]"), &schema["items"], value, found);
    }
}

/// The fields of an object, by path.
fn fields<'v>(path: &str, object: &'v Value) -> impl Iterator<Item = (String, &'v Value)> {
    object.as_object().into_iter().flatten().map(move |(name, of)| (format!("{path}.{name}"), of))
}
