//! One volume.

use std::path::{Component, Path};

use petset_core::spec::{Container, EmptyDirVolume, HostPathVolume, Volume};

use super::Ground;
use super::findings::Findings;
use super::sockets;

pub(super) fn check_volume(path: &str, volume: &Volume, ground: Ground<'_>, findings: &mut Findings) {
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
        check_host_path(&format!("{path}.hostPath"), host, ground, findings);
    }
    for (index, source) in volume.projected.iter().flat_map(|projected| projected.sources.iter().enumerate()) {
        findings.unknown(&format!("{path}.projected.sources[{index}]"), &source.other, &[]);
    }
    findings.unknown(path, &volume.other, &[]);
}

/// Parts of a path of the host: a link that a container made there would lead anywhere on the host, and nobody looks.
pub(super) fn check_parts(path: &str, container: &Container, volumes: &[Volume], findings: &mut Findings) {
    for (index, mount) in container.volume_mounts.iter().enumerate() {
        let of_host = volumes.iter().any(|volume| volume.name == mount.name && volume.host_path.is_some());
        if let Some(part) = mount.sub_path.as_deref().filter(|part| of_host && !part.is_empty()) {
            findings.refuse(
                format!("{path}.volumeMounts[{index}].subPath"),
                part,
                "a part of a path of the host may be a link to anywhere on it: name the whole path in `hostPath`",
            );
        }
    }
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

fn check_host_path(path: &str, host: &HostPathVolume, ground: Ground<'_>, findings: &mut Findings) {
    let place = Path::new(&host.path);
    let is_plain = place.is_absolute() && !place.components().any(|part| part == Component::ParentDir);
    let is_allowed = ground.options.allowed_host_paths.iter().any(|allowed| place.starts_with(allowed));
    if !is_plain || !is_allowed {
        findings.refuse(
            format!("{path}.path"),
            &host.path,
            "paths of the host are refused unless the embedder allows them (`PodOptions::allowed_host_paths`)",
        );
    } else if let Some(socket) = sockets::reached_by(place, ground.host)
        && !ground.options.allowed_host_paths.contains(&socket)
    {
        findings.refuse(
            format!("{path}.path"),
            &host.path,
            format!(
                "`{}` is in it, and whoever has an engine's socket owns the host: allow the socket itself",
                socket.display()
            ),
        );
    }
    if let Some(kind) = host.kind.as_deref().filter(|kind| !kind.is_empty()) {
        findings.refuse(
            format!("{path}.type"),
            kind,
            "nobody looks at what is there, on the engine's host, and nothing is made: leave it out; the engine refuses a \
             path that is not there",
        );
    }
}
