//! [`Terminal`]: where a person types.

use std::fs;
use std::process::Command;
use std::time::Duration;

use petset_kube::envtest::Server;
use tokio::time::{Instant, sleep};

use crate::{Error, ensure};

/// How long a level is waited for.
const PATIENCE: Duration = Duration::from_secs(120);

/// `kubectl` in one namespace of a server, as the administrator.
#[derive(Debug, Clone)]
pub(crate) struct Terminal {
    pub(crate) server: Server,
    pub(crate) namespace: String,
}

impl Terminal {
    /// What `kubectl` prints.
    pub(crate) fn kubectl(&self, arguments: &[&str]) -> Result<String, Error> {
        let output = Command::new(Server::assets()?.join("kubectl"))
            .arg(format!("--kubeconfig={}", self.server.kubeconfig().display()))
            .arg(format!("--namespace={}", self.namespace))
            .args(arguments)
            .output()?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        ensure!(output.status.success(), "kubectl {}: {said}", arguments.join(" "));
        Ok(String::from_utf8(output.stdout)?)
    }

    /// What `kubectl create` or `apply` of a text prints.
    pub(crate) fn apply(&self, verb: &str, text: &str) -> Result<String, Error> {
        let file = tempfile::NamedTempFile::new()?;
        fs::write(file.path(), text)?;
        self.kubectl(&[verb, "-f", &file.path().display().to_string()])
    }

    /// One field of an object, or of a list of them, as text.
    pub(crate) fn field(&self, object: &str, path: &str) -> Result<String, Error> {
        self.kubectl(&["get", object, &format!("-o=jsonpath={{{path}}}")])
    }

    /// Names and uids of the objects of one kind.
    pub(crate) fn uids(&self, kind: &str) -> Result<Vec<(String, String)>, Error> {
        let path = "-o=jsonpath={range .items[*]}{.metadata.name} {.metadata.uid}\n{end}";
        let printed = self.kubectl(&["get", kind, path])?;
        Ok(printed.lines().filter_map(|line| line.split_once(' ')).map(|(a, b)| (a.into(), b.into())).collect())
    }

    /// The pods by name, with their uids.
    pub(crate) fn pods(&self) -> Result<Vec<(String, String)>, Error> {
        self.uids("pods")
    }

    /// Waits until a command prints this. What is waited for in vain is told with all that may be the cause.
    pub(crate) async fn until(&self, arguments: &[&str], wanted: impl Fn(&str) -> bool) -> Result<String, Error> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let printed = self.kubectl(arguments);
            match &printed {
                Ok(printed) if wanted(printed) => return Ok(printed.clone()),
                Ok(_) | Err(_) if Instant::now() < deadline => sleep(Duration::from_millis(100)).await,
                printed => {
                    let all =
                        self.kubectl(&["get", "petset,statefulset,controllerrevision,pod,pvc,event", "-o=wide"])?;
                    let status = self.field("petset,statefulset", ".items[*].status")?;
                    return Err(format!("{}: {printed:?}\n{all}\n{status}", arguments.join(" ")).into());
                }
            }
        }
    }

    /// Waits until a field of an object is this.
    pub(crate) async fn until_field(&self, object: &str, path: &str, wanted: &str) -> Result<(), Error> {
        let path = format!("-o=jsonpath={{{path}}}");
        self.until(&["get", object, &path], |printed| printed == wanted).await.map(drop)
    }
}
