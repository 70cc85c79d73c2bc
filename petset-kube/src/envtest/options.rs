//! [`ServerOptions`]: what may be different about a server.

use std::fs;
use std::path::Path;

use petset_core::{Error, ErrorKind, Result};

/// What may be different about a [`Server`](super::Server). Unless said: etcd has room, and nobody writes down who asks for
/// what.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct ServerOptions {
    /// etcd is full when it has so many bytes.
    pub etcd_bytes: Option<u64>,
    /// Every request is written down, in [`Server::audit_log`](super::Server::audit_log).
    pub audits: bool,
}

/// The name of the log in the server's folder.
pub(super) const AUDIT_LOG: &str = "audit.log";

/// Who asked for what, once it is answered.
const POLICY: &str = r#"{"apiVersion": "audit.k8s.io/v1", "kind": "Policy", "omitStages": ["RequestReceived"],
  "rules": [{"level": "Metadata"}]}"#;

impl ServerOptions {
    pub(super) fn of_etcd(&self) -> Vec<String> {
        self.etcd_bytes.iter().map(|bytes| format!("--quota-backend-bytes={bytes}")).collect()
    }

    pub(super) fn of_api(&self, folder: &Path) -> Result<Vec<String>> {
        if !self.audits {
            return Ok(Vec::new());
        }
        let policy = folder.join("audit-policy.json");
        let failed = |error| Error::new(ErrorKind::Internal, "write an audit policy").with_source(error);
        fs::write(&policy, POLICY).map_err(failed)?;
        Ok(vec![
            format!("--audit-policy-file={}", policy.display()),
            format!("--audit-log-path={}", folder.join(AUDIT_LOG).display()),
            // In one file, however long it gets.
            "--audit-log-maxsize=100000".to_owned(),
        ])
    }
}
