//! Claim templates.
//!
//! A claim's whole name `<template>-<set>-<ordinal>` fits whenever its parts do: 63 + 52 + 10 characters and two hyphens
//! are less than the 253 that it may have.

use std::collections::BTreeSet;

use super::super::path;
use super::checks::Checks;
use super::{meta, names};
use crate::spec::{ClaimSpec, ClaimTemplate};

const ACCESS_MODES: [&str; 4] = ["ReadWriteOnce", "ReadOnlyMany", "ReadWriteMany", "ReadWriteOncePod"];

/// The claim templates of a set.
pub(super) fn templates(at: &str, templates: &[ClaimTemplate], checks: &mut Checks) {
    let mut seen = BTreeSet::new();
    for (index, template) in templates.iter().enumerate() {
        let at = path::index(at, index);
        let metadata = path::key(&at, "metadata");
        let name = path::key(&metadata, "name");
        checks.named(&name, &template.metadata.name, names::dns_label);
        checks.unique(&name, &template.metadata.name, &mut seen);
        meta::labels_and_annotations(&metadata, &template.metadata, checks);
        spec(&path::key(&at, "spec"), &template.spec, checks);
    }
}

fn spec(at: &str, spec: &ClaimSpec, checks: &mut Checks) {
    let modes = path::key(at, "accessModes");
    if spec.access_modes.is_empty() {
        checks.missing(&modes, "at least 1 access mode is required");
    }
    for (index, mode) in spec.access_modes.iter().enumerate() {
        checks.one_of(&path::index(&modes, index), mode, &ACCESS_MODES);
    }
    if spec.access_modes.len() > 1 && spec.access_modes.iter().any(|mode| mode == "ReadWriteOncePod") {
        checks.wrong(&modes, spec.access_modes.join(", "), "may not use ReadWriteOncePod with other access modes");
    }
    let requests = path::key(&path::key(at, "resources"), "requests");
    let storage = path::key(&requests, "storage");
    match spec.storage() {
        None => checks.missing(&storage, "required: how large the volume must be"),
        Some(amount) => match amount.bytes() {
            None => checks.wrong(&storage, amount, "must be a quantity such as 1Gi or 500M"),
            Some(0) => checks.wrong(&storage, amount, "must be greater than zero"),
            Some(_) => {}
        },
    }
    for (resource, amount) in spec.resources.requests.iter().filter(|(resource, _)| *resource != "storage") {
        if amount.milli().is_none() {
            checks.wrong(path::key(&requests, resource), amount, "must be a quantity such as 1Gi or 500M");
        }
    }
    if let Some(class) = spec.storage_class_name.as_deref().filter(|class| !class.is_empty()) {
        checks.follows(&path::key(at, "storageClassName"), class, names::dns_subdomain);
    }
    if let Some(mode) = &spec.volume_mode {
        checks.one_of(&path::key(at, "volumeMode"), mode, &["Filesystem", "Block"]);
    }
    if let Some(name) = spec.volume_name.as_deref().filter(|name| !name.is_empty()) {
        checks.follows(&path::key(at, "volumeName"), name, names::dns_subdomain);
    }
    if let Some(selector) = &spec.selector {
        meta::selector(&path::key(at, "selector"), selector, checks);
    }
}
