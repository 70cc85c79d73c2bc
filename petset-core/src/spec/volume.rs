//! Volumes of a pod besides its claims, and where containers see them.

use serde::{Deserialize, Serialize};

use super::pod::{FieldRef, ResourceFieldRef};
use super::{Quantity, Verbatim, is_false};

/// Where a container sees a volume.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct VolumeMount {
    /// The volume's, or the claim template's, name.
    pub name: String,
    /// The absolute path in the container.
    pub mount_path: String,
    /// The part of the volume that appears there; relative, without `..`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sub_path: Option<String>,
    /// Whether writing is refused.
    #[serde(skip_serializing_if = "is_false")]
    pub read_only: bool,
    /// Everything else, as written.
    #[serde(flatten)]
    pub other: Verbatim,
}

/// One volume of a pod; exactly one source is set.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Volume {
    /// The name, unique in the pod. A claim template of the same name takes its place.
    pub name: String,
    /// Empty at the pod's start, gone with the pod.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub empty_dir: Option<EmptyDirVolume>,
    /// Files from a config map.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub config_map: Option<ConfigMapVolume>,
    /// Files from a secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret: Option<SecretVolume>,
    /// Files from the pod's own fields.
    #[serde(rename = "downwardAPI", skip_serializing_if = "Option::is_none")]
    pub downward_api: Option<DownwardApiVolume>,
    /// Several of the three above in one directory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub projected: Option<ProjectedVolume>,
    /// A claim that exists by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub persistent_volume_claim: Option<PvcVolume>,
    /// A path of the host. Refused unless the embedder allows it (S22).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host_path: Option<HostPathVolume>,
    /// Everything else, as written.
    #[serde(flatten)]
    pub other: Verbatim,
}

/// Empty at the pod's start.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct EmptyDirVolume {
    /// `Memory`, or empty for disk.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub medium: String,
    /// How large it may grow.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size_limit: Option<Quantity>,
}

/// Files from a config map.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ConfigMapVolume {
    /// The config map's name.
    pub name: String,
    /// Which keys, and as which files; all when empty.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub items: Vec<KeyToPath>,
    /// File mode. Default 0644.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_mode: Option<i32>,
    /// Whether its absence is fine; not when nothing is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub optional: Option<bool>,
}

/// Files from a secret.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SecretVolume {
    /// The secret's name.
    pub secret_name: String,
    /// Which keys, and as which files; all when empty.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub items: Vec<KeyToPath>,
    /// File mode. Default 0644.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_mode: Option<i32>,
    /// Whether its absence is fine; not when nothing is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub optional: Option<bool>,
}

/// One key as one file.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct KeyToPath {
    /// The key.
    pub key: String,
    /// The file, relative, without `..`.
    pub path: String,
    /// File mode.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mode: Option<i32>,
}

/// Files from the pod's own fields.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct DownwardApiVolume {
    /// The files.
    pub items: Vec<DownwardApiItem>,
    /// File mode. Default 0644.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_mode: Option<i32>,
}

/// One field of the pod as one file.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct DownwardApiItem {
    /// The file, relative, without `..`.
    pub path: String,
    /// The field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field_ref: Option<FieldRef>,
    /// Or a limit or request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource_field_ref: Option<ResourceFieldRef>,
    /// File mode.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mode: Option<i32>,
}

/// Several sources in one directory.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ProjectedVolume {
    /// The sources; a later one wins over an earlier one's file of the same path.
    pub sources: Vec<ProjectedSource>,
    /// File mode. Default 0644.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_mode: Option<i32>,
}

/// One source of a projected volume; exactly one is set. File modes are the volume's.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ProjectedSource {
    /// Files from a config map.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub config_map: Option<KeysProjection>,
    /// Files from a secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret: Option<KeysProjection>,
    /// Files from the pod's own fields.
    #[serde(rename = "downwardAPI", skip_serializing_if = "Option::is_none")]
    pub downward_api: Option<DownwardApiProjection>,
    /// Everything else, as written.
    #[serde(flatten)]
    pub other: Verbatim,
}

/// A config map or secret as part of a projected volume.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct KeysProjection {
    /// The object's name.
    pub name: String,
    /// Which keys, and as which files; all when empty.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub items: Vec<KeyToPath>,
    /// Whether its absence is fine; not when nothing is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub optional: Option<bool>,
}

/// Fields of the pod as part of a projected volume.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct DownwardApiProjection {
    /// The files.
    pub items: Vec<DownwardApiItem>,
}

/// A claim that exists by itself.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PvcVolume {
    /// The claim's name.
    pub claim_name: String,
    /// Whether writing is refused.
    #[serde(skip_serializing_if = "is_false")]
    pub read_only: bool,
}

/// A path of the host.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct HostPathVolume {
    /// The path.
    pub path: String,
    /// What must be there, or is made.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
}
