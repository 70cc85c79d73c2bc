//! [`Account`]: a service account of a server, and how it reaches it.

use std::fs;
use std::path::PathBuf;

use k8s_openapi::api::authentication::v1::{TokenRequest, TokenRequestSpec};
use k8s_openapi::api::core::v1::ServiceAccount;
use kube::api::PostParams;
use kube::{Api, Client, Config};
use petset_core::{Error, ErrorKind, Result};

use super::Server;

/// A service account that is there, with a token of its own. It has no more rights than somebody gave it.
#[derive(Debug, Clone)]
pub struct Account {
    server: Server,
    token: String,
    kubeconfig: PathBuf,
}

impl Account {
    /// Asks the server for a token of the account.
    ///
    /// # Errors
    /// When there is no such account.
    pub async fn of(server: &Server, namespace: &str, name: &str) -> Result<Self> {
        let failed =
            || Error::new(ErrorKind::Internal, "get a token").with_context("account", format!("{namespace}/{name}"));
        let accounts: Api<ServiceAccount> = Api::namespaced(server.client()?, namespace);
        let request = TokenRequest { spec: Some(TokenRequestSpec::default()), ..TokenRequest::default() };
        let answer = accounts.create_token_request(name, &PostParams::default(), &request).await;
        let answer = answer.map_err(|error| failed().with_source(error))?;
        let token = answer.status.and_then(|status| status.token).ok_or_else(failed)?;
        let kubeconfig = server.folder().join(format!("kubeconfig-{namespace}-{name}"));
        fs::write(&kubeconfig, server.kubeconfig_text(&token)).map_err(|error| failed().with_source(error))?;
        Ok(Self { server: server.clone(), token, kubeconfig })
    }

    /// How it reaches the server.
    ///
    /// # Panics
    /// Never: what was good at the start stays so.
    pub fn config(&self) -> Config {
        self.server.config_with(&self.token).expect("it was good at the start")
    }

    /// Its client, on the runtime that this is called on.
    ///
    /// # Errors
    /// When TLS is not to be had.
    pub fn client(&self) -> Result<Client> {
        let failed = |error| Error::new(ErrorKind::Internal, "make a client").with_source(error);
        Client::try_from(self.config()).map_err(failed)
    }

    /// Its kubeconfig, for programs; there as long as the server.
    pub fn kubeconfig(&self) -> PathBuf {
        self.kubeconfig.clone()
    }
}
