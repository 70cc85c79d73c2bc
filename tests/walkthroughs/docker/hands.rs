//! What people do on an engine by hand, and cleaning up after tests.

use std::path::Path;
use std::process::Command;

use crate::{Error, ensure};

/// The label of everything of ours, and of what a test made by hand in the namespace.
pub(crate) const NAMESPACE: &str = "petset.rs/namespace";
/// What the namespaces of these tests begin with; the process that made them comes next.
const OURS: &str = "walk-";

/// What `docker` prints.
pub(crate) fn docker(arguments: &[&str]) -> Result<String, Error> {
    let output = Command::new("docker").args(arguments).output()?;
    let complaint = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "docker {}: {}", arguments.join(" "), complaint.trim());
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// A namespace that nobody else has.
pub(crate) fn fresh_namespace() -> String {
    let chance = petset::PodUid::random();
    format!("{OURS}{}-{}", std::process::id(), &chance.as_str()[..6])
}

/// Removes all that a namespace has on the engine. A supervision that is just ending may make one more container while
/// the others are removed.
pub(crate) fn remove(namespace: &str) {
    let filter = format!("label={NAMESPACE}={namespace}");
    for _ in 0..20 {
        let containers = docker(&["ps", "--all", "--quiet", "--filter", &filter]).unwrap_or_default();
        let volumes = docker(&["volume", "ls", "--quiet", "--filter", &filter]).unwrap_or_default();
        let networks = docker(&["network", "ls", "--quiet", "--filter", &filter]).unwrap_or_default();
        let left = [(&["rm", "--force"][..], containers), (&["volume", "rm"], volumes), (&["network", "rm"], networks)];
        if left.iter().all(|(_, ids)| ids.is_empty()) {
            return;
        }
        for (command, ids) in left.iter().filter(|(_, ids)| !ids.is_empty()) {
            let _ = docker(&[command, &ids.lines().collect::<Vec<_>>()[..]].concat());
        }
    }
}

/// Removes the mark on the engine of the node in a directory.
pub(crate) fn unmark(directory: &Path) {
    let filter = format!("label=petset.rs/directory={}", directory.display());
    let marks = docker(&["volume", "ls", "--quiet", "--filter", &filter]).unwrap_or_default();
    for mark in marks.lines() {
        let _ = docker(&["volume", "rm", mark]);
    }
}

/// Removes what tests left behind whose process is gone.
pub(crate) fn sweep() -> Result<(), Error> {
    let format = format!("{{{{.Label \"{NAMESPACE}\"}}}}");
    let filter = format!("label={NAMESPACE}");
    let mut namespaces = String::new();
    for list in [&["ps", "--all"][..], &["volume", "ls"], &["network", "ls"]] {
        namespaces += &docker(&[list, &["--filter", &filter, "--format", &format]].concat())?;
        namespaces.push('\n');
    }
    let maker = |namespace: &str| Some(namespace.strip_prefix(OURS)?.split_once('-')?.0.to_owned());
    for namespace in namespaces.lines().collect::<std::collections::BTreeSet<_>>() {
        if maker(namespace).is_some_and(|pid| !Path::new("/proc").join(pid).exists()) {
            eprintln!("{namespace} is removed: an earlier run left it");
            remove(namespace);
        }
    }
    Ok(())
}
