//! The template as a whole.

use std::collections::BTreeSet;

use petset_core::manifest::Violation;
use petset_core::spec::{PodSpec, PodTemplate, Verbatim};

use super::container::check_container;
use super::findings::Findings;
use super::volume::check_volume;
use crate::pods::options::PodOptions;

/// Fields without a meaning on a single machine.
const HARMLESS: [&str; 13] = [
    "affinity",
    "automountServiceAccountToken",
    "dnsPolicy",
    "enableServiceLinks",
    "imagePullSecrets",
    "nodeSelector",
    "preemptionPolicy",
    "priority",
    "priorityClassName",
    "schedulerName",
    "serviceAccount",
    "tolerations",
    "topologySpreadConstraints",
];
/// Fields that may only say `false`.
const SWITCHES: [&str; 2] = ["setHostnameAsFQDN", "shareProcessNamespace"];

/// What of `template` cannot be honoured. Paths begin at the template.
pub(in crate::pods) fn check(template: &PodTemplate, options: &PodOptions, own_view: bool) -> Vec<Violation> {
    let mut findings = Findings::default();
    findings.unknown("metadata", &template.metadata.other, &["creationTimestamp", "generateName"]);
    check_spec(&template.spec, options, own_view, &mut findings);
    findings.into_violations()
}

fn check_spec(spec: &PodSpec, options: &PodOptions, own_view: bool, findings: &mut Findings) {
    if spec.containers.is_empty() {
        findings.missing("spec.containers", "at least one container is needed");
    }
    let groups = [("initContainers", &spec.init_containers, true), ("containers", &spec.containers, false)];
    for (group, containers, init) in groups {
        for (index, container) in containers.iter().enumerate() {
            check_container(&format!("spec.{group}[{index}]"), container, init, own_view, findings);
        }
    }
    let mut names = BTreeSet::new();
    for container in spec.init_containers.iter().chain(&spec.containers) {
        if !names.insert(&container.name) {
            findings.refuse("spec.containers", &container.name, "two containers of a pod cannot have the same name");
        }
    }
    for (index, volume) in spec.volumes.iter().enumerate() {
        check_volume(&format!("spec.volumes[{index}]"), volume, options, findings);
    }
    if let Some(policy) = spec.restart_policy.as_deref().filter(|policy| *policy != "Always") {
        findings.refuse("spec.restartPolicy", policy, "a set's pods restart `Always`");
    }
    if let Some(seconds) = spec.active_deadline_seconds {
        findings.refuse("spec.activeDeadlineSeconds", seconds, "a set's pods have no deadline");
    }
    let shared = [("hostNetwork", spec.host_network), ("hostPID", spec.host_pid), ("hostIPC", spec.host_ipc)];
    for (field, set) in shared {
        if set {
            findings.refuse(format!("spec.{field}"), true, "pods may not ask for the host's namespaces");
        }
    }
    check_security("spec.securityContext", spec.security_context.as_ref(), findings);
    check_names(spec, own_view, findings);
    let accepted: Vec<&str> = HARMLESS.into_iter().chain(SWITCHES).collect();
    findings.unknown("spec", &spec.other, &accepted);
    findings.off("spec", &spec.other, &SWITCHES);
}

/// What shapes `/etc/hosts` and `/etc/resolv.conf`.
fn check_names(spec: &PodSpec, own_view: bool, findings: &mut Findings) {
    if let Some(policy) = spec.other.get("dnsPolicy")
        && policy.as_str() != Some("ClusterFirst")
    {
        findings.refuse("spec.dnsPolicy", policy, "only `ClusterFirst` is supported on this machine");
    }
    if let Some(config) = &spec.dns_config {
        findings.unknown("spec.dnsConfig", &config.other, &["options"]);
    }
    if own_view {
        return;
    }
    let reason = "pods have no files of their own here: the kernel allows no namespaces";
    if spec.dns_config.is_some() {
        findings.refuse("spec.dnsConfig", "(set)", reason);
    }
    if !spec.host_aliases.is_empty() {
        findings.refuse("spec.hostAliases", spec.host_aliases.len(), reason);
    }
}

/// A security context, which is refused unless it says nothing.
pub(super) fn check_security(path: &str, context: Option<&Verbatim>, findings: &mut Findings) {
    for (key, value) in context.into_iter().flatten().filter(|(_, value)| !value.is_null()) {
        findings.refuse(
            format!("{path}.{key}"),
            value,
            "processes of this machine run with the rights of the program that embeds this library; use the docker or \
             kube backend for other users and capabilities",
        );
    }
}
