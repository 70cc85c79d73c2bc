//! The pods of sets as they are known, and how new that is.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use petset_core::backend::Pod;
use petset_core::{Result, SetKey, Version};

use super::record::{KeptPod, PodRecord};
use crate::cache::Cache;

/// The shared view of pods, and for each set of one kind how new the pods were that were listed last.
///
/// Whoever lists and decides concurrently on one set in one process shares that; controllers never do.
#[derive(Debug)]
pub(crate) struct PodView {
    pub(super) pods: Arc<Cache<PodRecord>>,
    ages: Mutex<BTreeMap<SetKey, Age>>,
}

/// Versions of the server, as numbers.
#[derive(Debug, Default, Clone, Copy)]
struct Age {
    /// What was listed last is at least as new as this.
    listed: u64,
    /// What is known of this set's pods is at least as new as this, whatever the watch has shown.
    read: u64,
}

impl PodView {
    pub(crate) fn new(pods: Arc<Cache<PodRecord>>) -> Self {
        Self { pods, ages: Mutex::default() }
    }

    /// The pods of a set's names.
    pub(super) async fn list(&self, set: &SetKey) -> Result<Vec<Pod>> {
        // First how new it is: what is listed afterwards may only be newer.
        let seen = self.pods.seen().await?;
        let is_of_set = |name: &str, _: Option<&KeptPod>| set.ordinal_of_pod(name).is_some();
        let found = self.pods.list(&set.namespace, &format!("{}-", set.name), is_of_set).await?;
        self.age(set, |age| age.listed = seen.max(age.read));
        Ok(found.into_iter().map(|(_, kept)| kept.pod).collect())
    }

    /// Whether the pods of `set` that were listed last are at least as new as this version of the set. Where they are
    /// not, they are read from the server, so that the next list is. A set whose pods nobody listed was decided on
    /// without them.
    pub(crate) async fn is_as_new_as(&self, set: &SetKey, version: &Version, labels: Option<&str>) -> Result<bool> {
        let wanted = version.as_str().parse().unwrap_or(u64::MAX);
        let known = self.ages.lock().unwrap_or_else(PoisonError::into_inner).get(set).copied();
        if known.is_none_or(|age| age.listed >= wanted) {
            return Ok(true);
        }
        tracing::debug!(%set, %version, "the pods that were looked at are older than the set");
        let is_of_set = |name: &str| set.ordinal_of_pod(name).is_some();
        let read = self.pods.read_again(&set.namespace, labels, is_of_set).await?;
        self.age(set, |age| age.read = age.read.max(read));
        Ok(false)
    }

    /// A set is no more.
    pub(crate) fn forget(&self, set: &SetKey) {
        self.ages.lock().unwrap_or_else(PoisonError::into_inner).remove(set);
    }

    fn age(&self, set: &SetKey, change: impl FnOnce(&mut Age)) {
        change(self.ages.lock().unwrap_or_else(PoisonError::into_inner).entry(set.clone()).or_default());
    }
}
