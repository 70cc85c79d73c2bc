//! The owner of what [`Desired`] borrows.

use std::sync::Arc;
use std::time::Duration;

use petset_core::plan::{Desired, Strategy};
use petset_core::store::Cascade;
use petset_core::{Ordinal, RevisionName};

/// A declaration, with the revision that the set comes from.
#[derive(Debug, Clone)]
pub(crate) struct Spec {
    pub(crate) replicas: u32,
    pub(crate) start: u32,
    pub(crate) ordered: bool,
    pub(crate) strategy: Strategy,
    pub(crate) min_ready: Duration,
    pub(crate) when_scaled: bool,
    pub(crate) when_deleted: bool,
    pub(crate) templates: Vec<Arc<str>>,
    pub(crate) deletion: Option<Cascade>,
    pub(crate) current: RevisionName,
    pub(crate) update: RevisionName,
    pub(crate) binds_before_use: bool,
    pub(crate) paused: bool,
}

impl Default for Spec {
    fn default() -> Self {
        Self {
            replicas: 1,
            start: 0,
            ordered: true,
            strategy: Strategy::RollingUpdate { partition: 0, max_unavailable: 1 },
            min_ready: Duration::ZERO,
            when_scaled: false,
            when_deleted: false,
            templates: Vec::new(),
            deletion: None,
            current: RevisionName::new("A"),
            update: RevisionName::new("A"),
            binds_before_use: false,
            paused: false,
        }
    }
}

impl Spec {
    /// What the planner is told.
    pub(crate) fn desired(&self) -> Desired<'_> {
        Desired {
            replicas: self.replicas,
            start: Ordinal(self.start),
            ordered: self.ordered,
            strategy: self.strategy,
            min_ready: self.min_ready,
            delete_claims_when_scaled: self.when_scaled,
            delete_claims_when_deleted: self.when_deleted,
            claim_templates: &self.templates,
            deletion: self.deletion,
            current: &self.current,
            update: &self.update,
            binds_before_use: self.binds_before_use,
            paused: self.paused,
        }
    }
}
