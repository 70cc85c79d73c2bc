//! What is meant when nothing is said: the defaults of a set and of what stands beside it.
//!
//! The pod template stays as it is written, so that a revision is what its author wrote; the backends know the defaults
//! of its fields.

use crate::spec::{
    ConfigObject, IntOrString, LabelSelector, ObjectMeta, PetSet, PodManagementPolicy, RollingUpdate,
    UpdateStrategyType,
};

const NAMESPACE: &str = "default";
const REPLICAS: i32 = 1;
const REVISION_HISTORY_LIMIT: i32 = 10;

/// What a server adds to metadata and no author means.
const SERVERS_OWN: [&str; 6] =
    ["creationTimestamp", "generation", "managedFields", "resourceVersion", "selfLink", "uid"];

/// Fills in every default of a set. Doing it twice changes nothing.
pub(super) fn set(set: &mut PetSet) {
    metadata(&mut set.metadata);
    let spec = &mut set.spec;
    without_servers_own(&mut spec.template.metadata);
    for claim in &mut spec.volume_claim_templates {
        without_servers_own(&mut claim.metadata);
        for key in ["apiVersion", "kind", "status"] {
            claim.other.remove(key);
        }
    }
    spec.replicas.get_or_insert(REPLICAS);
    spec.revision_history_limit.get_or_insert(REVISION_HISTORY_LIMIT);
    spec.min_ready_seconds.get_or_insert(0);
    spec.pod_management_policy.get_or_insert(PodManagementPolicy::OrderedReady);
    spec.persistent_volume_claim_retention_policy.get_or_insert_default();
    let labels = &spec.template.metadata.labels;
    spec.selector.get_or_insert_with(|| LabelSelector { match_labels: labels.clone(), match_expressions: Vec::new() });
    let strategy = spec.update_strategy.get_or_insert_default();
    // Kubernetes leaves `rollingUpdate` out when `type` is said and it is not, and then recreates by other rules.
    if *strategy.kind.get_or_insert(UpdateStrategyType::RollingUpdate) == UpdateStrategyType::RollingUpdate {
        let RollingUpdate { partition, max_unavailable, other: _ } = strategy.rolling_update.get_or_insert_default();
        partition.get_or_insert(0);
        max_unavailable.get_or_insert(IntOrString::Int(1));
    }
}

/// Fills in every default of a service, config map or secret.
pub(super) fn object(object: &mut ConfigObject) {
    metadata(object.metadata_mut());
}

fn metadata(metadata: &mut ObjectMeta) {
    without_servers_own(metadata);
    if metadata.namespace.is_empty() {
        NAMESPACE.clone_into(&mut metadata.namespace);
    }
}

fn without_servers_own(metadata: &mut ObjectMeta) {
    for key in SERVERS_OWN {
        metadata.other.remove(key);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn defaulted(written: serde_json::Value) -> PetSet {
        let mut read: PetSet = serde_json::from_value(written).expect("a set");
        set(&mut read);
        let once = read.clone();
        set(&mut read);
        assert_eq!(once, read, "defaulting twice");
        read
    }

    #[test]
    fn every_default_is_filled_in() {
        let set = defaulted(json!({"metadata": {"name": "web", "uid": "x"},
            "spec": {"template": {"metadata": {"labels": {"a": "b"}}}}}));
        let expected = json!({"metadata": {"name": "web", "namespace": "default"}, "spec": {
            "replicas": 1, "revisionHistoryLimit": 10, "minReadySeconds": 0, "podManagementPolicy": "OrderedReady",
            "persistentVolumeClaimRetentionPolicy": {"whenScaled": "Retain", "whenDeleted": "Retain"},
            "selector": {"matchLabels": {"a": "b"}},
            "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 0, "maxUnavailable": 1}},
            "template": {"metadata": {"labels": {"a": "b"}}, "spec": {}}}});
        assert_eq!(serde_json::to_value(set).expect("JSON"), expected);
    }

    #[test]
    fn what_is_said_stays() {
        let strategy = |strategy: serde_json::Value| {
            let set = defaulted(json!({"spec": {"updateStrategy": strategy}}));
            serde_json::to_value(set.spec.update_strategy).expect("JSON")
        };
        let filled = json!({"type": "RollingUpdate", "rollingUpdate": {"partition": 0, "maxUnavailable": 1}});
        assert_eq!(strategy(json!({"type": "RollingUpdate"})), filled);
        assert_eq!(strategy(json!({"type": "OnDelete"})), json!({"type": "OnDelete"}));
        let set = defaulted(
            json!({"spec": {"replicas": 0, "persistentVolumeClaimRetentionPolicy": {"whenScaled": "Delete"}}}),
        );
        assert_eq!(set.spec.replicas, Some(0));
        let retention = serde_json::to_value(set.spec.retention()).expect("JSON");
        assert_eq!(retention, json!({"whenScaled": "Delete", "whenDeleted": "Retain"}));
    }
}
