//! What a template may say here.

use petset::manifest::Violation;
use petset::spec::PodTemplate;
use serde_json::Value;

/// What tasks can do.
const PROGRAMS: [&str; 5] = ["serve", "idle", "stubborn", "done", "fail"];
/// What is honoured, or means the same everywhere.
const KNOWN: [&str; 6] = [
    "metadata",
    "spec.hostname",
    "spec.subdomain",
    "spec.terminationGracePeriodSeconds",
    "spec.containers[0].name",
    "spec.containers[0].command",
];

/// What the pod's task does.
pub(crate) fn program(template: &PodTemplate) -> String {
    let command = template.spec.containers.first().and_then(|container| container.command.first());
    command.cloned().unwrap_or_default()
}

/// Every field that would not be honoured, by its path.
pub(crate) fn check(template: &PodTemplate) -> Vec<Violation> {
    let mut refused = Vec::new();
    if !PROGRAMS.contains(&program(template).as_str()) {
        refused.push(Violation::new("spec.containers[0].command", program(template), format!("one of {PROGRAMS:?}")));
    }
    let value = serde_json::to_value(template).unwrap_or_default();
    walk(&value, String::new(), &mut refused);
    refused
}

fn walk(value: &Value, path: String, refused: &mut Vec<Violation>) {
    if KNOWN.contains(&path.as_str()) {
        return;
    }
    match value {
        Value::Object(fields) => fields.iter().for_each(|(name, value)| {
            walk(value, if path.is_empty() { name.clone() } else { format!("{path}.{name}") }, refused);
        }),
        Value::Array(items) if path == "spec.containers" => {
            items.iter().enumerate().for_each(|(index, item)| walk(item, format!("{path}[{index}]"), refused));
        }
        Value::Null | Value::Bool(false) => {}
        Value::Array(items) if items.is_empty() => {}
        Value::Array(_) | Value::Bool(true) | Value::Number(_) | Value::String(_) => {
            refused.push(Violation::new(path, value.to_string(), "nothing; tasks cannot do this"));
        }
    }
}
