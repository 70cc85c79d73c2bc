//! Volumes of the pod besides its claims.

use std::collections::BTreeSet;

use super::super::path;
use super::checks::Checks;
use super::{environment, names};
use crate::spec::{DownwardApiItem, KeyToPath, ProjectedSource, ProjectedVolume, Volume};

const MODE_MAX: i32 = 0o777;

/// The volumes of a pod; returns their names.
pub(super) fn all<'v>(at: &str, volumes: &'v [Volume], checks: &mut Checks) -> BTreeSet<&'v str> {
    let mut seen = BTreeSet::new();
    for (index, volume) in volumes.iter().enumerate() {
        let at = path::index(at, index);
        let name = path::key(&at, "name");
        checks.named(&name, &volume.name, names::dns_label);
        checks.unique(&name, &volume.name, &mut seen);
        source(&at, volume, checks);
    }
    seen
}

fn source(at: &str, volume: &Volume, checks: &mut Checks) {
    let mut there = vec![
        ("emptyDir", volume.empty_dir.is_some()),
        ("configMap", volume.config_map.is_some()),
        ("secret", volume.secret.is_some()),
        ("downwardAPI", volume.downward_api.is_some()),
        ("projected", volume.projected.is_some()),
        ("persistentVolumeClaim", volume.persistent_volume_claim.is_some()),
        ("hostPath", volume.host_path.is_some()),
    ];
    there.extend(volume.other.keys().map(|key| (key.as_str(), true)));
    checks.exactly_one(at, "volume type", &there);
    if let Some(empty) = &volume.empty_dir
        && let Some(limit) = empty.size_limit.as_ref().filter(|limit| limit.bytes().is_none())
    {
        checks.wrong(path::key(&path::key(at, "emptyDir"), "sizeLimit"), limit, "must be a quantity such as 1Gi");
    }
    if let Some(map) = &volume.config_map {
        let at = path::key(at, "configMap");
        checks.named(&path::key(&at, "name"), &map.name, names::dns_subdomain);
        mode(&path::key(&at, "defaultMode"), map.default_mode, checks);
        items(&at, &map.items, checks);
    }
    if let Some(secret) = &volume.secret {
        let at = path::key(at, "secret");
        checks.named(&path::key(&at, "secretName"), &secret.secret_name, names::dns_subdomain);
        mode(&path::key(&at, "defaultMode"), secret.default_mode, checks);
        items(&at, &secret.items, checks);
    }
    if let Some(fields) = &volume.downward_api {
        let at = path::key(at, "downwardAPI");
        mode(&path::key(&at, "defaultMode"), fields.default_mode, checks);
        fields_as_files(&at, &fields.items, checks);
    }
    if let Some(volume) = &volume.projected {
        projected(&path::key(at, "projected"), volume, checks);
    }
    if let Some(claim) = &volume.persistent_volume_claim {
        let at = path::key(&path::key(at, "persistentVolumeClaim"), "claimName");
        checks.named(&at, &claim.claim_name, names::dns_subdomain);
    }
    if let Some(host) = &volume.host_path {
        checks.named(&path::key(&path::key(at, "hostPath"), "path"), &host.path, names::absolute_path);
    }
}

fn projected(at: &str, volume: &ProjectedVolume, checks: &mut Checks) {
    mode(&path::key(at, "defaultMode"), volume.default_mode, checks);
    let at = path::key(at, "sources");
    for (index, source) in volume.sources.iter().enumerate() {
        let at = path::index(&at, index);
        let ProjectedSource { config_map, secret, downward_api, other } = source;
        let mut there = vec![
            ("configMap", config_map.is_some()),
            ("secret", secret.is_some()),
            ("downwardAPI", downward_api.is_some()),
        ];
        there.extend(other.keys().map(|key| (key.as_str(), true)));
        checks.exactly_one(&at, "volume source", &there);
        for (field, keys) in [("configMap", config_map), ("secret", secret)] {
            if let Some(keys) = keys {
                let at = path::key(&at, field);
                checks.named(&path::key(&at, "name"), &keys.name, names::dns_subdomain);
                items(&at, &keys.items, checks);
            }
        }
        if let Some(fields) = downward_api {
            fields_as_files(&path::key(&at, "downwardAPI"), &fields.items, checks);
        }
    }
}

fn items(at: &str, items: &[KeyToPath], checks: &mut Checks) {
    let at = path::key(at, "items");
    for (index, item) in items.iter().enumerate() {
        let at = path::index(&at, index);
        checks.named(&path::key(&at, "key"), &item.key, names::config_key);
        file(&at, &item.path, item.mode, checks);
    }
}

fn fields_as_files(at: &str, items: &[DownwardApiItem], checks: &mut Checks) {
    let at = path::key(at, "items");
    for (index, item) in items.iter().enumerate() {
        let at = path::index(&at, index);
        file(&at, &item.path, item.mode, checks);
        let there = [("fieldRef", item.field_ref.is_some()), ("resourceFieldRef", item.resource_field_ref.is_some())];
        checks.exactly_one(&at, "source", &there);
        if let Some(reference) = &item.field_ref {
            environment::field(&path::key(&at, "fieldRef"), reference, true, checks);
        }
        if let Some(reference) = &item.resource_field_ref {
            environment::resource(&path::key(&at, "resourceFieldRef"), reference, true, checks);
        }
    }
}

fn file(at: &str, path_in_volume: &str, file_mode: Option<i32>, checks: &mut Checks) {
    let at_path = path::key(at, "path");
    checks.named(&at_path, path_in_volume, names::relative_path);
    if path_in_volume.starts_with("..") && names::relative_path(path_in_volume).is_ok() {
        checks.wrong(at_path, path_in_volume, "must not start with '..'");
    }
    mode(&path::key(at, "mode"), file_mode, checks);
}

fn mode(at: &str, mode: Option<i32>, checks: &mut Checks) {
    if let Some(mode) = mode.filter(|mode| !(0..=MODE_MAX).contains(mode)) {
        checks.wrong(at, mode, "must be a number between 0 and 0777 (octal), both inclusive");
    }
}
