//! What stands beside a set in its manifest: services, config maps, secrets.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{IntOrString, ObjectMeta, Verbatim, is_false};

/// A name for pods that carry certain labels.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Service {
    /// Name, namespace, labels, annotations.
    pub metadata: ObjectMeta,
    /// Which pods, which ports.
    pub spec: ServiceSpec,
}

/// Which pods, which ports.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ServiceSpec {
    /// `None` makes it headless: its name answers with the pods' own addresses.
    #[serde(rename = "clusterIP", skip_serializing_if = "Option::is_none")]
    pub cluster_ip: Option<String>,
    /// Which labels a pod must carry.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub selector: BTreeMap<String, String>,
    /// The ports; each named one has an SRV record.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ports: Vec<ServicePort>,
    /// Whether pods are named before they are ready.
    #[serde(skip_serializing_if = "is_false")]
    pub publish_not_ready_addresses: bool,
    /// Everything else, as written.
    #[serde(flatten)]
    pub other: Verbatim,
}

impl Service {
    /// Whether the service's name answers with the pods' own addresses.
    pub fn is_headless(&self) -> bool {
        self.spec.cluster_ip.as_deref() == Some("None")
    }
}

/// One port of a service.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ServicePort {
    /// The name, needed when there are several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The port of the service.
    pub port: i32,
    /// The port of the pod: a number or a container port's name. Default: `port`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_port: Option<IntOrString>,
    /// `TCP` (default), `UDP` or `SCTP`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub protocol: Option<String>,
    /// Everything else, as written.
    #[serde(flatten)]
    pub other: Verbatim,
}

/// Settings that containers read as variables or files.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ConfigMap {
    /// Name, namespace, labels, annotations.
    pub metadata: ObjectMeta,
    /// Texts by key.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub data: BTreeMap<String, String>,
    /// Bytes by key, in base64.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub binary_data: BTreeMap<String, String>,
    /// Everything else, as written.
    #[serde(flatten)]
    pub other: Verbatim,
}

/// Like a config map, for what nobody should read. `Debug` prints keys, never values.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Secret {
    /// Name, namespace, labels, annotations.
    pub metadata: ObjectMeta,
    /// The type, `Opaque` when unsaid.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Bytes by key, in base64.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub data: BTreeMap<String, String>,
    /// Texts by key; they win over `data`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub string_data: BTreeMap<String, String>,
    /// Everything else, as written.
    #[serde(flatten)]
    pub other: Verbatim,
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { metadata, kind, data, string_data, other: _ } = self;
        f.debug_struct("Secret")
            .field("metadata", metadata)
            .field("kind", kind)
            .field("data", &data.keys().collect::<Vec<_>>())
            .field("string_data", &string_data.keys().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

/// A service, config map or secret.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind")]
#[non_exhaustive]
pub enum ConfigObject {
    /// A service.
    Service(Service),
    /// A config map.
    ConfigMap(ConfigMap),
    /// A secret.
    Secret(Secret),
}

/// The kinds of [`ConfigObject`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum ConfigObjectKind {
    /// A service.
    Service,
    /// A config map.
    ConfigMap,
    /// A secret.
    Secret,
}

impl ConfigObject {
    /// Which kind it is.
    pub fn kind(&self) -> ConfigObjectKind {
        match self {
            Self::Service(_) => ConfigObjectKind::Service,
            Self::ConfigMap(_) => ConfigObjectKind::ConfigMap,
            Self::Secret(_) => ConfigObjectKind::Secret,
        }
    }

    /// Name, namespace, labels, annotations.
    pub fn metadata(&self) -> &ObjectMeta {
        match self {
            Self::Service(service) => &service.metadata,
            Self::ConfigMap(map) => &map.metadata,
            Self::Secret(secret) => &secret.metadata,
        }
    }

    /// The metadata, to change it.
    pub fn metadata_mut(&mut self) -> &mut ObjectMeta {
        match self {
            Self::Service(service) => &mut service.metadata,
            Self::ConfigMap(map) => &mut map.metadata,
            Self::Secret(secret) => &mut secret.metadata,
        }
    }
}
