//! One container: names, ports, mounts, resources.

use std::collections::BTreeSet;

use super::super::path;
use super::checks::Checks;
use super::{environment, names, probe};
use crate::spec::{Container, ContainerPort, Resources, VolumeMount};

/// When a container runs.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Init,
    Main,
}

/// A container that may mount these volumes.
pub(super) fn check(at: &str, container: &Container, role: Role, volumes: &BTreeSet<&str>, checks: &mut Checks) {
    checks.named(&path::key(at, "name"), &container.name, names::dns_label);
    if let Some(image) = &container.image {
        let at = path::key(at, "image");
        if image.is_empty() {
            checks.missing(at, "required");
        } else if image.trim() != image || image.contains('\0') {
            checks.wrong(at, image, "must not have leading or trailing whitespace");
        }
    }
    if let Some(policy) = &container.image_pull_policy {
        checks.one_of(&path::key(at, "imagePullPolicy"), policy, &["Always", "IfNotPresent", "Never"]);
    }
    for (field, words) in [("command", &container.command), ("args", &container.args)] {
        let at = path::key(at, field);
        for (index, word) in words.iter().enumerate().filter(|(_, word)| word.contains('\0')) {
            checks.wrong(path::index(&at, index), word, "must not contain a NUL byte");
        }
    }
    if let Some(directory) = container.working_dir.as_deref().filter(|directory| directory.contains('\0')) {
        checks.wrong(path::key(at, "workingDir"), directory, "must not contain a NUL byte");
    }
    environment::check(at, container, checks);
    ports(&path::key(at, "ports"), &container.ports, checks);
    mounts(&path::key(at, "volumeMounts"), &container.volume_mounts, volumes, checks);
    if let Some(resources) = &container.resources {
        amounts(&path::key(at, "resources"), resources, checks);
    }
    probe::all(at, container, role, checks);
}

fn ports(at: &str, ports: &[ContainerPort], checks: &mut Checks) {
    let mut seen = BTreeSet::new();
    for (index, port) in ports.iter().enumerate() {
        let at = path::index(at, index);
        if let Some(name) = &port.name {
            let at = path::key(&at, "name");
            checks.follows(&at, name, names::port_name);
            checks.unique(&at, name, &mut seen);
        }
        checks.port(&path::key(&at, "containerPort"), port.container_port);
        if let Some(host_port) = port.host_port.filter(|port| *port != 0) {
            checks.port(&path::key(&at, "hostPort"), host_port);
        }
        if let Some(protocol) = &port.protocol {
            checks.one_of(&path::key(&at, "protocol"), protocol, &["TCP", "UDP", "SCTP"]);
        }
    }
}

fn mounts(at: &str, mounts: &[VolumeMount], volumes: &BTreeSet<&str>, checks: &mut Checks) {
    let mut seen = BTreeSet::new();
    for (index, mount) in mounts.iter().enumerate() {
        let at = path::index(at, index);
        let name = path::key(&at, "name");
        if mount.name.is_empty() {
            checks.missing(&name, "required");
        } else if !volumes.contains(mount.name.as_str()) {
            checks.wrong(&name, &mount.name, "not found: no volume and no claim template has this name");
        }
        let mount_path = path::key(&at, "mountPath");
        checks.named(&mount_path, &mount.mount_path, names::absolute_path);
        let mut place = mount.mount_path.trim_end_matches('/');
        if place.is_empty() {
            place = &mount.mount_path;
        }
        if !seen.insert(place) && !place.is_empty() {
            checks.wrong(&mount_path, &mount.mount_path, "must be unique");
        }
        if let Some(sub_path) = &mount.sub_path {
            checks.follows(&path::key(&at, "subPath"), sub_path, names::relative_path);
        }
    }
}

fn amounts(at: &str, resources: &Resources, checks: &mut Checks) {
    let Resources { limits, requests, other: _ } = resources;
    for (list, amounts) in [("limits", limits), ("requests", requests)] {
        let at = path::key(at, list);
        for (resource, amount) in amounts {
            if amount.milli().is_none() {
                checks.wrong(path::key(&at, resource), amount, "must be a quantity such as 500m or 1Gi, not negative");
            }
        }
    }
    for (resource, request) in requests {
        let Some(limit) = limits.get(resource) else { continue };
        if let (Some(least), Some(most)) = (request.milli(), limit.milli())
            && least > most
        {
            let at = path::key(&path::key(at, "requests"), resource);
            checks.wrong(at, request, format!("must be less than or equal to {resource} limit of {limit}"));
        }
    }
}
