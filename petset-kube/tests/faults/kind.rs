//! [`Kind`]: what the sets of a story are.

use kube::Client;
use kube::api::ApiResource;
use petset_core::Backends;
use petset_kube::cluster::Cluster;

use crate::web;

/// What the sets of a story are: every story happens to both.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Kind {
    PetSets,
    StatefulSets,
}

impl Kind {
    pub(crate) const BOTH: [Self; 2] = [Self::PetSets, Self::StatefulSets];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::PetSets => "petsets",
            Self::StatefulSets => "statefulsets",
        }
    }

    /// What tells the program to work on them.
    pub(crate) fn argument(self) -> &'static str {
        match self {
            Self::PetSets => "--petsets",
            Self::StatefulSets => "--statefulsets",
        }
    }

    pub(super) fn resource(self) -> ApiResource {
        match self {
            Self::PetSets => web::pet_sets(),
            Self::StatefulSets => ApiResource::erase::<k8s_openapi::api::apps::v1::StatefulSet>(&()),
        }
    }

    /// Those of one namespace, over this client.
    pub(super) fn backends(self, client: Client, namespace: &str) -> Backends {
        let builder = Cluster::builder(client).namespace(namespace);
        match self {
            Self::PetSets => builder.open().into(),
            Self::StatefulSets => builder.stateful_sets().open().into(),
        }
    }
}
