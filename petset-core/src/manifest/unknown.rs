//! Fields that nobody knows, and what was probably meant.

use super::{Violation, path, typed};
use crate::spec::{ClaimTemplate, ObjectMeta, PetSet, PodSpec, Verbatim};

const METADATA: &[&str] = &[
    "name",
    "namespace",
    "labels",
    "annotations",
    "generateName",
    "finalizers",
    "ownerReferences",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
];
const SET: &[&str] = &[
    "replicas",
    "serviceName",
    "selector",
    "template",
    "volumeClaimTemplates",
    "podManagementPolicy",
    "updateStrategy",
    "minReadySeconds",
    "revisionHistoryLimit",
    "ordinals",
    "persistentVolumeClaimRetentionPolicy",
];
const CLAIM: &[&str] = &["metadata", "spec"];
const CLAIM_SPEC: &[&str] = &[
    "accessModes",
    "resources",
    "storageClassName",
    "selector",
    "volumeName",
    "volumeMode",
    "dataSource",
    "dataSourceRef",
    "volumeAttributesClassName",
];
const POD: &[&str] = &[
    "initContainers",
    "containers",
    "volumes",
    "restartPolicy",
    "terminationGracePeriodSeconds",
    "activeDeadlineSeconds",
    "hostname",
    "subdomain",
    "hostAliases",
    "dnsConfig",
    "serviceAccountName",
    "hostNetwork",
    "hostPID",
    "hostIPC",
    "securityContext",
    "affinity",
    "automountServiceAccountToken",
    "dnsPolicy",
    "enableServiceLinks",
    "ephemeralContainers",
    "hostUsers",
    "imagePullSecrets",
    "nodeName",
    "nodeSelector",
    "os",
    "overhead",
    "preemptionPolicy",
    "priority",
    "priorityClassName",
    "readinessGates",
    "resourceClaims",
    "resources",
    "runtimeClassName",
    "schedulerName",
    "schedulingGates",
    "serviceAccount",
    "setHostnameAsFQDN",
    "shareProcessNamespace",
    "tolerations",
    "topologySpreadConstraints",
];
const CONTAINER: &[&str] = &[
    "name",
    "image",
    "imagePullPolicy",
    "command",
    "args",
    "workingDir",
    "env",
    "envFrom",
    "ports",
    "volumeMounts",
    "resources",
    "livenessProbe",
    "readinessProbe",
    "startupProbe",
    "lifecycle",
    "securityContext",
    "resizePolicy",
    "restartPolicy",
    "restartPolicyRules",
    "stdin",
    "stdinOnce",
    "terminationMessagePath",
    "terminationMessagePolicy",
    "tty",
    "volumeDevices",
];

/// The known word that `word` was probably meant to be.
pub(super) fn meant<'k>(word: &str, known: &[&'k str]) -> Option<&'k str> {
    // No field has a name this long, and comparing would take its time.
    if word.len() > Violation::MAX_VALUE_CHARS {
        return None;
    }
    let alike = |known: &&str| strsim::jaro_winkler(&word.to_lowercase(), &known.to_lowercase());
    let best = known.iter().max_by(|a, b| alike(a).total_cmp(&alike(b)))?;
    (alike(best) >= 0.88).then_some(*best)
}

/// Each field of `other` that is not `known` is a violation.
fn refuse(at: &str, other: &Verbatim, known: &[&str], found: &mut Vec<Violation>) {
    for (key, value) in other.iter().filter(|(key, _)| !known.contains(&key.as_str())) {
        let problem = meant(key, known)
            .map_or_else(|| "unknown field".to_owned(), |meant| format!("unknown field; did you mean `{meant}`?"));
        found.push(Violation::new(path::key(at, key), typed::shown(value), problem));
    }
}

/// The unknown fields of a document besides those named here.
pub(super) fn top_level(fields: &Verbatim, known: &[&str], found: &mut Vec<Violation>) {
    refuse("", fields, known, found);
}

/// The unknown fields of a set, outside of its pod template.
pub(super) fn in_set(set: &PetSet, found: &mut Vec<Violation>) {
    let spec = &set.spec;
    metadata("metadata", &set.metadata, found);
    refuse("spec", &spec.other, SET, found);
    if let Some(strategy) = &spec.update_strategy {
        refuse("spec.updateStrategy", &strategy.other, &["type", "rollingUpdate"], found);
        if let Some(rolling) = &strategy.rolling_update {
            let known = &["partition", "maxUnavailable"];
            refuse("spec.updateStrategy.rollingUpdate", &rolling.other, known, found);
        }
    }
    if let Some(ordinals) = &spec.ordinals {
        refuse("spec.ordinals", &ordinals.other, &["start"], found);
    }
    if let Some(policy) = &spec.persistent_volume_claim_retention_policy {
        let at = "spec.persistentVolumeClaimRetentionPolicy";
        refuse(at, &policy.other, &["whenScaled", "whenDeleted"], found);
    }
    for (index, template) in spec.volume_claim_templates.iter().enumerate() {
        claim(&path::index("spec.volumeClaimTemplates", index), template, found);
    }
}

fn metadata(at: &str, metadata: &ObjectMeta, found: &mut Vec<Violation>) {
    refuse(at, &metadata.other, METADATA, found);
}

fn claim(at: &str, template: &ClaimTemplate, found: &mut Vec<Violation>) {
    let ClaimTemplate { metadata: meta, spec, other } = template;
    metadata(&path::key(at, "metadata"), meta, found);
    refuse(at, other, CLAIM, found);
    let at = path::key(at, "spec");
    refuse(&at, &spec.other, CLAIM_SPEC, found);
    refuse(&path::key(&at, "resources"), &spec.resources.other, &["requests", "limits"], found);
}

/// Fields of the pod template that are kept as they are but look like a slip of the pen.
pub(super) fn slips_in_pod(at: &str, pod: &PodSpec) -> Vec<Violation> {
    let mut slips = Vec::new();
    suspect(at, &pod.other, POD, &mut slips);
    for (list, containers) in [("initContainers", &pod.init_containers), ("containers", &pod.containers)] {
        let at = path::key(at, list);
        for (index, container) in containers.iter().enumerate() {
            suspect(&path::index(&at, index), &container.other, CONTAINER, &mut slips);
        }
    }
    slips
}

fn suspect(at: &str, other: &Verbatim, known: &[&str], slips: &mut Vec<Violation>) {
    for (key, value) in other.iter().filter(|(key, _)| !known.contains(&key.as_str())) {
        if let Some(meant) = meant(key, known) {
            let problem = format!("is kept as written, but nobody knows it; did you mean `{meant}`?");
            slips.push(Violation::new(path::key(at, key), typed::shown(value), problem));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_of_the_pen_are_recognised() {
        for (word, expected) in [
            ("replica", Some("replicas")),
            ("Replicas", Some("replicas")),
            ("volumeClaimTemplate", Some("volumeClaimTemplates")),
            ("servicename", Some("serviceName")),
            ("strategy", None),
            ("x", None),
            ("", None),
        ] {
            assert_eq!(meant(word, SET), expected, "{word}");
        }
    }
}
