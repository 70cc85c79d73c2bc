//! The manifests that are published, applied as they say.

use std::path::{Path, PathBuf};
use std::process::Command;

use petset_core::{Error, ErrorKind, Result};
use petset_kube::envtest::Server;

/// The folder of both ways.
pub(crate) fn manifests() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/kubernetes")
}

/// Applies one way, `cluster` or `namespaced`, and these optional parts of it.
pub(crate) fn apply(server: &Server, way: &str, parts: &[&str]) -> Result<()> {
    let parts = parts.iter().map(|part| format!("{way}-{part}"));
    std::iter::once(way.to_owned()).chain(parts).try_for_each(|folder| apply_folder(server, &folder))
}

fn apply_folder(server: &Server, folder: &str) -> Result<()> {
    let failed = |error| Error::new(ErrorKind::Internal, "apply the manifests").with_source(error);
    let output = Command::new(Server::assets()?.join("kubectl"))
        .arg(format!("--kubeconfig={}", server.kubeconfig().display()))
        .args(["apply", "-k", &manifests().join(folder).display().to_string()])
        .output()
        .map_err(failed)?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    Err(Error::new(ErrorKind::Internal, "apply the manifests").with_context("folder", folder).with_message(said))
}
