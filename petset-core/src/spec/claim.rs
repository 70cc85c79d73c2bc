//! Claim templates: the volumes that each pet keeps for life.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{LabelSelector, ObjectMeta, Quantity, Verbatim};

/// A claim that every pet gets, named `<template>-<set>-<ordinal>`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ClaimTemplate {
    /// The template's name is the volume's name in the pod.
    pub metadata: ObjectMeta,
    /// What is claimed.
    pub spec: ClaimSpec,
    /// Everything else, as written.
    #[serde(flatten)]
    pub other: Verbatim,
}

/// What is claimed.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ClaimSpec {
    /// `ReadWriteOnce`, `ReadOnlyMany`, `ReadWriteMany`, `ReadWriteOncePod`; at least one.
    pub access_modes: Vec<String>,
    /// How much.
    pub resources: ResourceRequests,
    /// Which class makes the volume; the backend's default class when unsaid, a pre-made volume when empty.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub storage_class_name: Option<String>,
    /// Which labels a pre-made volume must carry.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub selector: Option<LabelSelector>,
    /// One pre-made volume by name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub volume_name: Option<String>,
    /// `Filesystem` (default) or `Block`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub volume_mode: Option<String>,
    /// Everything else, as written.
    #[serde(flatten)]
    pub other: Verbatim,
}

impl ClaimSpec {
    /// The storage that is asked for.
    pub fn storage(&self) -> Option<&Quantity> {
        self.resources.requests.get("storage")
    }
}

/// How much is claimed.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ResourceRequests {
    /// `storage` is required.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub requests: BTreeMap<String, Quantity>,
    /// Everything else, as written.
    #[serde(flatten)]
    pub other: Verbatim,
}
