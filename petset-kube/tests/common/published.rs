//! The manifests that are published, applied as they say.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use petset_core::{Error, ErrorKind, Result};
use petset_kube::envtest::Server;

/// The folder of both ways.
fn manifests() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/kubernetes")
}

/// Applies one way, `cluster` or `namespaced`, with those of its optional parts whose names have one of these words in
/// them.
pub(crate) fn apply(server: &Server, way: &str, parts: &[&str]) -> Result<()> {
    let failed = |error| Error::new(ErrorKind::Internal, "apply the manifests").with_source(error);
    let folder = tempfile::tempdir().map_err(failed)?;
    for file in fs::read_dir(manifests().join(way)).map_err(failed)? {
        let file = file.map_err(failed)?;
        let mut text = fs::read_to_string(file.path()).map_err(failed)?;
        if file.file_name() == "kustomization.yaml" {
            let wanted = |line: &str| line.starts_with("# - ") && parts.iter().any(|part| line.contains(part));
            let lines = text.lines().map(|line| line.strip_prefix("# ").filter(|_| wanted(line)).unwrap_or(line));
            text = lines.collect::<Vec<_>>().join("\n");
        }
        fs::write(folder.path().join(file.file_name()), text).map_err(failed)?;
    }
    let output = Command::new(Server::assets()?.join("kubectl"))
        .arg(format!("--kubeconfig={}", server.kubeconfig().display()))
        .args(["apply", "-k", &folder.path().display().to_string()])
        .output()
        .map_err(failed)?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    Err(Error::new(ErrorKind::Internal, "apply the manifests").with_context("way", way).with_message(said))
}
