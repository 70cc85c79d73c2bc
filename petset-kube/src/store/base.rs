//! What a status was decided on.

use petset_core::status::PetSetStatus;
use petset_core::{Error, ErrorKind, Result, SetKey};
use serde_json::Value;

use crate::resource::{KeptSet, SetKind};

pub(super) const OPERATION: &str = "update the status of a set";

/// A set in the version that a status was decided on.
#[derive(Debug)]
pub(super) struct Base<K>(KeptSet<K>);

impl<K: SetKind> Base<K> {
    pub(super) fn new(set: KeptSet<K>) -> Self {
        Self(set)
    }

    pub(super) fn key(&self) -> SetKey {
        self.0.record().key()
    }

    /// Which pods are its own, as text.
    pub(super) fn selector(&self) -> Option<&str> {
        self.0.selector()
    }

    /// Whether `status` takes a ticket, or gives one back.
    ///
    /// # Errors
    /// When the status that is there cannot be read.
    pub(super) fn changes_tickets(&self, status: &PetSetStatus) -> Result<bool> {
        Ok(self.0.stored()?.status.tickets != status.tickets)
    }

    /// The merge patch that makes `status` of the status that is there, and of nothing else.
    pub(super) fn patch(&self, status: &PetSetStatus) -> Value {
        K::status_patch(&self.0, status)
    }

    /// The error of a status that is not written.
    pub(super) fn decided_on_old_pods(&self) -> Error {
        Error::new(ErrorKind::Conflict, OPERATION)
            .with_context("set", self.key())
            .with_message("the pods that it was decided on are older than the set; they are read again")
    }
}

#[cfg(test)]
mod tests {
    use petset_core::status::Ticket;
    use petset_core::{Ordinal, PodUid};
    use serde_json::json;

    use super::*;
    use crate::cache::Record;
    use crate::resource::{PetSets, SetRecord};

    fn base(status: &Value) -> Base<PetSets> {
        let record: SetRecord<PetSets> = serde_json::from_value(json!({
            "metadata": { "name": "web", "namespace": "default", "uid": "u", "resourceVersion": "7" },
            "spec": { "serviceName": "nginx", "selector": { "matchLabels": { "app": "web" } }, "template": {
                "metadata": { "labels": { "app": "web" } },
                "spec": { "containers": [{ "name": "main", "image": "x" }] } } },
            "status": status,
        }))
        .expect("a set");
        Base::new(record.keep().expect("it is kept"))
    }

    #[test]
    fn only_what_is_new_is_written() {
        let status = PetSetStatus { replicas: 3, ..PetSetStatus::default() };
        let mut before = serde_json::to_value(&status).expect("a status is JSON");
        before["selector"] = json!("app=web");
        let version = json!({ "resourceVersion": "7" });
        assert_eq!(base(&before).patch(&status), json!({ "metadata": version }));
        before["tickets"] = json!([{ "ordinal": 0, "uid": "a" }]);
        before["replicas"] = json!(2);
        let patch = base(&before).patch(&status);
        assert_eq!(patch, json!({ "metadata": version, "status": { "replicas": 3, "tickets": null } }));
    }

    #[test]
    fn tickets_are_told_from_other_news() {
        let ticket = Ticket { ordinal: Ordinal(1), uid: PodUid::new("a") };
        let taken = PetSetStatus { tickets: vec![ticket], ..PetSetStatus::default() };
        let more = PetSetStatus { replicas: 2, ..taken.clone() };
        let written = serde_json::to_value(&taken).expect("a status is JSON");
        assert!(base(&Value::Null).changes_tickets(&taken).expect("it can be read"));
        assert!(!base(&written).changes_tickets(&more).expect("it can be read"));
        assert!(base(&written).changes_tickets(&PetSetStatus::default()).expect("it can be read"));
    }
}
