//! [`Controllers`]: Kubernetes' own controllers.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use petset_core::{Error, ErrorKind, Result};
use tempfile::TempDir;

use super::Server;
use super::program::Supervised;

/// Some of Kubernetes' own controllers, for what nothing here stands in for: `endpoint`, `garbagecollector`, `statefulset`.
/// They work until this is dropped, or the process ends.
#[derive(Debug, Clone)]
pub struct Controllers {
    _running: Arc<Running>,
}

/// Dropped in this order.
#[derive(Debug)]
struct Running {
    _program: Supervised,
    /// Of its own: the server outlives it.
    _folder: TempDir,
}

impl Controllers {
    /// Whether the folder of the programs has them; envtest's own has not.
    pub fn are_there() -> bool {
        Server::assets().is_ok_and(|folder| folder.join(PROGRAM).is_file())
    }

    /// Starts those of these names. What they own of a custom resource they see to at most half a minute after it was
    /// defined.
    ///
    /// # Errors
    /// `NotFound` when the folder of the programs has none, `Internal` when they cannot be started.
    pub fn start(server: &Server, names: &[&str]) -> Result<Self> {
        let failed = |error: std::io::Error| Error::new(ErrorKind::Internal, "start controllers").with_source(error);
        let program = Server::assets()?.join(PROGRAM);
        if !program.is_file() {
            return Err(Error::new(ErrorKind::NotFound, "start controllers")
                .with_message(format!("there is no {}", program.display())));
        }
        let mut arguments = vec![
            format!("--kubeconfig={}", server.kubeconfig().display()),
            format!("--controllers={}", names.join(",")),
            "--leader-elect=false".to_owned(),
            "--secure-port=0".to_owned(),
        ];
        if listens_in_the_clear(&program).map_err(failed)? {
            arguments.push("--port=0".to_owned());
        }
        let folder = tempfile::tempdir().map_err(failed)?;
        let program = Supervised::start(&program, &arguments, folder.path()).map_err(failed)?;
        Ok(Self { _running: Arc::new(Running { _program: program, _folder: folder }) })
    }
}

const PROGRAM: &str = "kube-controller-manager";

/// Before Kubernetes 1.24 it had a second port, whose flag is unknown since.
fn listens_in_the_clear(program: &Path) -> std::io::Result<bool> {
    let output = Command::new(program).arg("--version").output()?;
    let version = String::from_utf8_lossy(&output.stdout).into_owned();
    let minor = version.split('.').nth(1).and_then(|minor| minor.parse::<u32>().ok());
    Ok(minor.is_some_and(|minor| minor < 24))
}
