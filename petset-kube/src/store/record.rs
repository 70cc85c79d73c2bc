//! A `ControllerRevision` as it is read and written, whatever version of Kubernetes' types there is.

use std::borrow::Cow;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::Resource;
use kube::core::NamespaceResourceScope;
use serde::Deserialize;
use serde_json::Value;

/// A `ControllerRevision`.
#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct RevisionRecord {
    pub(super) metadata: ObjectMeta,
    #[serde(default)]
    pub(super) data: Value,
    #[serde(default)]
    pub(super) revision: i64,
}

impl Resource for RevisionRecord {
    type DynamicType = ();
    type Scope = NamespaceResourceScope;

    fn kind((): &()) -> Cow<'_, str> {
        "ControllerRevision".into()
    }

    fn group((): &()) -> Cow<'_, str> {
        "apps".into()
    }

    fn version((): &()) -> Cow<'_, str> {
        "v1".into()
    }

    fn plural((): &()) -> Cow<'_, str> {
        "controllerrevisions".into()
    }

    fn meta(&self) -> &ObjectMeta {
        &self.metadata
    }

    fn meta_mut(&mut self) -> &mut ObjectMeta {
        &mut self.metadata
    }
}
