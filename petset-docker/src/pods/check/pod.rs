//! The template as a whole.

use petset_core::manifest::Violation;
use petset_core::spec::{PodSpec, PodTemplate};
use serde_json::{Value, json};

use super::Ground;
use super::container::check_container;
use super::findings::Findings;
use super::security::{check_pod_security, check_user};
use super::volume::{check_parts, check_volume};

/// Fields without a meaning on a single engine, and those that are looked at by name.
const ACCEPTED: [&str; 15] = [
    "affinity",
    "automountServiceAccountToken",
    "dnsPolicy",
    "enableServiceLinks",
    "nodeSelector",
    "os",
    "preemptionPolicy",
    "priority",
    "priorityClassName",
    "schedulerName",
    "serviceAccount",
    "setHostnameAsFQDN",
    "shareProcessNamespace",
    "tolerations",
    "topologySpreadConstraints",
];

/// What of `template` cannot be honoured. Paths begin at the template.
pub(in crate::pods) fn check(template: &PodTemplate, ground: Ground<'_>) -> Vec<Violation> {
    let mut findings = Findings::default();
    findings.unknown("metadata", &template.metadata.other, &["creationTimestamp", "generateName"]);
    check_spec(&template.spec, ground, &mut findings);
    findings.into_violations()
}

fn check_spec(spec: &PodSpec, ground: Ground<'_>, findings: &mut Findings) {
    if spec.containers.is_empty() {
        findings.missing("spec.containers", "at least one container is needed");
    }
    let groups = [("initContainers", &spec.init_containers, true), ("containers", &spec.containers, false)];
    for (group, containers, init) in groups {
        for (index, container) in containers.iter().enumerate() {
            let path = format!("spec.{group}[{index}]");
            check_container(&path, container, init, ground, findings);
            let (pod, own) = (spec.security_context.as_ref(), container.security_context.as_ref());
            check_user(&path, pod, own, findings);
            check_parts(&path, container, &spec.volumes, findings);
        }
    }
    for (index, volume) in spec.volumes.iter().enumerate() {
        check_volume(&format!("spec.volumes[{index}]"), volume, ground, findings);
    }
    if let Some(policy) = spec.restart_policy.as_deref().filter(|policy| *policy != "Always") {
        findings.refuse("spec.restartPolicy", policy, "a set's pods restart `Always`");
    }
    if let Some(seconds) = spec.active_deadline_seconds {
        findings.refuse("spec.activeDeadlineSeconds", seconds, "a set's pods have no deadline");
    }
    let shared = [("hostNetwork", spec.host_network), ("hostPID", spec.host_pid), ("hostIPC", spec.host_ipc)];
    for (field, set) in shared {
        if set && !ground.options.allow_host_namespaces {
            findings.refuse(
                format!("spec.{field}"),
                true,
                "the host's namespaces are refused unless the embedder allows them (`PodOptions::allow_host_namespaces`)",
            );
        }
    }
    check_pod_security("spec.securityContext", spec.security_context.as_ref(), findings);
    findings.only("spec", &spec.other, "os", &[json!({ "name": "linux" })]);
    findings.only("spec", &spec.other, "dnsPolicy", &[Value::from("ClusterFirst")]);
    findings.only("spec", &spec.other, "setHostnameAsFQDN", &[Value::Bool(false)]);
    findings.only("spec", &spec.other, "shareProcessNamespace", &[Value::Bool(false), Value::Bool(true)]);
    if let Some(config) = &spec.dns_config {
        findings.unknown("spec.dnsConfig", &config.other, &["options"]);
    }
    findings.unknown("spec", &spec.other, &ACCEPTED);
}
