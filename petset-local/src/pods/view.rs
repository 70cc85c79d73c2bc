//! The command line that makes a container's view and becomes its program.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::isolation::{Isolation, flags};

/// What a pod's process runs until it is its program.
const SCRIPT: &str = include_str!("view.sh");

/// Something that appears in a container's view.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mount {
    pub(super) source: PathBuf,
    pub(super) target: String,
    pub(super) read_only: bool,
}

/// Everything about one start of a container.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    pub(super) hostname: String,
    pub(super) mounts: Vec<Mount>,
    pub(super) working_dir: String,
    /// All variables of the program.
    pub(super) env: Vec<(String, String)>,
    /// The program and its arguments.
    pub(super) command: Vec<String>,
}

impl Plan {
    /// The value of one variable.
    pub(super) fn variable(&self, name: &str) -> Option<&str> {
        self.env.iter().rev().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// How a container's start went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Report {
    /// Not known yet.
    Underway,
    /// The program was about to be run.
    Ok,
    /// The view could not be made, or there is no such program.
    Failed {
        /// One word.
        reason: String,
        /// The sentence to it.
        message: String,
    },
}

/// Reads what a start reported.
pub(super) fn read_report(path: &Path) -> Report {
    let text = fs::read(path).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    match text.split_once('\n') {
        None => Report::Underway,
        Some(("ok", _)) => Report::Ok,
        Some((reason, message)) => {
            Report::Failed { reason: reason.to_owned(), message: message.trim().replace('\n', " ") }
        }
    }
}

/// The command for `plan`; `report` is where it says how it went, `view` an empty directory of the container's pod.
pub(super) fn command(isolation: &Isolation, plan: &Plan, report: &Path, view: &Path) -> Command {
    let (mut command, hostname) = match isolation {
        Isolation::None => (Command::new("/bin/sh"), ""),
        Isolation::Namespaces { tools, user } => {
            let mut command = Command::new(&tools.unshare);
            command.args(flags(*user)).args(["--", "/bin/sh"]);
            (command, plan.hostname.as_str())
        }
    };
    let mut mounts = plan.mounts.clone();
    // Parents first, so that a mount is not hidden by one above it.
    mounts.sort_by(|a, b| a.target.cmp(&b.target));
    let root = if mounts.iter().any(|mount| needs_new_root(&mount.target)) { "root" } else { "" };
    command.args(["-c", SCRIPT, "petset", SCRIPT]).arg(report).arg(hostname).arg(view);
    command.args([&plan.working_dir, plan.variable("PATH").unwrap_or_default(), root]);
    if isolation.is_some() {
        for mount in &mounts {
            command.arg(if mount.read_only { "ro" } else { "rw" }).arg(&mount.source).arg(&mount.target);
        }
    }
    command.arg("--").args(&plan.command);
    command.env_clear().envs(plan.env.iter().map(|(name, value)| (name, value)));
    command
}

/// Whether the first part of the path is missing on the machine, so that only a new root can show it.
fn needs_new_root(target: &str) -> bool {
    let first = target.trim_start_matches('/').split('/').next().unwrap_or_default();
    !Path::new("/").join(first).exists()
}
