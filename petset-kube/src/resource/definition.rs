//! The definition of the resource as it is checked in, and how it comes onto a server.

use std::time::Duration;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{Patch, PatchParams};
use kube::{Api, Client};
use petset_core::{Error, ErrorKind, Result};
use tokio::time::{Instant, sleep};

use crate::client::Failure;

/// The definition as it is checked in, for `kubectl apply`.
pub const YAML: &str = include_str!("../../crds/petsets.petset.rs.yaml");

/// So long a server may take to serve a resource that it was told of.
const PATIENCE: Duration = Duration::from_secs(30);

/// The definition of the resource.
///
/// # Panics
/// Never: what is checked in is a definition.
pub fn definition() -> CustomResourceDefinition {
    serde_saphyr::from_str(YAML).expect("what is checked in is a definition")
}

/// Puts the definition onto a server, or brings it up to date, and waits until the resource is served.
///
/// It takes a right that the controller itself does not need: to patch `customresourcedefinitions`.
///
/// # Errors
/// When the server refuses it, or does not serve it within half a minute (`Timeout`).
pub async fn install(client: &Client) -> Result<()> {
    let operation = "install the definition of PetSet";
    let wanted = definition();
    let name = wanted.metadata.name.clone().unwrap_or_default();
    let api: Api<CustomResourceDefinition> = Api::all(client.clone());
    let parameters = PatchParams::apply("petset").force();
    let failed = |error| Error::from(Failure::new(operation, error));
    api.patch(&name, &parameters, &Patch::Apply(&wanted)).await.map_err(failed)?;
    let deadline = Instant::now() + PATIENCE;
    while !is_served(&api.get(&name).await.map_err(failed)?) {
        if Instant::now() > deadline {
            return Err(Error::new(ErrorKind::Timeout, operation).with_message("it is not served after 30 s"));
        }
        sleep(Duration::from_millis(50)).await;
    }
    Ok(())
}

fn is_served(definition: &CustomResourceDefinition) -> bool {
    let mut conditions = definition.status.iter().flat_map(|status| status.conditions.iter().flatten());
    conditions.any(|condition| condition.type_ == "Established" && condition.status == "True")
}
