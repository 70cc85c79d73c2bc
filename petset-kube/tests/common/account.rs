//! Who the controllers of tests are: the service account of the published manifests, with the published rights.

use std::collections::BTreeSet;
use std::path::PathBuf;

use petset_core::Result;
use petset_kube::envtest::{Account, Server};
use tokio::sync::Mutex;

#[path = "published.rs"]
mod published;

/// The account on this server, with every optional part of the rights.
pub(crate) async fn account(server: &Server) -> Result<Account> {
    static APPLIED: Mutex<BTreeSet<PathBuf>> = Mutex::const_new(BTreeSet::new());
    let mut applied = APPLIED.lock().await;
    if !applied.contains(&server.kubeconfig()) {
        published::apply(server, "cluster", &["claims", "statefulsets"])?;
        applied.insert(server.kubeconfig());
    }
    drop(applied);
    Account::of(server, "petset-system", "petset-controller").await
}
