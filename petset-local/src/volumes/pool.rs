//! Which pre-made volume fits a claim.

use std::collections::BTreeMap;

use petset_core::spec::ClaimSpec;

use super::options::StaticVolume;
use super::record::Given;

/// The volumes that fit and were given to nobody, the smallest first.
pub(super) fn fitting<'p>(
    pool: &'p [StaticVolume],
    given: &BTreeMap<String, Option<Given>>,
    spec: &ClaimSpec,
    class: &str,
    wanted: u64,
) -> Vec<&'p StaticVolume> {
    let mut found: Vec<_> = pool
        .iter()
        .filter(|volume| {
            !given.contains_key(&volume.name)
                && volume.storage_class == class
                && volume.capacity_bytes >= wanted
                && spec.access_modes.iter().all(|mode| volume.access_modes.contains(mode))
                && spec.selector.as_ref().is_none_or(|selector| selector.matches(&volume.labels))
                && spec.volume_name.as_ref().is_none_or(|name| *name == volume.name)
        })
        .collect();
    found.sort_by_key(|volume| (volume.capacity_bytes, &volume.name));
    found
}
