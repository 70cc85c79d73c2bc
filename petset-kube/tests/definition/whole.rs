//! A set in which every field says something. Nothing is left to defaults, so that a new field has to be filled in here.

use std::collections::BTreeMap;

use petset_core::spec::{
    ClaimSpec, ClaimTemplate, IntOrString, LabelSelector, ObjectMeta, Ordinals, PetSetSpec, PodManagementPolicy,
    PodTemplate, Quantity, ResourceRequests, RetentionPolicy, RetentionPolicyType, RollingUpdate, SelectorRequirement,
    UpdateStrategy, UpdateStrategyType, Verbatim,
};
use petset_core::status::{Condition, ConditionStatus, Started, Ticket};
use petset_core::{ClaimUid, Ordinal, PodUid, RevisionName, Timestamp};
use petset_kube::resource::PetSetStatus;
use serde_json::{Value, json};

pub(crate) fn spec() -> PetSetSpec {
    PetSetSpec {
        replicas: Some(3),
        service_name: "nginx".to_owned(),
        selector: Some(selector()),
        template: PodTemplate { metadata: metadata("web"), spec: pod() },
        volume_claim_templates: vec![claim()],
        pod_management_policy: Some(PodManagementPolicy::Parallel),
        update_strategy: Some(UpdateStrategy {
            kind: Some(UpdateStrategyType::RollingUpdate),
            rolling_update: Some(RollingUpdate {
                partition: Some(1),
                max_unavailable: Some(IntOrString::String("50%".to_owned())),
                other: Verbatim::new(),
            }),
            other: Verbatim::new(),
        }),
        min_ready_seconds: Some(1),
        revision_history_limit: Some(2),
        ordinals: Some(Ordinals { start: 1, other: Verbatim::new() }),
        persistent_volume_claim_retention_policy: Some(RetentionPolicy {
            when_scaled: RetentionPolicyType::Delete,
            when_deleted: RetentionPolicyType::Retain,
            other: Verbatim::new(),
        }),
        other: Verbatim::new(),
    }
}

pub(crate) fn status() -> PetSetStatus {
    let mut started = Started::default();
    started.insert(Ordinal(0), [("www".into(), ClaimUid::new("c"))]);
    PetSetStatus {
        observed_generation: 2,
        replicas: 3,
        ready_replicas: 3,
        available_replicas: 3,
        current_replicas: 2,
        updated_replicas: 1,
        current_revision: Some(RevisionName::new("web-1")),
        update_revision: Some(RevisionName::new("web-2")),
        collision_count: 1,
        selector: Some("app=nginx".to_owned()),
        conditions: vec![Condition {
            kind: "Available".to_owned(),
            status: ConditionStatus::True,
            reason: "AllPetsAvailable".to_owned(),
            message: "3 of 3".to_owned(),
            last_transition_time: Timestamp::from_micros(1_000_000),
            observed_generation: 2,
        }],
        tickets: vec![Ticket { ordinal: Ordinal(2), uid: PodUid::new("p") }],
        started,
        deleting_claims: [Ordinal(4)].into_iter().collect(),
    }
}

fn metadata(name: &str) -> ObjectMeta {
    ObjectMeta {
        name: name.to_owned(),
        namespace: "default".to_owned(),
        labels: texts(),
        annotations: texts(),
        other: fields(json!({ "finalizers": ["a"], "creationTimestamp": "2026-01-01T00:00:00Z" })),
    }
}

fn selector() -> LabelSelector {
    let requirement =
        SelectorRequirement { key: "tier".to_owned(), operator: "In".to_owned(), values: vec!["a".to_owned()] };
    LabelSelector { match_labels: texts(), match_expressions: vec![requirement] }
}

fn claim() -> ClaimTemplate {
    ClaimTemplate {
        metadata: metadata("www"),
        spec: ClaimSpec {
            access_modes: vec!["ReadWriteOnce".to_owned()],
            resources: ResourceRequests {
                requests: BTreeMap::from([("storage".to_owned(), Quantity::from("1Gi"))]),
                other: fields(json!({ "limits": { "storage": "2Gi" } })),
            },
            storage_class_name: Some("fast".to_owned()),
            selector: Some(selector()),
            volume_name: Some("pv".to_owned()),
            volume_mode: Some("Filesystem".to_owned()),
            other: Verbatim::new(),
        },
        other: fields(json!({ "apiVersion": "v1", "kind": "PersistentVolumeClaim", "status": {} })),
    }
}

/// What a pod is Kubernetes says, whatever of it core knows.
fn pod() -> petset_core::spec::PodSpec {
    let container = json!({ "name": "main", "image": "x", "resources": { "limits": { "cpu": 1, "memory": "1Gi" } },
        "ports": [{ "containerPort": 80 }], "env": [{ "name": "A", "value": "b" }],
        "readinessProbe": { "httpGet": { "path": "/", "port": "web" } } });
    let pod = json!({ "containers": [container], "terminationGracePeriodSeconds": 5, "hostNetwork": true,
        "volumes": [{ "name": "tmp", "emptyDir": {} }] });
    serde_json::from_value(pod).expect("a pod")
}

fn texts() -> BTreeMap<String, String> {
    BTreeMap::from([("app".to_owned(), "nginx".to_owned())])
}

fn fields(value: Value) -> Verbatim {
    serde_json::from_value(value).expect("an object")
}
