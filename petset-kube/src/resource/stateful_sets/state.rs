//! What safety needs and a `StatefulSet` has no field for: a condition of ours, which is written with the rest of the
//! status, on the version that was decided on.
//!
//! Nobody who replaces the set takes it off: a status is written by those who work on the set. Kubernetes' controller writes
//! it as a whole and copies no conditions, so that what we remember is gone once it has worked on the set.

use petset_core::Timestamp;
use petset_core::status::{OrdinalSet, PetSetStatus, Started, Ticket};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

/// The type of the condition.
pub(super) const TYPE: &str = "petset.rs/State";

/// Its reason, for as long as it is there.
const REASON: &str = "Remembered";

/// Its message.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct State {
    /// This term of ours: since the set came to us, from nobody or from another controller. Each has another name.
    pub(super) term: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) tickets: Vec<Ticket>,
    #[serde(default, skip_serializing_if = "Started::is_empty", with = "super::started")]
    pub(super) started: Started,
    #[serde(default, skip_serializing_if = "OrdinalSet::is_empty")]
    pub(super) deleting_claims: OrdinalSet,
}

impl State {
    /// What the status of a set remembers. `None` of one that is not ours yet, or not any more: pods and claims may have
    /// come and gone, so that we begin with what is seen.
    ///
    /// # Errors
    /// When the message is not as we write it. The condition may be removed to begin anew.
    pub(super) fn of(status: &Value) -> Result<Option<Self>, serde_json::Error> {
        let Some(condition) = condition(status) else { return Ok(None) };
        let state = serde_json::from_str(condition["message"].as_str().unwrap_or_default());
        state.map(Some).map_err(|error| {
            let problem = format!("the condition {TYPE} is not as it was written, remove it: {error}");
            serde::de::Error::custom(problem)
        })
    }

    /// Which term the status of a set is of; `None` as for [`Self::of`], and where that cannot be read.
    pub(super) fn term(status: &Value) -> Option<String> {
        // The rest is long where there are many pets.
        #[derive(Deserialize)]
        struct Term {
            term: String,
        }
        let Term { term } = serde_json::from_str(condition(status)?["message"].as_str()?).ok()?;
        Some(term)
    }

    /// The condition that remembers what `status` says, in the term that `before` tells of, else in a new one. Nothing may be
    /// done in a term that is not on record yet.
    pub(super) fn written(before: &Value, status: &PetSetStatus) -> Value {
        let (term, since) = match condition(before).zip(Self::term(before)) {
            Some((condition, term)) => (term, condition["lastTransitionTime"].clone()),
            None => (Uuid::new_v4().to_string(), json!(Timestamp::now())),
        };
        let state = Self {
            term,
            tickets: status.tickets.clone(),
            started: status.started.clone(),
            deleting_claims: status.deleting_claims.clone(),
        };
        let message = serde_json::to_string(&state).expect("a state is JSON");
        json!({ "type": TYPE, "status": "True", "reason": REASON, "message": message, "lastTransitionTime": since })
    }
}

/// Our condition in a status.
pub(super) fn condition(status: &Value) -> Option<&Value> {
    status["conditions"].as_array()?.iter().find(|condition| condition["type"] == TYPE)
}

#[cfg(test)]
mod tests {
    use petset_core::{ClaimUid, Ordinal, PodUid};

    use super::*;

    fn status() -> PetSetStatus {
        let mut status = PetSetStatus::default();
        status.tickets.push(Ticket { ordinal: Ordinal(1), uid: PodUid::new("p") });
        status.started.insert(Ordinal(0), [("www".into(), ClaimUid::new("c"))]);
        status.deleting_claims.insert(Ordinal(4));
        status
    }

    fn with(condition: &Value) -> Value {
        json!({ "conditions": [{ "type": "Theirs" }, condition] })
    }

    fn nobodys() -> Value {
        json!({ "replicas": 3, "conditions": [{ "type": "Available" }] })
    }

    #[test]
    fn s19_what_is_written_is_read() {
        let message = "{\"term\":\"t\",\"tickets\":[{\"ordinal\":1,\"uid\":\"p\"}],\"started\":{\"pets\":\"0\",\
            \"claims\":{\"www\":[\"=c\"]}},\"deletingClaims\":\"4\"}";
        let condition = json!({ "type": TYPE, "status": "True", "reason": "Remembered", "message": message,
            "lastTransitionTime": "2026-01-02T03:04:05Z" });
        let PetSetStatus { tickets, started, deleting_claims, .. } = status();
        let state = State { term: "t".to_owned(), tickets, started, deleting_claims };
        assert_eq!(State::of(&with(&condition)).expect("a state"), Some(state));
        // Also the time stays: it is that of the term.
        assert_eq!(State::written(&with(&condition), &status()), condition);
    }

    #[test]
    fn s12_what_another_controller_had_meanwhile_begins_anew_in_another_term() {
        assert_eq!(State::of(&nobodys()).expect("no state"), None);
        let begin = || State::written(&nobodys(), &status());
        let term = |condition: &Value| State::of(&with(condition)).expect("a state").expect("ours").term;
        let (first, second) = (begin(), begin());
        assert_ne!(term(&first), term(&second));
        assert!(first["lastTransitionTime"].is_string(), "{first}");
        assert_eq!(State::written(&with(&first), &status()), first);
    }

    #[test]
    fn s15_what_cannot_be_read_is_an_error_that_names_the_condition() {
        for message in [json!("{\"tickets\":[]}"), json!("?"), Value::Null] {
            let error =
                State::of(&with(&json!({ "type": TYPE, "message": message }))).expect_err("no state").to_string();
            assert!(error.contains(TYPE) && error.contains("remove it"), "{error}");
        }
    }
}
