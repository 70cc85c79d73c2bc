//! What the original `apps/v1alpha1` `PetSet` meant by its fields and annotations.

use crate::spec::{ObjectMeta, PetSet, UpdateStrategy, UpdateStrategyType};

/// The pause of a pet, today and in the original.
const INITIALIZED: &str = "petset.rs/initialized";
const LEGACY_INITIALIZED: &str = "pod.alpha.kubernetes.io/initialized";
const BETA_STORAGE_CLASS: &str = "volume.beta.kubernetes.io/storage-class";

/// Brings an `apps/v1alpha1` set to today's form. Legacy annotations stay besides what they became.
pub(super) fn upgrade(set: &mut PetSet) {
    // The original never replaced a running pet by itself: a new template waited for somebody to delete the pod.
    set.spec.update_strategy.get_or_insert_with(|| UpdateStrategy {
        kind: Some(UpdateStrategyType::OnDelete),
        ..UpdateStrategy::default()
    });
    initialized(&mut set.spec.template.metadata);
}

fn initialized(metadata: &mut ObjectMeta) {
    if let Some(value) = metadata.annotations.get(LEGACY_INITIALIZED).cloned() {
        metadata.annotations.entry(INITIALIZED.to_owned()).or_insert(value);
    }
}

/// The storage class that was an annotation before it was a field. Its alpha form asked for the default class whatever
/// its value, which is what an unsaid class means, so that nothing is left to do for it.
pub(super) fn storage_classes(set: &mut PetSet) {
    for claim in &mut set.spec.volume_claim_templates {
        if claim.spec.storage_class_name.is_none() {
            claim.spec.storage_class_name = claim.metadata.annotations.get(BETA_STORAGE_CLASS).cloned();
        }
    }
}
