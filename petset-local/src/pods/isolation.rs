//! What the kernel allows: namespaces as root, namespaces through a user namespace, or none.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Where programs are looked for when `PATH` has them not.
const USUAL: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Does in a small way what a pod's view needs: a hostname, a file system, a bind mount.
const TRIAL: &str = r#"PATH=$1
{ hostname "$2" || printf '%s' "$2" >/proc/sys/kernel/hostname; } 2>/dev/null || exit 1
[ "$(cat /proc/sys/kernel/hostname)" = "$2" ] || exit 1
mount -t tmpfs petset "$3" && mkdir "$3/a" "$3/b" && cd "$3" && mount -c --rbind ./a ./b && command -v chroot"#;

/// How pods get a view of their own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Isolation {
    /// Not at all: a pod sees the machine as it is.
    None,
    /// Through namespaces.
    Namespaces {
        /// The tools.
        tools: Tools,
        /// Whether a user namespace is needed to be allowed to.
        user: bool,
    },
}

/// The programs that make and enter namespaces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tools {
    pub(super) unshare: PathBuf,
    pub(super) nsenter: PathBuf,
}

impl Isolation {
    /// Tries what the kernel allows. `scratch` is an empty directory; nothing is left behind.
    pub(super) fn probe(scratch: &Path) -> Self {
        let (Some(unshare), Some(nsenter)) = (find("unshare"), find("nsenter")) else { return Self::None };
        let tools = Tools { unshare, nsenter };
        let allowed = |user: bool| {
            let mut command = Command::new(&tools.unshare);
            command.args(flags(user)).args(["--", "/bin/sh", "-c", TRIAL, "petset", USUAL, "petset-trial"]);
            command.arg(scratch).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
            command.status().is_ok_and(|status| status.success())
        };
        match [false, true].into_iter().find(|&user| allowed(user)) {
            Some(user) => Self::Namespaces { tools, user },
            None => Self::None,
        }
    }

    /// Whether pods have a hostname and mounts of their own.
    pub(super) fn is_some(&self) -> bool {
        *self != Self::None
    }
}

/// What `unshare` is told.
pub(super) fn flags(user: bool) -> Vec<&'static str> {
    let mut flags = vec!["--mount", "--uts", "--propagation", "private"];
    if user {
        flags.extend(["--user", "--map-root-user"]);
    }
    flags
}

fn find(program: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let usual = USUAL.split(':').map(PathBuf::from);
    env::split_paths(&path).chain(usual).map(|dir| dir.join(program)).find(|file| file.is_absolute() && file.is_file())
}
