//! A controller in a process of its own, to be killed.

use std::process::{Child, Command, Stdio};

use petset_core::Controller;
use petset_kube::cluster::Cluster;
use petset_kube::envtest::Account;

use crate::Error;

/// The namespace that this process is to be a controller of.
const NAMESPACE: &str = "PETSET_TEST_CONTROLLER_OF";

/// A controller in a process of its own; killed when this is dropped.
pub(crate) struct Process(Child);

impl Process {
    /// Starts one.
    pub(crate) fn start(account: &Account, namespace: &str) -> Result<Self, Error> {
        let child = Command::new(std::env::current_exe()?)
            .env(NAMESPACE, namespace)
            .env("KUBECONFIG", account.kubeconfig())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()?;
        Ok(Self(child))
    }

    /// Kills it, wherever it is.
    pub(crate) fn kill(&mut self) -> Result<(), Error> {
        self.0.kill()?;
        self.0.wait()?;
        Ok(())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // An error would say that it has ended already.
        let _ = self.kill();
    }
}

/// Whether this process is one of those; then it works until it is killed.
pub(crate) fn is_one() -> bool {
    let Ok(namespace) = std::env::var(NAMESPACE) else { return false };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime can be made");
    runtime.block_on(async {
        let client = kube::Client::try_default().await.expect("the environment tells of a cluster");
        let _sets = Controller::new(Cluster::builder(client).namespace(namespace).open()).spawn();
        std::future::pending::<()>().await;
    });
    true
}
