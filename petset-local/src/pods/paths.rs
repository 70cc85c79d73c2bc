//! Where things are: one directory per pet, and in it one per incarnation.
//!
//! ```text
//! pets/<namespace>/<pod>/gate.lock          see the locks
//!                        pet.lock
//!                        pod.json           the record
//!                        run-<uid>/         gone with the incarnation
//!                            locks/<container>.lock
//!                            logs/<container>.{stdout,stderr}.log
//!                            volumes/<volume>/
//!                            etc/{hosts,resolv.conf}
//!                            view/          mount point for staging, empty outside the pod
//! ```

use std::path::{Path, PathBuf};

use petset_core::{PodUid, SetKey};

const RUN: &str = "run-";

/// The paths of one incarnation.
#[derive(Debug, Clone)]
pub(super) struct Paths {
    pet: PathBuf,
    run: PathBuf,
}

impl Paths {
    pub(super) fn new(root: &Path, set: &SetKey, pod: &str, uid: &PodUid) -> Self {
        let pet = pets(root).join(&*set.namespace).join(pod);
        let run = pet.join(format!("{RUN}{uid}"));
        Self { pet, run }
    }

    pub(super) fn pet(&self) -> &Path {
        &self.pet
    }

    pub(super) fn gate(&self) -> PathBuf {
        gate(&self.pet)
    }

    pub(super) fn lock(&self) -> PathBuf {
        lock(&self.pet)
    }

    pub(super) fn record(&self) -> PathBuf {
        record(&self.pet)
    }

    pub(super) fn container_lock(&self, container: &str) -> PathBuf {
        self.run.join("locks").join(format!("{container}.lock"))
    }

    pub(super) fn failure(&self, container: &str) -> PathBuf {
        self.run.join("locks").join(format!("{container}.failure"))
    }

    pub(super) fn stdout(&self, container: &str) -> PathBuf {
        self.run.join("logs").join(format!("{container}.stdout.log"))
    }

    pub(super) fn stderr(&self, container: &str) -> PathBuf {
        self.run.join("logs").join(format!("{container}.stderr.log"))
    }

    pub(super) fn volume(&self, name: &str) -> PathBuf {
        self.run.join("volumes").join(name)
    }

    pub(super) fn etc(&self, file: &str) -> PathBuf {
        self.run.join("etc").join(file)
    }

    pub(super) fn view(&self) -> PathBuf {
        self.run.join("view")
    }

    /// The directories that must be there before anything else.
    pub(super) fn directories(&self) -> [PathBuf; 5] {
        ["locks", "logs", "volumes", "etc", "view"].map(|name| self.run.join(name))
    }
}

/// Where all pets are.
pub(super) fn pets(root: &Path) -> PathBuf {
    root.join("pets")
}

/// The gate of a pet.
pub(super) fn gate(pet: &Path) -> PathBuf {
    pet.join("gate.lock")
}

/// The lock of a pet.
pub(super) fn lock(pet: &Path) -> PathBuf {
    pet.join("pet.lock")
}

/// The record of a pet's incarnation.
pub(super) fn record(pet: &Path) -> PathBuf {
    pet.join("pod.json")
}

/// The uid of the incarnation whose directory has this name; `None` when it is no such name.
pub(super) fn uid_of_run(name: &str) -> Option<&str> {
    name.strip_prefix(RUN)
}

/// Whether `name` may be a file's name: it leads nowhere else.
pub(super) fn is_safe(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 253
        && !name.starts_with('.')
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_leave_the_directory() {
        for bad in ["", ".", "..", "a/b", "a\0", ".hidden", "a b"] {
            assert!(!is_safe(bad), "{bad:?}");
        }
        assert!(is_safe("web-0"));
    }
}
