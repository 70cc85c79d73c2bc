//! The set itself: names, numbers, policies.

use super::super::{Violation, unknown};
use super::checks::Checks;
use super::{claim, meta, names, pod};
use crate::names::Ordinal;
use crate::spec::{IntOrString, PetSet, PetSetSpec, UpdateStrategy, UpdateStrategyType};

/// Pods carry a label with the value `<set>-<hash>`, and a label's value has at most 63 characters; so has a pod's
/// hostname `<set>-<ordinal>`, and both suffixes have up to ten characters and a hyphen (kubernetes#64023).
const NAME_MAX: usize = 63 - 11;

/// Everything that is wrong with a set whose defaults are filled in.
pub(crate) fn check(set: &PetSet) -> Vec<Violation> {
    let mut found = Vec::new();
    unknown::in_set(set, &mut found);
    let mut checks = Checks::default();
    let PetSet { metadata, spec } = set;
    checks.named("metadata.name", &metadata.name, names::dns_label);
    if metadata.name.len() > NAME_MAX && names::dns_label(&metadata.name).is_ok() {
        let problem = format!(
            "must have at most {NAME_MAX} characters: pods are labelled `<set>-<hash>`, and such a value has at most 63"
        );
        checks.wrong("metadata.name", &metadata.name, problem);
    }
    checks.named("metadata.namespace", &metadata.namespace, names::dns_label);
    meta::labels_and_annotations("metadata", metadata, &mut checks);
    if !spec.service_name.is_empty() {
        checks.follows("spec.serviceName", &spec.service_name, names::dns_label);
    }
    numbers(spec, &mut checks);
    if let Some(strategy) = &spec.update_strategy {
        update_strategy(strategy, &mut checks);
    }
    selector(spec, &mut checks);
    pod::template("spec.template", spec, &mut checks);
    claim::templates("spec.volumeClaimTemplates", &spec.volume_claim_templates, &mut checks);
    found.extend(checks.into_found());
    found
}

fn numbers(spec: &PetSetSpec, checks: &mut Checks) {
    let replicas = spec.replicas.unwrap_or(1);
    checks.at_least("spec.replicas", replicas, 0);
    checks.at_least("spec.minReadySeconds", spec.min_ready_seconds.unwrap_or(0), 0);
    let start = spec.ordinals.as_ref().map_or(0, |ordinals| ordinals.start);
    checks.at_least("spec.ordinals.start", start, 0);
    let last = i64::from(start) + i64::from(replicas) - 1;
    if start >= 0 && last > i64::from(Ordinal::MAX.0) {
        let problem = format!(
            "the last ordinal would be {last}; `ordinals.start` + `replicas` - 1 must not be above {}",
            Ordinal::MAX
        );
        checks.wrong("spec.ordinals.start", start, problem);
    }
}

fn update_strategy(strategy: &UpdateStrategy, checks: &mut Checks) {
    let at = "spec.updateStrategy.rollingUpdate";
    let Some(rolling) = &strategy.rolling_update else { return };
    if strategy.kind == Some(UpdateStrategyType::OnDelete) {
        checks.wrong(at, "(set)", "only allowed for updateStrategy 'RollingUpdate'");
        return;
    }
    checks.at_least(&format!("{at}.partition"), rolling.partition.unwrap_or(0), 0);
    let at = format!("{at}.maxUnavailable");
    match &rolling.max_unavailable {
        None => {}
        Some(IntOrString::Int(0)) => checks.wrong(at, 0, "cannot be 0"),
        Some(IntOrString::Int(number)) => checks.at_least(&at, *number, 0),
        Some(IntOrString::String(text)) => match text.strip_suffix('%') {
            Some(digits) if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) => {
                match digits.parse::<u32>() {
                    Ok(0) => checks.wrong(at, text, "cannot be 0"),
                    Ok(1..=100) => {}
                    Ok(_) | Err(_) => checks.wrong(at, text, "must not be greater than 100%"),
                }
            }
            _ => checks.wrong(at, text, "must be a whole number or a percentage such as '25%'"),
        },
    }
}

fn selector(spec: &PetSetSpec, checks: &mut Checks) {
    let labels = &spec.template.metadata.labels;
    match &spec.selector {
        None => checks.missing("spec.selector", "required"),
        Some(selector) if selector.is_empty() && labels.is_empty() => {
            checks.missing("spec.template.metadata.labels", "required: the selector must match at least one label");
        }
        Some(selector) if selector.is_empty() => {
            checks.wrong("spec.selector", "{}", "empty selector is invalid for statefulset");
        }
        Some(selector) => {
            meta::selector("spec.selector", selector, checks);
            if !selector.matches(labels) {
                let labels: Vec<String> = labels.iter().map(|(key, value)| format!("{key}={value}")).collect();
                let problem = "`selector` does not match template `labels`";
                checks.wrong("spec.template.metadata.labels", labels.join(","), problem);
            }
        }
    }
}
