//! Whether the engine that answers is the one that has the node's objects.
//!
//! Another engine, and the same one before its disk was mounted, has none of them and says so in good faith. Taken for
//! their end, that would be a second incarnation beside the first (S1, S2). So the node has an empty volume, its *mark*, on
//! its engine and nowhere else, and "there is none" counts only from an engine that has it. The engine's own id will not do:
//! Podman makes up a new one for each answer.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use bollard::models::VolumeCreateRequest;
use bollard::query_parameters::ListContainersOptionsBuilder;

use super::connect::Client;
use super::error::Failure;
use crate::labels::{self, Role};

const OPERATION: &str = "look for the node on the engine";

/// Whose engine it is to be.
#[derive(Debug)]
pub(super) struct Owner {
    node: String,
    /// Where its records were when it marked the engine, for people.
    directory: String,
    /// The nodes that it has taken over.
    former: BTreeSet<String>,
}

impl Client {
    /// The same connection, whose engine is to have this node; see [`Client::has_node`]. What `former` nodes had is its own.
    pub(crate) fn of_node(&self, node: &str, directory: String, former: BTreeSet<String>) -> Self {
        let mut this = self.clone();
        this.owner = Some(Arc::new(Owner { node: node.to_owned(), directory, former }));
        this
    }

    /// The node's id, as its objects say in a label.
    pub(crate) fn node(&self) -> Option<&str> {
        self.owner.as_deref().map(|owner| owner.node.as_str())
    }

    /// Whether what has this node in its label is this node's.
    pub(crate) fn is_own(&self, node: &str) -> bool {
        self.owner.as_deref().is_none_or(|owner| owner.node == node || owner.former.contains(node))
    }

    /// Whether the engine has the node, so that what it says is not there is not there.
    ///
    /// # Errors
    /// [`Failure::Elsewhere`] when neither the node's mark nor a container of it is there.
    pub(crate) async fn has_node(&self) -> Result<(), Failure> {
        let Some(Owner { node, .. }) = self.owner.as_deref() else { return Ok(()) };
        let mark = labels::mark(node);
        let asked = mark.clone();
        match self.ask(OPERATION, |docker| async move { docker.inspect_volume(&asked).await }).await {
            Ok(_) => return Ok(()),
            Err(failure) if failure.is_not_found() => {}
            Err(failure) => return Err(failure),
        }
        if !self.has_containers(node).await? {
            return Err(Failure::Elsewhere { operation: OPERATION, host: self.engine().host.clone(), mark });
        }
        // Somebody pruned volumes. No other engine has a container of this node.
        self.mark().await
    }

    /// Makes the node's mark on the engine.
    pub(crate) async fn mark(&self) -> Result<(), Failure> {
        let Some(Owner { node, directory, former: _ }) = self.owner.as_deref() else { return Ok(()) };
        let label = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        let request = VolumeCreateRequest {
            name: Some(labels::mark(node)),
            labels: Some(HashMap::from([
                label(labels::ROLE, Role::Node.as_str()),
                label(labels::NODE, node),
                label(labels::DIRECTORY, directory),
            ])),
            ..VolumeCreateRequest::default()
        };
        self.ask("mark the engine", |docker| async move { docker.create_volume(request).await }).await.map(drop)
    }

    async fn has_containers(&self, node: &str) -> Result<bool, Failure> {
        let filters = HashMap::from([("label", vec![format!("{}={node}", labels::NODE)])]);
        let options = ListContainersOptionsBuilder::default().all(true).filters(&filters).build();
        let found = self.ask(OPERATION, |docker| async move { docker.list_containers(Some(options)).await });
        Ok(!found.await?.is_empty())
    }
}
