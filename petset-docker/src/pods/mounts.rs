//! Where a volume of the template is on the engine, and how containers see it.

use std::collections::HashMap;

use bollard::models::{Mount, MountType, MountVolumeOptions, VolumeCreateRequest};
use petset_core::backend::PodRequest;
use petset_core::spec::{Quantity, Volume, VolumeMount};
use petset_core::{Error, ErrorKind, Result};

use crate::labels::{self, Role};

/// Where the sandbox mounts all volumes of its pod, so that they stay in use, and files can be put into them.
pub(super) const ROOT: &str = "/petset";

/// What stands behind a mount's name.
#[derive(Debug, Clone, Copy)]
pub(super) enum Source<'a> {
    /// A claim, by its template's name.
    Claim(&'a str),
    /// A volume that lives and dies with the pod.
    Pod(&'a Volume),
    /// A path of the host.
    Host(&'a str),
}

impl<'a> Source<'a> {
    /// What `mount` means in this pod.
    pub(super) fn of(mount: &'a VolumeMount, request: &'a PodRequest) -> Result<Self> {
        if request.claims.contains_key(&mount.name) {
            return Ok(Self::Claim(&mount.name));
        }
        let volume = request.template.spec.volumes.iter().find(|volume| volume.name == mount.name);
        let volume = volume.ok_or_else(|| {
            Error::new(ErrorKind::Invalid, "mount a volume")
                .with_context("volume", &mount.name)
                .with_message("no volume and no claim has this name")
        })?;
        Ok(volume.host_path.as_ref().map_or(Self::Pod(volume), |host| Self::Host(&host.path)))
    }

    /// Where the sandbox has it.
    pub(super) fn place(self) -> Option<String> {
        match self {
            Self::Claim(template) => Some(claim_place(template)),
            Self::Pod(volume) => Some(pod_place(volume)),
            Self::Host(_) => None,
        }
    }

    /// Whether its files are ours to write.
    pub(super) fn is_files(self) -> bool {
        matches!(self, Self::Pod(volume) if volume.empty_dir.is_none())
    }
}

pub(super) fn claim_place(template: &str) -> String {
    format!("{ROOT}/claim-{template}")
}

pub(super) fn pod_place(volume: &Volume) -> String {
    format!("{ROOT}/volume-{}", volume.name)
}

/// The volumes of the template that live and die with the pod; a claim of the same name takes their place.
pub(super) fn of_pod(request: &PodRequest) -> impl Iterator<Item = &Volume> {
    let volumes = request.template.spec.volumes.iter();
    volumes.filter(|volume| volume.host_path.is_none() && !request.claims.contains_key(&volume.name))
}

/// A whole volume of the engine at a path.
pub(super) fn whole(volume: &str, target: &str, read_only: bool) -> Mount {
    Mount {
        target: Some(target.to_owned()),
        source: Some(volume.to_owned()),
        typ: Some(MountType::VOLUME),
        read_only: Some(read_only),
        // What an image has at that path does not get into the volume, as in Kubernetes.
        volume_options: Some(MountVolumeOptions { no_copy: Some(true), ..MountVolumeOptions::default() }),
        ..Mount::default()
    }
}

/// A path of the host at a path.
pub(super) fn bound(path: &str, target: &str, read_only: bool) -> Mount {
    Mount {
        target: Some(target.to_owned()),
        source: Some(path.to_owned()),
        typ: Some(MountType::BIND),
        read_only: Some(read_only),
        ..Mount::default()
    }
}

/// How a volume that lives and dies with its pod is made.
pub(super) fn recipe(volume: &Volume, request: &PodRequest, record: &str, node: &str) -> VolumeCreateRequest {
    let label = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    let memory = volume.empty_dir.as_ref().filter(|empty| empty.medium == "Memory");
    let options = memory.map(|empty| {
        let size = empty.size_limit.as_ref().and_then(Quantity::bytes);
        let size = size.map_or_else(String::new, |bytes| format!(",size={bytes}"));
        HashMap::from([label("type", "tmpfs"), label("device", "tmpfs"), label("o", &format!("mode=0777{size}"))])
    });
    let identity = labels::identity(Role::PodVolume, &request.set, request.ordinal);
    let labels = identity.into_iter().chain([label(labels::RECORD, record), label(labels::NODE, node)]);
    VolumeCreateRequest {
        name: Some(labels::pod_volume(&volume.name, record)),
        labels: Some(labels.collect()),
        driver_opts: options,
        ..VolumeCreateRequest::default()
    }
}
