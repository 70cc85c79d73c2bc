//! What of a claim template volumes of an engine cannot honour.

use petset_core::manifest::Violation;
use petset_core::spec::{ClaimSpec, ClaimTemplate};

const MODES: [&str; 4] = ["ReadWriteOnce", "ReadOnlyMany", "ReadWriteMany", "ReadWriteOncePod"];

pub(super) fn check(template: &ClaimTemplate) -> Vec<Violation> {
    let ClaimSpec { access_modes, resources, storage_class_name: _, selector: _, volume_name: _, volume_mode, other } =
        &template.spec;
    let mut violations = Vec::new();
    if access_modes.is_empty() {
        violations.push(Violation::missing("spec.accessModes", "at least one access mode is required"));
    }
    for (index, mode) in access_modes.iter().enumerate().filter(|(_, mode)| !MODES.contains(&mode.as_str())) {
        let path = format!("spec.accessModes[{index}]");
        violations.push(Violation::new(path, mode, format!("expected one of {}", MODES.join(", "))));
    }
    match template.spec.storage() {
        None => violations.push(Violation::missing("spec.resources.requests.storage", "an amount is required")),
        Some(amount) if amount.bytes().is_none_or(|bytes| bytes == 0) => violations.push(Violation::new(
            "spec.resources.requests.storage",
            amount,
            "expected an amount above zero, for example 1Gi",
        )),
        Some(_) => {}
    }
    for (name, amount) in resources.requests.iter().filter(|(name, _)| *name != "storage") {
        let path = format!("spec.resources.requests.{name}");
        violations.push(Violation::new(path, amount, "only storage can be claimed"));
    }
    for (name, value) in &resources.other {
        violations.push(Violation::new(format!("spec.resources.{name}"), value, "volumes have no such limit"));
    }
    if let Some(mode) = volume_mode.as_ref().filter(|mode| *mode != "Filesystem") {
        violations.push(Violation::new("spec.volumeMode", mode, "volumes are of mode Filesystem only"));
    }
    for (name, value) in other {
        violations.push(Violation::new(format!("spec.{name}"), value, "volumes of an engine cannot honour this field"));
    }
    violations
}
