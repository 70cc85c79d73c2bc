//! The status of a `StatefulSet`, as every version of Kubernetes has it.

use petset_core::status::{Condition, PetSetStatus};
use petset_core::{RevisionName, Timestamp};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{StatefulSets, count, state};
use crate::resource::SetRecord;

/// The status without what is not in it.
pub(super) fn read(record: &SetRecord<StatefulSets>, status: &Value) -> Result<PetSetStatus, serde_json::Error> {
    let revision = |name: &str| status[name].as_str().filter(|name| !name.is_empty()).map(RevisionName::new);
    let observed_generation = status["observedGeneration"].as_u64().unwrap_or(0);
    let ready_replicas = count(&status["readyReplicas"]);
    let conditions = status["conditions"].as_array().into_iter().flatten();
    Ok(PetSetStatus {
        observed_generation,
        replicas: count(&status["replicas"]),
        ready_replicas,
        // Before Kubernetes 1.22 it was not told apart.
        available_replicas: if status["availableReplicas"].is_null()
            && count(&record.spec.value()["minReadySeconds"]) == 0
        {
            ready_replicas
        } else {
            count(&status["availableReplicas"])
        },
        current_replicas: count(&status["currentReplicas"]),
        updated_replicas: count(&status["updatedReplicas"]),
        current_revision: revision("currentRevision"),
        update_revision: revision("updateRevision"),
        collision_count: count(&status["collisionCount"]),
        conditions: conditions
            .filter(|condition| condition["type"] != state::TYPE)
            .map(|condition| read_condition(condition, observed_generation))
            .collect::<Result<_, _>>()?,
        ..PetSetStatus::default()
    })
}

/// A condition has no generation of its own here, and may lack what is not required.
fn read_condition(condition: &Value, generation: u64) -> Result<Condition, serde_json::Error> {
    let mut whole = condition.clone();
    for field in ["reason", "message"] {
        if whole[field].is_null() {
            whole[field] = json!("");
        }
    }
    if whole["lastTransitionTime"].is_null() {
        whole["lastTransitionTime"] = json!(Timestamp::default());
    }
    whole["observedGeneration"] = json!(generation);
    Condition::deserialize(whole)
}

/// The status as it is sent, with our own condition beside those that everybody may know. A server leaves out what it does
/// not know.
pub(super) fn written(status: &PetSetStatus, state: Value) -> Map<String, Value> {
    let PetSetStatus {
        observed_generation,
        replicas,
        ready_replicas,
        available_replicas,
        current_replicas,
        updated_replicas,
        current_revision,
        update_revision,
        collision_count,
        conditions,
        tickets: _,
        started: _,
        deleting_claims: _,
    } = status;
    let conditions: Vec<Value> = conditions.iter().map(written_condition).chain([state]).collect();
    [
        ("observedGeneration", json!(observed_generation)),
        ("replicas", json!(replicas)),
        ("readyReplicas", json!(ready_replicas)),
        ("availableReplicas", json!(available_replicas)),
        ("currentReplicas", json!(current_replicas)),
        ("updatedReplicas", json!(updated_replicas)),
        ("currentRevision", json!(current_revision)),
        ("updateRevision", json!(update_revision)),
        ("collisionCount", json!(collision_count)),
        ("conditions", json!(conditions)),
    ]
    .map(|(field, value)| (field.to_owned(), value))
    .into_iter()
    .collect()
}

pub(super) fn written_condition(condition: &Condition) -> Value {
    let Condition { kind, status, reason, message, last_transition_time, observed_generation: _ } = condition;
    let since = (*last_transition_time != Timestamp::default()).then_some(last_transition_time);
    json!({ "type": kind, "status": status, "reason": reason, "message": message, "lastTransitionTime": since })
}

#[cfg(test)]
mod tests {
    use petset_core::status::ConditionStatus;

    use super::*;
    use crate::resource::stateful_sets::tests::record;

    fn read_of(spec: &Value, status: &Value) -> PetSetStatus {
        read(&record(&json!({}), spec, status), status).expect("a status")
    }

    fn state() -> Value {
        json!({ "type": state::TYPE, "status": "True", "message": "{}" })
    }

    #[test]
    fn s17_a_status_that_came_back_says_nothing_new() {
        let mut status = PetSetStatus {
            observed_generation: 3,
            replicas: 2,
            ready_replicas: 2,
            available_replicas: 2,
            current_revision: Some(RevisionName::new("web-1")),
            ..PetSetStatus::default()
        };
        status.conditions.push(Condition {
            kind: "Available".to_owned(),
            status: ConditionStatus::True,
            reason: "AllPetsAvailable".to_owned(),
            message: "2 of 2".to_owned(),
            last_transition_time: Timestamp::from_micros(1_700_000_000_000_000),
            observed_generation: 3,
        });
        let mut sent = Value::Object(written(&status, state()));
        assert_eq!(sent["conditions"][1], state());
        assert_eq!(read_of(&json!({}), &sent), status);
        // A server before 1.22 keeps less.
        sent.as_object_mut().expect("an object").remove("availableReplicas");
        assert_eq!(read_of(&json!({}), &sent), status);
        let waits = read_of(&json!({ "minReadySeconds": 10 }), &sent);
        assert_eq!((waits.ready_replicas, waits.available_replicas), (2, 0));
    }

    #[test]
    fn conditions_of_others_may_lack_what_is_not_required() {
        let theirs = json!({ "type": "Theirs", "status": "True", "lastTransitionTime": null });
        let read = read_of(&json!({}), &json!({ "conditions": [state(), theirs] }));
        let kinds: Vec<&str> = read.conditions.iter().map(|condition| condition.kind.as_str()).collect();
        assert_eq!(kinds, ["Theirs"], "ours is nobody's business");
        assert_eq!(written(&read, state())["conditions"][0]["lastTransitionTime"], Value::Null);
    }
}
