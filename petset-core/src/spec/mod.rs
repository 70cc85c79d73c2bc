//! The declaration: what a manifest says, in Kubernetes' field names.
//!
//! Everything here is data. [`crate::manifest`] reads, defaults and checks it; [`crate::plan`] sees none of it but the
//! few numbers of [`crate::plan::Desired`].

mod claim;
mod meta;
mod pod;
mod probe;
mod quantity;
mod service;
mod set;
mod volume;

pub use claim::{ClaimSpec, ClaimTemplate, ResourceRequests};
pub use meta::{LabelSelector, ObjectMeta, SelectorRequirement};
pub use pod::{
    Container, ContainerPort, DnsConfig, EnvFromSource, EnvVar, EnvVarSource, FieldRef, HostAlias, KeyRef, NameRef,
    PodSpec, PodTemplate, ResourceFieldRef, Resources,
};
pub use probe::{
    ExecAction, Handler, HttpGetAction, HttpHeader, IntOrString, Lifecycle, Probe, SleepAction, TcpSocketAction,
};
pub use quantity::Quantity;
pub use service::{ConfigMap, ConfigObject, ConfigObjectKind, Secret, Service, ServicePort, ServiceSpec};
pub use set::{
    Ordinals, PetSet, PetSetSpec, PodManagementPolicy, RetentionPolicy, RetentionPolicyType, RollingUpdate,
    UpdateStrategy, UpdateStrategyType,
};
pub use volume::{
    ConfigMapVolume, DownwardApiItem, DownwardApiProjection, DownwardApiVolume, EmptyDirVolume, HostPathVolume,
    KeyToPath, KeysProjection, ProjectedSource, ProjectedVolume, PvcVolume, SecretVolume, Volume, VolumeMount,
};

/// Fields that no type here knows, kept as they were written so that a manifest survives the round trip.
pub type Verbatim = serde_json::Map<String, serde_json::Value>;

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's skip_serializing_if passes a reference")]
pub(crate) fn is_false(value: &bool) -> bool {
    !value
}
