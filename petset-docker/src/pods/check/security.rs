//! Security contexts: what containers may be.

use petset_core::spec::Verbatim;
use serde_json::{Value, json};

use super::findings::Findings;
use crate::pods::options::PodOptions;

const OF_BOTH: [&str; 4] = ["runAsUser", "runAsGroup", "runAsNonRoot", "seccompProfile"];

pub(super) fn check_pod_security(path: &str, context: Option<&Verbatim>, findings: &mut Findings) {
    let Some(context) = context else { return };
    check_both(path, context, findings);
    let number_of = |key| context.get(key).is_none_or(|value| value.is_null() || value.is_u64());
    if !number_of("fsGroup") {
        findings.refuse(format!("{path}.fsGroup"), &context["fsGroup"], "must be a number");
    }
    // Volumes that somebody shaped are left alone, which is what this says; `Always` would change what is in them.
    findings.only(path, context, "fsGroupChangePolicy", &[json!("OnRootMismatch")]);
    let accepted = [&OF_BOTH[..], &["fsGroup", "fsGroupChangePolicy", "supplementalGroups"]].concat();
    findings.unknown(path, context, &accepted);
}

pub(super) fn check_container_security(
    path: &str,
    context: Option<&Verbatim>,
    options: &PodOptions,
    findings: &mut Findings,
) {
    let Some(context) = context else { return };
    check_both(path, context, findings);
    let is_set = |key| context.get(key) == Some(&Value::Bool(true));
    if is_set("privileged") && !options.allow_privileged {
        findings.refuse(
            format!("{path}.privileged"),
            true,
            "such a container owns the host; it is refused unless the embedder allows it (`PodOptions::allow_privileged`)",
        );
    }
    findings.only(path, context, "procMount", &[json!("Default")]);
    check_capabilities(&format!("{path}.capabilities"), context.get("capabilities"), options, findings);
    let own = ["allowPrivilegeEscalation", "capabilities", "privileged", "procMount", "readOnlyRootFilesystem"];
    findings.unknown(path, context, &[&OF_BOTH[..], &own].concat());
}

fn check_both(path: &str, context: &Verbatim, findings: &mut Findings) {
    let get = |key| context.get(key).filter(|value: &&Value| !value.is_null());
    for key in ["runAsUser", "runAsGroup"] {
        if let Some(value) = get(key).filter(|value| !value.is_u64()) {
            findings.refuse(format!("{path}.{key}"), value, "must be a number");
        }
    }
    if get("runAsUser").and_then(Value::as_u64) == Some(0) && get("runAsNonRoot") == Some(&Value::Bool(true)) {
        findings.refuse(format!("{path}.runAsUser"), 0, "runAsNonRoot is set: must not be 0");
    }
    findings.only(path, context, "seccompProfile", &[json!({ "type": "RuntimeDefault" })]);
}

fn check_capabilities(path: &str, value: Option<&Value>, options: &PodOptions, findings: &mut Findings) {
    let Some(value) = value.filter(|value| !value.is_null()) else { return };
    let added = value.get("add").and_then(Value::as_array).into_iter().flatten();
    for (index, name) in added.enumerate() {
        let plain = name.as_str().unwrap_or_default();
        let plain = plain.strip_prefix("CAP_").unwrap_or(plain);
        if !options.allow_privileged && !options.allowed_capabilities.contains(plain) {
            findings.refuse(
                format!("{path}.add[{index}]"),
                name,
                "this capability is refused unless the embedder allows it (`PodOptions::allowed_capabilities`)",
            );
        }
    }
    if let Some(fields) = value.as_object() {
        findings.unknown(path, fields, &["add", "drop"]);
    }
}
