//! One volume.

use std::path::{Component, Path};

use petset_core::spec::{EmptyDirVolume, HostPathVolume, Volume};

use super::findings::Findings;
use crate::pods::options::PodOptions;
use crate::pods::paths::is_safe;

pub(super) fn check_volume(path: &str, volume: &Volume, options: &PodOptions, findings: &mut Findings) {
    let Volume {
        name,
        empty_dir,
        config_map,
        secret,
        downward_api,
        projected,
        persistent_volume_claim,
        host_path,
        other,
    } = volume;
    if !is_safe(name) {
        findings.refuse(format!("{path}.name"), name, "must be a name in lower case letters, digits and `-`");
    }
    let sources = [
        empty_dir.is_some(),
        config_map.is_some(),
        secret.is_some(),
        downward_api.is_some(),
        projected.is_some(),
        persistent_volume_claim.is_some(),
        host_path.is_some(),
    ];
    if sources.into_iter().filter(|&set| set).count() != 1 && other.is_empty() {
        findings.missing(path, "exactly one source is needed");
    }
    if let Some(empty) = empty_dir {
        check_empty(&format!("{path}.emptyDir"), empty, findings);
    }
    if let Some(claim) = persistent_volume_claim {
        findings.refuse(
            format!("{path}.persistentVolumeClaim.claimName"),
            &claim.claim_name,
            "one claim for all pets has no keeper on this machine; give each pet its own in `volumeClaimTemplates`",
        );
    }
    if let Some(host) = host_path {
        check_host_path(&format!("{path}.hostPath"), host, options, findings);
    }
    for (index, source) in projected.iter().flat_map(|projected| projected.sources.iter().enumerate()) {
        findings.unknown(&format!("{path}.projected.sources[{index}]"), &source.other, &[]);
    }
    findings.unknown(path, other, &[]);
}

fn check_empty(path: &str, empty: &EmptyDirVolume, findings: &mut Findings) {
    if !matches!(empty.medium.as_str(), "" | "Memory") {
        findings.refuse(format!("{path}.medium"), &empty.medium, "must be empty or `Memory`");
    }
    if let Some(limit) = &empty.size_limit {
        findings.refuse(format!("{path}.sizeLimit"), limit, "sizes of directories are not enforced on this machine");
    }
}

fn check_host_path(path: &str, host: &HostPathVolume, options: &PodOptions, findings: &mut Findings) {
    let place = Path::new(&host.path);
    let plain = place.is_absolute() && !place.components().any(|part| part == Component::ParentDir);
    if !plain || !options.allowed_host_paths.iter().any(|allowed| place.starts_with(allowed)) {
        findings.refuse(
            format!("{path}.path"),
            &host.path,
            "paths of the host are refused unless the embedder allows them (`PodOptions::allowed_host_paths`)",
        );
    }
    let kind = host.kind.as_deref().unwrap_or_default();
    if !matches!(kind, "" | "Directory" | "DirectoryOrCreate" | "File") {
        findings.refuse(format!("{path}.type"), kind, "must be empty, `Directory`, `DirectoryOrCreate` or `File`");
    }
}
