//! From the volumes of a template to directories of the machine, and what of them a container sees.

use std::fs::{self, Permissions};
use std::io;
use std::net::IpAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Component, Path, PathBuf};

use petset_core::backend::PodRequest;
use petset_core::env::{PodFacts, VolumeFile, volume_files};
use petset_core::spec::{Container, HostPathVolume, Volume, VolumeMount};
use petset_core::{Error, ErrorKind, Result};

use super::etc;
use super::fault::disk;
use super::options::PodOptions;
use super::paths::Paths;
use super::view::Mount;
use crate::seams::ClaimSource;

/// The volumes of one pod.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sources<'a> {
    pub(super) paths: &'a Paths,
    pub(super) facts: PodFactsRef<'a>,
    pub(super) claims: &'a dyn ClaimSource,
    pub(super) options: &'a PodOptions,
}

/// The facts, borrowed.
pub(super) type PodFactsRef<'a> = &'a PodFacts<'a>;

impl Sources<'_> {
    /// Everything that `container` sees, made ready.
    pub(super) fn mounts(&self, container: &Container, address: IpAddr) -> Result<Vec<Mount>> {
        let request = self.facts.request;
        let mut mounts = Vec::with_capacity(container.volume_mounts.len() + 2);
        for mount in &container.volume_mounts {
            mounts.push(self.mount(request, mount)?);
        }
        let own = [("hosts", Some(etc::hosts(request, address))), ("resolv.conf", etc::resolv_conf(request))];
        for (name, text) in own {
            let target = format!("/etc/{name}");
            if let Some(text) = text
                && !mounts.iter().any(|mount| mount.target == target)
            {
                let source = self.paths.etc(name);
                put(&source, text.as_bytes(), 0o644)?;
                mounts.push(Mount { source, target, read_only: false });
            }
        }
        Ok(mounts)
    }

    fn mount(&self, request: &PodRequest, mount: &VolumeMount) -> Result<Mount> {
        let (base, fixed) = self.directory(request, &mount.name)?;
        let source = match mount.sub_path.as_deref().filter(|path| !path.is_empty()) {
            Some(path) => below(&base, path)?,
            None => base,
        };
        let target =
            format!("/{}", mount.mount_path.split('/').filter(|p| !p.is_empty()).collect::<Vec<_>>().join("/"));
        Ok(Mount { source, target, read_only: fixed || mount.read_only })
    }

    /// The directory behind a volume, and whether nobody may write to it.
    fn directory(&self, request: &PodRequest, name: &str) -> Result<(PathBuf, bool)> {
        if let Some(claim) = request.claims.get(name) {
            return Ok((self.claims.directory(&request.set, claim)?, false));
        }
        let volume = request.template.spec.volumes.iter().find(|volume| volume.name == name);
        let volume = volume.ok_or_else(|| {
            Error::new(ErrorKind::Invalid, "find a volume")
                .with_context("volume", name)
                .with_message("the template has no volume and no claim template of this name")
        })?;
        let own = self.paths.volume(name);
        if let Some(host) = &volume.host_path {
            return Ok((host_path(host, &self.options.allowed_host_paths)?, false));
        }
        if let Some(files) = volume_files(volume, self.facts)? {
            write_files(&own, &files)?;
            return Ok((own, true));
        }
        let own = empty_dir(volume, &own, self.facts);
        if let Some(shared) = memory_dir(self.facts.uid.as_str()).filter(|shared| own.starts_with(shared)) {
            // The machine's memory file system is everybody's; what is below is this pod's.
            make_dir(&shared, 0o700)?;
        }
        make_dir(&own, 0o777)?;
        Ok((own, false))
    }
}

/// Where an `emptyDir` is: in memory when it asks for that and the machine has such a place.
fn empty_dir(volume: &Volume, own: &Path, facts: PodFactsRef<'_>) -> PathBuf {
    let memory = volume.empty_dir.as_ref().is_some_and(|volume| volume.medium == "Memory");
    match memory_dir(facts.uid.as_str()) {
        Some(dir) if memory => dir.join(&volume.name),
        _ => own.to_owned(),
    }
}

/// The part of the machine's memory file system that is this incarnation's.
pub(super) fn memory_dir(uid: &str) -> Option<PathBuf> {
    let shared = Path::new("/dev/shm");
    shared.is_dir().then(|| shared.join(format!("petset-{uid}")))
}

fn host_path(host: &HostPathVolume, allowed: &[PathBuf]) -> Result<PathBuf> {
    let path = Path::new(&host.path);
    if host.kind.as_deref() == Some("DirectoryOrCreate") {
        fs::create_dir_all(path).map_err(|error| disk("make a directory of the host", path, error))?;
    }
    let real = path.canonicalize().map_err(|error| disk("find a path of the host", path, error))?;
    let fits = match host.kind.as_deref().unwrap_or_default() {
        "Directory" | "DirectoryOrCreate" => real.is_dir(),
        "File" => real.is_file(),
        _ => true,
    };
    let inside = allowed.iter().any(|allowed| allowed.canonicalize().is_ok_and(|allowed| real.starts_with(allowed)));
    if fits && inside {
        return Ok(real);
    }
    let message = if inside { "it is not of the wanted type" } else { "it leads out of what the embedder allows" };
    Err(Error::new(ErrorKind::Forbidden, "use a path of the host")
        .with_context("path", path.display())
        .with_message(message))
}

/// The part `path` of the volume at `base`, made as a directory when it is missing; never anything outside.
fn below(base: &Path, path: &str) -> Result<PathBuf> {
    let refused = |message: &str| {
        Error::new(ErrorKind::Forbidden, "use a part of a volume").with_context("subPath", path).with_message(message)
    };
    let root = base.canonicalize().map_err(|error| disk("find a volume", base, error))?;
    let mut place = root.clone();
    for part in Path::new(path).components() {
        match part {
            Component::Normal(part) => place.push(part),
            Component::CurDir => continue,
            Component::Prefix(_) | Component::RootDir | Component::ParentDir => {
                return Err(refused("it must be relative and without `..`"));
            }
        }
        match fs::create_dir(&place) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(disk("make a part of a volume", &place, error)),
        }
        place = place.canonicalize().map_err(|error| disk("find a part of a volume", &place, error))?;
        if !place.starts_with(&root) {
            return Err(refused("a symbolic link on the way leads out of the volume"));
        }
    }
    Ok(place)
}

fn write_files(dir: &Path, files: &[VolumeFile]) -> Result<()> {
    make_dir(dir, 0o755)?;
    for file in files {
        let path = dir.join(&file.path);
        if let Some(parent) = path.parent() {
            make_dir(parent, 0o755)?;
        }
        put(&path, &file.content, file.mode)?;
    }
    Ok(())
}

fn make_dir(dir: &Path, mode: u32) -> Result<()> {
    let result = fs::create_dir_all(dir).and_then(|()| fs::set_permissions(dir, Permissions::from_mode(mode)));
    result.map_err(|error| disk("make the directory of a volume", dir, error))
}

/// Writes a file unless it is there already with the same content.
fn put(path: &Path, content: &[u8], mode: u32) -> Result<()> {
    let write = || -> io::Result<()> {
        if fs::read(path).is_ok_and(|known| known == content) {
            return fs::set_permissions(path, Permissions::from_mode(mode));
        }
        let fresh = path.with_file_name(format!(".{}.new", path.file_name().unwrap_or_default().display()));
        fs::write(&fresh, content)?;
        fs::set_permissions(&fresh, Permissions::from_mode(mode))?;
        fs::rename(&fresh, path)
    };
    write().map_err(|error| disk("write a file for a pod", path, error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_a_volume_never_leaves_it() {
        let dir = tempfile::tempdir().unwrap();
        let volume = dir.path().join("volume");
        fs::create_dir_all(volume.join("deep/er")).unwrap();
        std::os::unix::fs::symlink(dir.path(), volume.join("out")).unwrap();
        std::os::unix::fs::symlink("deep", volume.join("in")).unwrap();
        let root = volume.canonicalize().unwrap();
        assert_eq!(below(&volume, "in/er").unwrap(), root.join("deep/er"));
        assert_eq!(below(&volume, "new/one").unwrap(), root.join("new/one"));
        for bad in ["..", "deep/../..", "/etc", "out", "out/volume"] {
            assert_eq!(below(&volume, bad).unwrap_err().kind(), ErrorKind::Forbidden, "{bad}");
        }
    }
}
