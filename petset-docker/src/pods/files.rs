//! What is in a volume before a container sees it: rendered files, permissions, the directories of `subPath`.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use petset_core::backend::PodRequest;
use petset_core::env::{PodFacts, volume_files};
use petset_core::spec::{Volume, VolumeMount};
use petset_core::{Error, ErrorKind, PodUid, Result};

use super::archive::{Access, Archive, access, is_link};
use super::mounts::{ROOT, Source, claim_place, of_pod, pod_place};
use super::security::Security;
use crate::client::Client;

/// One pod's volumes, through its sandbox.
#[derive(Debug, Clone, Copy)]
pub(super) struct Files<'a> {
    pub(super) client: &'a Client,
    pub(super) request: &'a PodRequest,
    pub(super) uid: &'a PodUid,
    pub(super) node_name: &'a str,
    pub(super) address: Option<IpAddr>,
    pub(super) host_ip: Option<IpAddr>,
}

impl Files<'_> {
    pub(super) fn facts(&self) -> PodFacts<'_> {
        PodFacts {
            request: self.request,
            uid: self.uid,
            pod_ip: self.address,
            host_ip: self.host_ip,
            node_name: self.node_name,
        }
    }

    fn group(&self) -> Option<u64> {
        Security::new(self.request.template.spec.security_context.as_ref(), None).fs_group()
    }

    /// Writes the files of config volumes, and lets everybody write into empty ones.
    ///
    /// # Errors
    /// `NotFound` when a config map or secret is missing.
    pub(super) async fn fill(&self) -> Result<()> {
        for volume in of_pod(self.request) {
            self.fill_one(volume).await?;
        }
        let Some(group) = self.group() else { return Ok(()) };
        for template in self.request.claims.keys() {
            self.give_to(group, &claim_place(template)).await?;
        }
        Ok(())
    }

    async fn fill_one(&self, volume: &Volume) -> Result<()> {
        let (id, place) = (self.uid.as_str(), pod_place(volume));
        let mut archive = Archive::new(self.group().unwrap_or(0));
        if let Some(empty) = &volume.empty_dir {
            if empty.medium == "Memory" {
                return Ok(());
            }
            archive.directory(name_in_root(&place), 0o777)?;
            return archive.unpack(self.client, id, ROOT).await;
        }
        let mut made = BTreeSet::new();
        for file in volume_files(volume, &self.facts()).map_err(for_good)?.unwrap_or_default() {
            for directory in ancestors(&file.path) {
                if made.insert(directory.clone()) {
                    archive.directory(&directory, 0o755)?;
                }
            }
            // The group reads what its user reads, as in Kubernetes.
            let for_group = if self.group().is_some() { 0o440 } else { 0 };
            archive.file(&file.path, file.mode | for_group, &file.content)?;
        }
        archive.unpack(self.client, id, &place).await
    }

    /// Lets a group write into a claim's volume, if it may not yet. What is in the volume is left as it is.
    async fn give_to(&self, group: u64, place: &str) -> Result<()> {
        let found = access(self.client, self.uid.as_str(), place).await?;
        let Some(wanted) = for_group(found, group) else { return Ok(()) };
        let mut archive = Archive::new(group);
        archive.directory_of(name_in_root(place), wanted)?;
        archive.unpack(self.client, self.uid.as_str(), ROOT).await
    }

    /// Makes the directory of a `subPath`, if nothing is there, and refuses one that leads out of its volume.
    pub(super) async fn make_sub_path(&self, mount: &VolumeMount, sub: &str) -> Result<()> {
        let source = Source::of(mount, self.request)?;
        let Some(place) = source.place() else { return Ok(()) };
        let mut at = PathBuf::new();
        for part in Path::new(sub) {
            at.push(part);
            let path = format!("{place}/{}", at.display());
            match is_link(self.client, self.uid.as_str(), &path).await? {
                Some(true) => {
                    return Err(Error::new(ErrorKind::Forbidden, "mount a part of a volume")
                        .with_context("subPath", sub)
                        .with_message(format!(
                            "`{}` is a symbolic link, which could lead out of the volume; expected a directory or file",
                            at.display()
                        )));
                }
                Some(false) => {}
                None if source.is_files() => {
                    return Err(Error::new(ErrorKind::NotFound, "mount a part of a volume")
                        .with_context("subPath", sub)
                        .with_message(format!("volume `{}` has no such file", mount.name)));
                }
                None => {
                    let mut archive = Archive::new(self.group().unwrap_or(0));
                    archive.directory(&at, if matches!(source, Source::Pod(_)) { 0o777 } else { 0o775 })?;
                    archive.unpack(self.client, self.uid.as_str(), &place).await?;
                }
            }
        }
        Ok(())
    }
}

/// How a directory is changed so that `group` may write into it; `None` when it may already. Its owner stays.
fn for_group(found: Access, group: u64) -> Option<Access> {
    /// All that the group may, and its name on all that is made there.
    const OF_GROUP: u32 = 0o2770;
    /// Anybody may write, and the volume may be of a kind that has no owners.
    const OF_ALL: u32 = 0o007;
    let is_given = found.group == group && found.mode & OF_GROUP == OF_GROUP;
    let is_open = found.mode & OF_ALL == OF_ALL;
    (!is_given && !is_open).then_some(Access { group, mode: found.mode | OF_GROUP, ..found })
}

/// What is missing in the config that a pod was created with stays missing for its life, also when somebody writes it.
pub(super) fn for_good(error: Error) -> Error {
    if !error.is_not_found() {
        return error;
    }
    let message = format!("{}; write it, then delete the pod: only the next one sees it", error.chain());
    Error::new(ErrorKind::NotFound, "read what the pod was created with").with_message(message)
}

/// The name of a volume's place in [`ROOT`]. The engine leaves the path that it unpacks at as it is, so a volume's own
/// permissions come as those of an entry of the path above.
fn name_in_root(place: &str) -> &Path {
    Path::new(place.rsplit('/').next().unwrap_or(place))
}

/// The directories above a file, the outermost first.
fn ancestors(file: &Path) -> Vec<PathBuf> {
    let mut above: Vec<PathBuf> =
        file.ancestors().skip(1).filter(|path| !path.as_os_str().is_empty()).map(Path::to_owned).collect();
    above.reverse();
    above
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_volume_is_given_to_a_group_and_keeps_its_owner() {
        let access = |user, group, mode| Access { user, group, mode };
        assert_eq!(for_group(access(0, 0, 0o755), 7), Some(access(0, 7, 0o2775)), "as the engine makes it");
        assert_eq!(for_group(access(999, 999, 0o755), 7), Some(access(999, 7, 0o2775)));
        assert_eq!(for_group(access(999, 7, 0o700), 7), Some(access(999, 7, 0o2770)));
        assert_eq!(for_group(access(999, 7, 0o2770), 7), None);
        assert_eq!(for_group(access(65534, 65534, 0o777), 7), None, "everybody may");
    }
}
