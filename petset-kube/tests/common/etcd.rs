//! What the operator of an etcd asks of it.

use kube::{Client, Config};
use petset_kube::envtest::Server;
use serde_json::{Value, json};

use crate::Error;

/// The etcd of a server.
pub(crate) struct Etcd(Client);

impl Etcd {
    pub(crate) fn of(server: &Server) -> Result<Self, Error> {
        let mut config = Config::new(server.etcd().parse()?);
        // What is refused is to be seen.
        config.default_retry = false;
        Ok(Self(Client::try_from(config)?))
    }

    /// What it answers.
    pub(crate) async fn ask(&self, path: &str, body: &Value) -> Result<Value, kube::Error> {
        let request = http::Request::post(path).header("content-type", "application/json");
        let request = request.body(body.to_string().into_bytes()).map_err(kube::Error::HttpError)?;
        self.0.request(request).await
    }

    /// Forgets everything that was before this revision.
    pub(crate) async fn compact(&self, revision: &Value) -> Result<(), Error> {
        self.ask("/v3/kv/compaction", &json!({ "revision": revision, "physical": true })).await?;
        Ok(())
    }
}
