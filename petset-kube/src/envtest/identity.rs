//! Keys and tokens that live as long as a server.

use std::fs;
use std::path::{Path, PathBuf};

use petset_core::{Error, ErrorKind, Result};

/// Who the server is, and who may do everything on it.
#[derive(Debug)]
pub(super) struct Identity {
    /// The server's certificate, which is its own authority.
    pub(super) certificate: Vec<u8>,
    pub(super) certificate_file: PathBuf,
    pub(super) key_file: PathBuf,
    pub(super) tokens_file: PathBuf,
    /// The administrator's.
    pub(super) token: String,
}

impl Identity {
    /// A new identity, written into `folder`.
    pub(super) fn make(folder: &Path) -> Result<Self> {
        let failed = |error: rcgen::Error| Error::new(ErrorKind::Internal, "make a certificate").with_source(error);
        let names = ["127.0.0.1", "localhost", "kubernetes.default.svc"].map(str::to_owned);
        let made = rcgen::generate_simple_self_signed(names).map_err(failed)?;
        let token = petset_core::SetUid::random().to_string();
        let file = |name: &str, content: String| {
            let path = folder.join(name);
            fs::write(&path, content)
                .map(|()| path)
                .map_err(|error| Error::new(ErrorKind::Internal, "write a key").with_source(error))
        };
        Ok(Self {
            certificate: made.cert.der().to_vec(),
            certificate_file: file("server.crt", made.cert.pem())?,
            key_file: file("server.key", made.signing_key.serialize_pem())?,
            tokens_file: file("tokens.csv", format!("{token},admin,admin,\"system:masters\"\n"))?,
            token,
        })
    }
}
