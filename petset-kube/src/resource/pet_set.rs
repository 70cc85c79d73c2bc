//! [`PetSet`]: the custom resource as a type, for clients.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::CustomResourceExt;
use kube::core::ApiResource;
use kube::core::object::{HasSpec, HasStatus};
use petset_core::spec::{self, PetSetSpec};
use petset_core::{Error, ErrorKind};
use serde::{Deserialize, Serialize, Serializer};

use super::kind::Kind;
use super::{API_VERSION, PetSetStatus, PetSets, definition, metadata};
use crate::impl_resource::impl_resource;

/// A set as a resource, for [`kube::Api`]: `petset.rs/v1 PetSet`.
///
/// Its specification is core's own, with fields that nothing here knows kept as they are, so that whoever reads, changes and
/// replaces a set loses nothing of it. Core's [`PetSet`](spec::PetSet) becomes one and is made of one; to have it checked and
/// its defaults filled in, make a [`Manifest`](petset_core::manifest::Manifest) of it.
///
/// ```no_run
/// use petset_core::manifest::Manifest;
/// use petset_kube::kube::{Api, Client, api::PostParams};
/// use petset_kube::resource::PetSet;
///
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// let sets: Api<PetSet> = Api::namespaced(Client::try_default().await?, "default");
/// for set in Manifest::from_path("web.yaml")?.sets {
///     sets.create(&PostParams::default(), &PetSet::try_from(set)?).await?;
/// }
/// for set in sets.list(&Default::default()).await? {
///     let ready = set.status.map_or(0, |status| status.ready_replicas);
///     println!("{ready} of {} pets are ready", set.spec.replicas());
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub struct PetSet {
    /// Who it is.
    #[serde(default)]
    pub metadata: ObjectMeta,
    /// What it should be.
    pub spec: PetSetSpec,
    /// What it is; the controller writes it.
    #[serde(default)]
    pub status: Option<PetSetStatus>,
}

impl PetSet {
    /// A set of this name, in the namespace that it will be made in.
    pub fn new(name: impl Into<String>, spec: PetSetSpec) -> Self {
        let metadata = ObjectMeta { name: Some(name.into()), ..ObjectMeta::default() };
        Self { metadata, spec, status: None }
    }
}

impl Serialize for PetSet {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Written<'a> {
            api_version: &'static str,
            kind: &'static str,
            metadata: &'a ObjectMeta,
            spec: &'a PetSetSpec,
            #[serde(skip_serializing_if = "Option::is_none")]
            status: &'a Option<PetSetStatus>,
        }
        let Self { metadata, spec, status } = self;
        Written { api_version: API_VERSION, kind: PetSets::OWNER.kind, metadata, spec, status }.serialize(serializer)
    }
}

/// The declaration alone, without what the server says of it.
impl From<PetSet> for spec::PetSet {
    fn from(set: PetSet) -> Self {
        let PetSet { metadata, spec, status: _ } = set;
        let metadata = metadata::declared(&metadata).expect("Kubernetes' metadata is metadata");
        Self { metadata, spec }
    }
}

/// # Errors
/// `Invalid` when there is something in its metadata that Kubernetes understands otherwise.
impl TryFrom<spec::PetSet> for PetSet {
    type Error = Error;

    fn try_from(set: spec::PetSet) -> Result<Self, Error> {
        let invalid = |error| {
            Error::new(ErrorKind::Invalid, "make a resource of a set").with_context("set", set.key()).with_source(error)
        };
        let metadata = metadata::written(&set.metadata).map_err(invalid)?;
        let spec::PetSet { metadata: _, spec } = set;
        Ok(Self { metadata, spec, status: None })
    }
}

impl_resource!(PetSet, kind: PetSets::OWNER.kind, api: PetSets::OWNER.group_and_version(), plural: PetSets::PLURAL);

impl CustomResourceExt for PetSet {
    fn crd() -> CustomResourceDefinition {
        definition()
    }

    fn crd_name() -> &'static str {
        "petsets.petset.rs"
    }

    fn api_resource() -> ApiResource {
        ApiResource::erase::<Self>(&())
    }

    fn shortnames() -> &'static [&'static str] {
        &["pet"]
    }
}

impl HasSpec for PetSet {
    type Spec = PetSetSpec;

    fn spec(&self) -> &PetSetSpec {
        &self.spec
    }

    fn spec_mut(&mut self) -> &mut PetSetSpec {
        &mut self.spec
    }
}

impl HasStatus for PetSet {
    type Status = PetSetStatus;

    fn status(&self) -> Option<&PetSetStatus> {
        self.status.as_ref()
    }

    fn status_mut(&mut self) -> &mut Option<PetSetStatus> {
        &mut self.status
    }
}

#[cfg(test)]
mod tests {
    use kube::Resource;
    use serde_json::{Value, json};

    use super::*;

    fn written() -> Value {
        json!({ "apiVersion": "petset.rs/v1", "kind": "PetSet",
            "metadata": { "name": "web", "namespace": "default", "labels": { "app": "web" }, "uid": "u",
                "resourceVersion": "7", "generation": 2, "finalizers": ["a/b"],
                "ownerReferences": [{ "apiVersion": "v1", "kind": "App", "name": "shop", "uid": "s" }] },
            "spec": { "replicas": 3, "serviceName": "nginx", "fromTheFuture": { "kept": true },
                "template": { "metadata": {}, "spec": { "containers": [{ "name": "main", "image": "x" }] } } },
            "status": PetSetStatus { replicas: 3, selector: Some("app=web".to_owned()), ..PetSetStatus::default() } })
    }

    #[test]
    fn what_is_read_is_written() {
        let read: PetSet = serde_json::from_value(written()).expect("a set");
        assert_eq!(serde_json::to_value(&read).expect("a set is JSON"), written());
    }

    #[test]
    fn a_declaration_is_what_its_author_said() {
        let read: PetSet = serde_json::from_value(written()).expect("a set");
        let declared = spec::PetSet::from(read.clone());
        let owners = json!({ "ownerReferences": written()["metadata"]["ownerReferences"] });
        assert_eq!(json!(declared.metadata.other), owners);
        assert_eq!((declared.key().to_string().as_str(), &declared.spec), ("default/web", &read.spec));
        let again = PetSet::try_from(declared.clone()).expect("it is a resource");
        assert_eq!(spec::PetSet::from(again), declared);
    }

    #[test]
    fn metadata_that_is_none_is_an_error() {
        let mut declared = spec::PetSet::default();
        declared.metadata.other.insert("finalizers".to_owned(), json!(5));
        assert_eq!(PetSet::try_from(declared).expect_err("it is none").kind(), ErrorKind::Invalid);
    }

    #[test]
    fn it_is_what_its_definition_says() {
        let names = PetSet::crd().spec.names;
        assert_eq!(PetSet::crd().metadata.name.as_deref(), Some(PetSet::crd_name()));
        assert_eq!((&*PetSet::kind(&()), &*PetSet::plural(&())), (names.kind.as_str(), names.plural.as_str()));
        assert_eq!(names.short_names.expect("it has some"), PetSet::shortnames());
        assert_eq!(PetSet::api_resource().api_version, API_VERSION);
    }
}
