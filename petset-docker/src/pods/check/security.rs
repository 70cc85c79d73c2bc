//! Security contexts: what containers may be.

use petset_core::spec::Verbatim;
use serde_json::{Value, json};

use super::Ground;
use super::findings::Findings;
use crate::pods::security::Security;

const OF_BOTH: [&str; 4] = ["runAsUser", "runAsGroup", "runAsNonRoot", "seccompProfile"];

pub(super) fn check_pod_security(path: &str, context: Option<&Verbatim>, findings: &mut Findings) {
    let Some(context) = context else { return };
    check_both(path, context, findings);
    let number_of = |key| context.get(key).is_none_or(|value| value.is_null() || value.is_u64());
    if !number_of("fsGroup") {
        findings.refuse(format!("{path}.fsGroup"), &context["fsGroup"], "must be a number");
    }
    if let Some(policy) = context.get("fsGroupChangePolicy").filter(|policy| !policy.is_null()) {
        findings.refuse(
            format!("{path}.fsGroupChangePolicy"),
            policy,
            "a volume itself is given to the group, and what is in it is left as it is: remove it",
        );
    }
    let accepted = [&OF_BOTH[..], &["fsGroup", "fsGroupChangePolicy", "supplementalGroups"]].concat();
    findings.unknown(path, context, &accepted);
}

pub(super) fn check_container_security(
    path: &str,
    context: Option<&Verbatim>,
    ground: Ground<'_>,
    findings: &mut Findings,
) {
    let Some(context) = context else { return };
    check_both(path, context, findings);
    let is_set = |key| context.get(key) == Some(&Value::Bool(true));
    if is_set("privileged") && !ground.options.allow_privileged {
        findings.refuse(
            format!("{path}.privileged"),
            true,
            "such a container owns the host; it is refused unless the embedder allows it (`PodOptions::allow_privileged`)",
        );
    }
    findings.only(path, context, "procMount", &[json!("Default")]);
    check_capabilities(&format!("{path}.capabilities"), context.get("capabilities"), ground, findings);
    let own = ["allowPrivilegeEscalation", "capabilities", "privileged", "procMount", "readOnlyRootFilesystem"];
    findings.unknown(path, context, &[&OF_BOTH[..], &own].concat());
}

/// What the contexts of the pod and of one of its containers say together, each of which may be fine alone.
pub(super) fn check_user(path: &str, pod: Option<&Verbatim>, own: Option<&Verbatim>, findings: &mut Findings) {
    let both = Security::new(pod, own);
    let said = |key: &str| {
        let is_own = Security::new(None, own).value(key).is_some();
        if is_own { format!("{path}.securityContext.{key}") } else { format!("spec.securityContext.{key}") }
    };
    let user = both.value("runAsUser");
    if both.is("runAsNonRoot") && user.and_then(Value::as_u64) == Some(0) {
        findings.refuse(said("runAsUser"), 0, "runAsNonRoot is set, here or for the pod: must not be 0");
    }
    if let (Some(group), None) = (both.value("runAsGroup"), user) {
        findings.refuse(said("runAsGroup"), group, "the engine sets a group with a user only: set runAsUser too");
    }
}

fn check_both(path: &str, context: &Verbatim, findings: &mut Findings) {
    let get = |key| context.get(key).filter(|value: &&Value| !value.is_null());
    for key in ["runAsUser", "runAsGroup"] {
        if let Some(value) = get(key).filter(|value| !value.is_u64()) {
            findings.refuse(format!("{path}.{key}"), value, "must be a number");
        }
    }
    findings.only(path, context, "seccompProfile", &[json!({ "type": "RuntimeDefault" })]);
}

fn check_capabilities(path: &str, value: Option<&Value>, ground: Ground<'_>, findings: &mut Findings) {
    let Some(value) = value.filter(|value| !value.is_null()) else { return };
    let added = value.get("add").and_then(Value::as_array).into_iter().flatten();
    for (index, name) in added.enumerate() {
        let plain = name.as_str().unwrap_or_default();
        let plain = plain.strip_prefix("CAP_").unwrap_or(plain);
        if !ground.options.allow_privileged && !ground.options.allowed_capabilities.contains(plain) {
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
