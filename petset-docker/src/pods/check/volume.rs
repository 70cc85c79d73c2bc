//! One volume.

use std::path::{Component, Path};

use petset_core::spec::{EmptyDirVolume, HostPathVolume, Volume};

use super::findings::Findings;
use crate::pods::options::PodOptions;

/// Where engines listen; whoever reaches one owns the host.
const SOCKETS: [&str; 4] =
    ["/var/run/docker.sock", "/run/docker.sock", "/run/podman/podman.sock", "/run/containerd/containerd.sock"];

pub(super) fn check_volume(path: &str, volume: &Volume, options: &PodOptions, findings: &mut Findings) {
    if let Some(empty) = &volume.empty_dir {
        check_empty(&format!("{path}.emptyDir"), empty, findings);
    }
    if let Some(claim) = &volume.persistent_volume_claim {
        findings.refuse(
            format!("{path}.persistentVolumeClaim.claimName"),
            &claim.claim_name,
            "one claim for all pets has no keeper here; give each pet its own in `volumeClaimTemplates`",
        );
    }
    if let Some(host) = &volume.host_path {
        check_host_path(&format!("{path}.hostPath"), host, options, findings);
    }
    for (index, source) in volume.projected.iter().flat_map(|projected| projected.sources.iter().enumerate()) {
        findings.unknown(&format!("{path}.projected.sources[{index}]"), &source.other, &[]);
    }
    findings.unknown(path, &volume.other, &[]);
}

fn check_empty(path: &str, empty: &EmptyDirVolume, findings: &mut Findings) {
    match empty.medium.as_str() {
        "Memory" => {}
        "" => {
            if let Some(limit) = &empty.size_limit {
                findings.refuse(
                    format!("{path}.sizeLimit"),
                    limit,
                    "the engine limits no directory on disk; use medium `Memory`, or a claim",
                );
            }
        }
        medium => findings.refuse(format!("{path}.medium"), medium, "must be empty or `Memory`"),
    }
}

fn check_host_path(path: &str, host: &HostPathVolume, options: &PodOptions, findings: &mut Findings) {
    let place = Path::new(&host.path);
    let is_plain = place.is_absolute() && !place.components().any(|part| part == Component::ParentDir);
    let is_allowed = options.allowed_host_paths.iter().any(|allowed| place.starts_with(allowed));
    if !is_plain || !is_allowed {
        findings.refuse(
            format!("{path}.path"),
            &host.path,
            "paths of the host are refused unless the embedder allows them (`PodOptions::allowed_host_paths`)",
        );
    } else if let Some(socket) = SOCKETS.iter().find(|socket| Path::new(socket).starts_with(place))
        && !options.allowed_host_paths.iter().any(|allowed| allowed == Path::new(socket))
    {
        findings.refuse(
            format!("{path}.path"),
            &host.path,
            format!("`{socket}` is in it, and whoever has an engine's socket owns the host: allow the socket itself"),
        );
    }
    let kind = host.kind.as_deref().unwrap_or_default();
    if !matches!(kind, "" | "Directory" | "File" | "Socket") {
        findings.refuse(format!("{path}.type"), kind, "must be empty, `Directory`, `File` or `Socket`");
    }
}
