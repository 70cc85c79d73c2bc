//! What safety needs and a `StatefulSet` has no field for: an annotation of the set, written in one request with the
//! status, on the version that was decided on.

use petset_core::status::{ConditionType, OrdinalSet, Started, Ticket};
use serde::{Deserialize, Serialize};

use super::{StatefulSets, annotation};
use crate::meta;
use crate::resource::SetRecord;

/// The annotation.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct State {
    /// How often the set came to us, from nobody or from another controller.
    pub(super) term: u64,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) tickets: Vec<Ticket>,
    #[serde(skip_serializing_if = "Started::is_empty")]
    pub(super) started: Started,
    #[serde(skip_serializing_if = "OrdinalSet::is_empty")]
    pub(super) deleting_claims: OrdinalSet,
}

impl State {
    /// What is remembered of a set. Of one that another controller has worked on since it is nothing but the term: pods and
    /// claims may have come and gone, so that we begin with what is seen.
    ///
    /// # Errors
    /// When the annotation is not as we write it. It may be removed to begin anew.
    pub(super) fn of(record: &SetRecord<StatefulSets>) -> Result<Self, serde_json::Error> {
        let Some(text) = annotation(record, meta::STATE) else { return Ok(Self::default()) };
        let state: Self = serde_json::from_str(text).map_err(|error| {
            let problem = format!("the annotation {} is not as it was written, remove it: {error}", meta::STATE);
            serde::de::Error::custom(problem)
        })?;
        Ok(if is_ours(record) { state } else { Self { term: state.term, ..Self::default() } })
    }

    pub(super) fn text(&self) -> String {
        serde_json::to_string(self).expect("a state is JSON")
    }
}

/// Whether the status is one of ours: no other controller sets conditions, and each writes the status as a whole.
pub(super) fn is_ours(record: &SetRecord<StatefulSets>) -> bool {
    let mut conditions = record.status["conditions"].as_array().into_iter().flatten();
    conditions.any(|condition| condition["type"] == ConditionType::Available.as_str())
}

#[cfg(test)]
mod tests {
    use petset_core::{ClaimUid, Ordinal, PodUid};
    use serde_json::{Value, json};

    use super::*;
    use crate::resource::stateful_sets::tests::record;

    fn written() -> (State, String) {
        let mut state = State { term: 2, ..State::default() };
        state.tickets.push(Ticket { ordinal: Ordinal(1), uid: PodUid::new("p") });
        state.started.insert(Ordinal(0), [("www".into(), ClaimUid::new("c"))]);
        state.deleting_claims.insert(Ordinal(4));
        let text = state.text();
        (state, text)
    }

    fn with(text: &str, status: &Value) -> SetRecord<StatefulSets> {
        record(&json!({ "annotations": { meta::STATE: text } }), &json!({}), status)
    }

    #[test]
    fn s19_what_is_written_is_read() {
        let (state, text) = written();
        let compact = "{\"term\":2,\"tickets\":[{\"ordinal\":1,\"uid\":\"p\"}],\"started\":{\"0\":{\"www\":\"c\"}},\
            \"deletingClaims\":\"4\"}";
        assert_eq!(text, compact);
        let ours = json!({ "conditions": [{ "type": "Available", "status": "False" }] });
        assert_eq!(State::of(&with(&text, &ours)).expect("a state"), state);
    }

    #[test]
    fn s12_what_another_controller_had_meanwhile_begins_anew() {
        let (_, text) = written();
        let theirs = json!({ "replicas": 3 });
        assert_eq!(State::of(&with(&text, &theirs)).expect("a state"), State { term: 2, ..State::default() });
        let none = record(&json!({}), &json!({}), &json!({}));
        assert_eq!(State::of(&none).expect("a state"), State::default());
    }

    #[test]
    fn s15_what_cannot_be_read_is_an_error_that_names_the_annotation() {
        let error = State::of(&with("{\"term\":\"x\"}", &json!({}))).expect_err("no number").to_string();
        assert!(error.contains(meta::STATE) && error.contains("remove it"), "{error}");
    }
}
