//! Environment variables and what they refer to.

use super::super::path;
use super::checks::Checks;
use super::names;
use crate::env::{FieldPath, ResourcePath};
use crate::spec::{Container, EnvVarSource, FieldRef, KeyRef, ResourceFieldRef};

/// `env` and `envFrom` of a container.
pub(super) fn check(at: &str, container: &Container, checks: &mut Checks) {
    let list = path::key(at, "env");
    for (index, variable) in container.env.iter().enumerate() {
        let at = path::index(&list, index);
        checks.named(&path::key(&at, "name"), &variable.name, names::env_name);
        let value = variable.value.as_deref().unwrap_or_default();
        if value.contains('\0') {
            checks.wrong(path::key(&at, "value"), value, "must not contain a NUL byte");
        }
        if let Some(source) = &variable.value_from {
            let at = path::key(&at, "valueFrom");
            if !value.is_empty() {
                checks.wrong(&at, value, "may not be specified when `value` is not empty");
            }
            value_from(&at, source, checks);
        }
    }
    let list = path::key(at, "envFrom");
    for (index, from) in container.env_from.iter().enumerate() {
        let at = path::index(&list, index);
        if !from.prefix.is_empty() {
            checks.follows(&path::key(&at, "prefix"), &from.prefix, names::env_name);
        }
        let sources = [("configMapRef", &from.config_map_ref), ("secretRef", &from.secret_ref)];
        checks.exactly_one(&at, "source", &sources.map(|(name, source)| (name, source.is_some())));
        for (field, source) in sources {
            if let Some(reference) = source {
                checks.named(&path::key(&path::key(&at, field), "name"), &reference.name, names::dns_subdomain);
            }
        }
    }
}

fn value_from(at: &str, source: &EnvVarSource, checks: &mut Checks) {
    let EnvVarSource { field_ref, resource_field_ref, config_map_key_ref, secret_key_ref, other } = source;
    let mut there = vec![
        ("fieldRef", field_ref.is_some()),
        ("resourceFieldRef", resource_field_ref.is_some()),
        ("configMapKeyRef", config_map_key_ref.is_some()),
        ("secretKeyRef", secret_key_ref.is_some()),
    ];
    there.extend(other.keys().map(|key| (key.as_str(), true)));
    checks.exactly_one(at, "source", &there);
    if let Some(reference) = field_ref {
        field(&path::key(at, "fieldRef"), reference, false, checks);
    }
    if let Some(reference) = resource_field_ref {
        resource(&path::key(at, "resourceFieldRef"), reference, false, checks);
    }
    for (name, reference) in [("configMapKeyRef", config_map_key_ref), ("secretKeyRef", secret_key_ref)] {
        if let Some(KeyRef { name: object, key, optional: _ }) = reference {
            let at = path::key(at, name);
            checks.named(&path::key(&at, "name"), object, names::dns_subdomain);
            checks.named(&path::key(&at, "key"), key, names::config_key);
        }
    }
}

/// A reference to a field of the pod.
pub(super) fn field(at: &str, reference: &FieldRef, in_file: bool, checks: &mut Checks) {
    let at = path::key(at, "fieldPath");
    let text = reference.field_path.as_str();
    let fits = |parsed: FieldPath<'_>| if in_file { parsed.fits_files() } else { parsed.fits_variables() };
    if text.is_empty() {
        checks.missing(at, "required");
    } else if !FieldPath::parse(text).is_some_and(fits) {
        let supported = if in_file { FieldPath::IN_FILES } else { FieldPath::IN_VARIABLES };
        checks.wrong(at, text, format!("supported values: {supported}"));
    }
}

/// A reference to a limit or request of a container.
pub(super) fn resource(at: &str, reference: &ResourceFieldRef, in_file: bool, checks: &mut Checks) {
    let ResourceFieldRef { container_name, resource, divisor } = reference;
    if in_file && container_name.as_deref().unwrap_or_default().is_empty() {
        checks.missing(path::key(at, "containerName"), "required");
    }
    if resource.is_empty() {
        checks.missing(path::key(at, "resource"), "required");
    } else if ResourcePath::parse(resource).is_none() {
        checks.wrong(path::key(at, "resource"), resource, format!("supported values: {}", ResourcePath::ACCEPTED));
    }
    if let Some(divisor) = divisor.as_ref().filter(|divisor| divisor.milli().is_none()) {
        checks.wrong(path::key(at, "divisor"), divisor, "must be a quantity such as 1m or 1Mi");
    }
}
