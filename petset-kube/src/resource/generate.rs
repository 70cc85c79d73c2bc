//! The definition of the resource, made from Kubernetes' own types.
//!
//! Of those it takes the structure and leaves out the descriptions, which `kubectl explain pod.spec` has: with them the
//! definition would not fit into the annotation that `kubectl apply` makes of it.

use k8s_openapi::api::core::v1::{PersistentVolumeClaimSpec, PodSpec};
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

/// The definition, as JSON.
///
/// # Panics
/// Never: Kubernetes' types have schemas.
pub fn generate() -> Value {
    json!({
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": { "name": "petsets.petset.rs" },
        "spec": {
            "group": "petset.rs",
            "names": {
                "kind": "PetSet",
                "listKind": "PetSetList",
                "plural": "petsets",
                "singular": "petset",
                "shortNames": ["pet"],
                "categories": ["all"],
            },
            "scope": "Namespaced",
            "versions": [{
                "name": "v1",
                "served": true,
                "storage": true,
                "schema": { "openAPIV3Schema": schema() },
                "subresources": {
                    "status": {},
                    "scale": {
                        "specReplicasPath": ".spec.replicas",
                        "statusReplicasPath": ".status.replicas",
                        "labelSelectorPath": ".status.selector",
                    },
                },
                "additionalPrinterColumns": [
                    column("Desired", "integer", ".spec.replicas", 0),
                    column("Current", "integer", ".status.replicas", 0),
                    column("Ready", "integer", ".status.readyReplicas", 0),
                    column("Updated", "integer", ".status.updatedReplicas", 1),
                    column("Age", "date", ".metadata.creationTimestamp", 0),
                ],
            }],
        },
    })
}

fn column(name: &str, kind: &str, path: &str, priority: i32) -> Value {
    json!({ "name": name, "type": kind, "jsonPath": path, "priority": priority })
}

fn schema() -> Value {
    object(
        "A set of numbered pets with sticky names, volumes and order.",
        &["spec"],
        [
            ("apiVersion", string("")),
            ("kind", string("")),
            ("metadata", json!({ "type": "object" })),
            ("spec", spec()),
            ("status", status()),
        ],
    )
}

fn spec() -> Value {
    let retention = |what: &str| one_of(what, &["Retain", "Delete"]);
    object(
        "What the set should be.",
        &["template"],
        [
            ("replicas", with_default(integer("How many pets.", 0), json!(1))),
            ("serviceName", string("The headless Service that names the pets.")),
            ("selector", selector("Which orphaned pods may be adopted; the template's labels unless said.")),
            ("template", object("What each pet runs.", &["spec"], [("metadata", metadata()), ("spec", pod_spec())])),
            ("volumeClaimTemplates", list("The volumes that each pet keeps for life.", &claim_template())),
            ("podManagementPolicy", one_of("One after the other, or all at once.", &["OrderedReady", "Parallel"])),
            (
                "updateStrategy",
                object(
                    "How a new template reaches running pets.",
                    &[],
                    [
                        (
                            "type",
                            one_of(
                                "RollingUpdate, also if unsaid: from the highest ordinal down. OnDelete: when somebody \
                                 deletes the pod.",
                                &["RollingUpdate", "OnDelete"],
                            ),
                        ),
                        (
                            "rollingUpdate",
                            object(
                                "How far a rolling update goes, and how fast.",
                                &[],
                                [
                                    ("partition", integer("How many pets stay on the current revision.", 0)),
                                    (
                                        "maxUnavailable",
                                        number_or_text(
                                            "How many pets may be unavailable at once: a number or a per cent.",
                                        ),
                                    ),
                                ],
                            ),
                        ),
                    ],
                ),
            ),
            ("minReadySeconds", integer("For how long a pet must stay ready to count as available.", 0)),
            ("revisionHistoryLimit", plain_integer("How many unused revisions are kept; negative keeps all.")),
            ("ordinals", object("Where the numbering starts.", &[], [("start", integer("The first ordinal.", 0))])),
            (
                "persistentVolumeClaimRetentionPolicy",
                object(
                    "What happens to claims when pets go.",
                    &[],
                    [
                        ("whenScaled", retention("When a pet is scaled away.")),
                        ("whenDeleted", retention("When the set is deleted.")),
                    ],
                ),
            ),
        ],
    )
}

fn status() -> Value {
    let count = |what: &str| plain_integer(what);
    let texts = json!({ "type": "object", "additionalProperties": { "type": "string" } });
    let condition = object(
        "",
        &["type", "status"],
        [
            ("type", string("Available, Progressing, Degraded, or what others say of the set.")),
            ("status", one_of("Whether it is so.", &["True", "False", "Unknown"])),
            ("reason", string("Why, in one word.")),
            ("message", string("Why, for people.")),
            (
                "lastTransitionTime",
                described("Since when it is so.", json!({ "type": "string", "format": "date-time" })),
            ),
            ("observedGeneration", described("The declaration that it is about.", long())),
        ],
    );
    let (ordinal, uid) = (plain_integer("The pet."), string("The pod that may be taken down."));
    let ticket = object("", &["ordinal", "uid"], [("ordinal", ordinal), ("uid", uid)]);
    object(
        "What the set is.",
        &[],
        [
            ("observedGeneration", described("The declaration that was seen last.", long())),
            ("replicas", count("Pods that exist.")),
            ("readyReplicas", count("Pods that are ready.")),
            ("availableReplicas", count("Pods that have been ready for minReadySeconds.")),
            ("currentReplicas", count("Pods on the current revision.")),
            ("updatedReplicas", count("Pods on the update revision.")),
            ("currentRevision", nullable(string("The revision that the set comes from."))),
            ("updateRevision", nullable(string("The revision that the set goes to."))),
            ("collisionCount", count("How many revision names were found taken.")),
            ("selector", string("The selector as text, for autoscalers.")),
            ("conditions", by(list("Statements about the set.", &condition), "type")),
            ("tickets", list("Permissions to take down a ready pod.", &ticket)),
            (
                "started",
                json!({ "description": "Pets that have run, and the claims that they ran on.",
                    "type": "object", "additionalProperties": texts }),
            ),
            ("deletingClaims", string("Pets whose claims are being deleted.")),
        ],
    )
}

/// What a pod is. Two who apply a part of a set each may each have containers and volumes of their own in it, as in a Pod.
/// Lists whose keys have defaults, as `ports`, or may be there twice, as `env`, belong to one of them.
fn pod_spec() -> Value {
    let mut spec = described("As of a Pod: kubectl explain pod.spec.", of::<PodSpec>());
    let lists = &mut spec["properties"];
    for containers in ["containers", "initContainers"] {
        let mounts = &mut lists[containers]["items"]["properties"]["volumeMounts"];
        *mounts = by(mounts.take(), "mountPath");
        lists[containers] = by(lists[containers].take(), "name");
    }
    lists["volumes"] = by(lists["volumes"].take(), "name");
    spec
}

fn claim_template() -> Value {
    object(
        "",
        &["metadata", "spec"],
        [
            ("apiVersion", string("")),
            ("kind", string("")),
            ("metadata", metadata()),
            ("spec", of::<PersistentVolumeClaimSpec>()),
            ("status", json!({ "type": "object", "nullable": true, "x-kubernetes-preserve-unknown-fields": true })),
        ],
    )
}

/// Metadata inside of a template, with what tools write into it.
fn metadata() -> Value {
    let texts = json!({ "type": "object", "additionalProperties": { "type": "string" } });
    object(
        "",
        &[],
        [
            ("name", string("")),
            ("namespace", string("")),
            ("labels", texts.clone()),
            ("annotations", texts),
            ("finalizers", list("", &string(""))),
            ("creationTimestamp", nullable(string(""))),
        ],
    )
}

fn selector(what: &str) -> Value {
    let requirement = object(
        "",
        &["key", "operator"],
        [("key", string("")), ("operator", string("")), ("values", list("", &string("")))],
    );
    object(
        what,
        &[],
        [
            ("matchLabels", json!({ "type": "object", "additionalProperties": { "type": "string" } })),
            ("matchExpressions", list("", &requirement)),
        ],
    )
}

fn object<const N: usize>(what: &str, required: &[&str], properties: [(&str, Value); N]) -> Value {
    let properties: Map<String, Value> = properties.into_iter().map(|(name, of)| (name.to_owned(), of)).collect();
    let mut schema = described(what, json!({ "type": "object", "properties": properties }));
    if !required.is_empty() {
        schema["required"] = json!(required);
    }
    schema
}

fn described(what: &str, mut schema: Value) -> Value {
    if !what.is_empty() {
        schema["description"] = json!(what);
    }
    schema
}

fn string(what: &str) -> Value {
    described(what, json!({ "type": "string" }))
}

fn one_of(what: &str, words: &[&str]) -> Value {
    described(what, json!({ "type": "string", "enum": words }))
}

fn integer(what: &str, least: i32) -> Value {
    described(what, json!({ "type": "integer", "format": "int32", "minimum": least }))
}

fn plain_integer(what: &str) -> Value {
    described(what, json!({ "type": "integer", "format": "int32" }))
}

fn long() -> Value {
    json!({ "type": "integer", "format": "int64" })
}

fn list(what: &str, items: &Value) -> Value {
    described(what, json!({ "type": "array", "items": items }))
}

/// A list in which no two items have the same in this field.
fn by(mut list: Value, key: &str) -> Value {
    list["x-kubernetes-list-type"] = json!("map");
    list["x-kubernetes-list-map-keys"] = json!([key]);
    list
}

fn nullable(mut schema: Value) -> Value {
    schema["nullable"] = json!(true);
    schema
}

fn with_default(mut schema: Value, default: Value) -> Value {
    schema["default"] = default;
    schema
}

fn number_or_text(what: &str) -> Value {
    described(what, json!({ "x-kubernetes-int-or-string": true }))
}

/// The structure of one of Kubernetes' types.
fn of<T: JsonSchema>() -> Value {
    let root = SchemaSettings::openapi3().into_generator().into_root_schema_for::<T>().to_value();
    let definitions = root["components"]["schemas"].clone();
    structure(&root, &definitions)
}

/// A schema with its references put in, and without what a structural schema has no use for.
fn structure(schema: &Value, definitions: &Value) -> Value {
    if let Some(name) = schema["$ref"].as_str().and_then(|path| path.rsplit('/').next()) {
        return match name.rsplit('.').next() {
            // Written as a number as often as not.
            Some("Quantity" | "IntOrString") => number_or_text(""),
            _ => structure(&definitions[name], definitions),
        };
    }
    // A reference with a description of its own is wrapped.
    if let Some([only]) = schema["allOf"].as_array().map(Vec::as_slice) {
        return structure(only, definitions);
    }
    let mut kept = Map::new();
    for key in ["type", "format", "required", "enum", "nullable", "x-kubernetes-int-or-string"] {
        if let Some(value) = schema.get(key) {
            kept.insert(key.to_owned(), value.clone());
        }
    }
    if let Some(properties) = schema["properties"].as_object() {
        let properties = properties.iter().map(|(name, of)| (name.clone(), structure(of, definitions)));
        kept.insert("properties".to_owned(), Value::Object(properties.collect()));
    }
    for key in ["items", "additionalProperties"] {
        if let Some(of) = schema.get(key) {
            kept.insert(key.to_owned(), structure(of, definitions));
        }
    }
    Value::Object(kept)
}
