//! What the status of a set says that cannot be read, or that can never work as it is written.

use petset_core::status::{Condition, ConditionStatus, ConditionType};
use petset_core::{Error, ErrorKind, Timestamp};
use serde::Deserialize;
use serde_json::Value;

use crate::resource::{SetKind, SetRecord};

/// The status that says why the set is left alone, and else what it said before, whatever that is; `None` when it says so
/// already.
pub(super) fn status<K: SetKind>(found: &SetRecord<K>, error: &Error, now: Timestamp) -> Option<Value> {
    let reason = if error.kind() == ErrorKind::Invalid { "Invalid" } else { "Unreadable" };
    let mut status = found.status.object();
    let before = status["conditions"].as_array().cloned().unwrap_or_default();
    let generation = found.metadata.generation.and_then(|generation| u64::try_from(generation).ok()).unwrap_or(1);
    let condition = |kind: ConditionType, status: ConditionStatus, message: String| {
        let before = before.iter().find(|before| before["type"] == kind.as_str());
        let before = before.and_then(|before| Condition::deserialize(before).ok());
        let since = before.filter(|before| before.status == status).map(|before| before.last_transition_time);
        K::condition(&Condition {
            kind: kind.as_str().to_owned(),
            status,
            reason: reason.to_owned(),
            message,
            last_transition_time: since.unwrap_or(now),
            observed_generation: generation,
        })
    };
    let own = [
        condition(
            ConditionType::Progressing,
            ConditionStatus::False,
            "nothing is done before it is mended; its pods are left as they are".to_owned(),
        ),
        condition(ConditionType::Degraded, ConditionStatus::True, error.chain().to_string()),
    ];
    // When it began to be so is written less exactly by some kinds.
    let says = |one: &Value, other: &Value| {
        let fields = one.as_object().into_iter().flatten();
        fields.into_iter().all(|(field, value)| field == "lastTransitionTime" || other[field] == *value)
    };
    if own.iter().all(|own| before.iter().any(|before| says(own, before))) {
        return None;
    }
    let is_own = |other: &&Value| own.iter().any(|own| own["type"] == other["type"]);
    let next: Vec<Value> = before.iter().filter(|other| !is_own(other)).chain(&own).cloned().collect();
    status["conditions"] = Value::Array(next);
    Some(status)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::resource::PetSets;

    fn record(status: &Value) -> SetRecord<PetSets> {
        serde_json::from_value(json!({ "metadata": { "name": "web", "generation": 3 }, "status": status }))
            .expect("a set")
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_micros(seconds * 1_000_000)
    }

    #[test]
    fn s17_it_is_said_once_and_nothing_else_is_lost() {
        let error = Error::new(ErrorKind::Invalid, "accept the manifest").with_message("spec.replicas: too many");
        let before = json!({ "tickets": [{ "ordinal": 1, "uid": "u" }], "started": "cannot be read",
            "conditions": [{ "type": "Theirs", "status": "True" }] });
        let first = status(&record(&before), &error, at(1)).expect("it is news");
        assert_eq!((&first["tickets"], &first["started"]), (&before["tickets"], &before["started"]));
        let kinds: Vec<&str> =
            first["conditions"].as_array().into_iter().flatten().filter_map(|each| each["type"].as_str()).collect();
        assert_eq!(kinds, ["Theirs", "Progressing", "Degraded"]);
        assert_eq!(first["conditions"][2]["observedGeneration"], 3);
        assert_eq!(status(&record(&first), &error, at(2)), None);
        let other = Error::new(ErrorKind::Invalid, "accept the manifest").with_message("spec.template: missing");
        let second = status(&record(&first), &other, at(3)).expect("other words");
        assert_eq!(second["conditions"][2]["lastTransitionTime"], first["conditions"][2]["lastTransitionTime"]);
    }
}
