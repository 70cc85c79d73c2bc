//! What is kept of a set.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use petset_core::Result;
use petset_core::spec::LabelSelector;
use petset_core::store::StoredSet;
use serde::Deserialize;
use serde_json::{Value, json};

use super::kind::Kind;
use super::{SetRecord, selector};
use crate::meta::Tenure;

/// A set as the server has it, and as core understands it once somebody asks. Clones share both.
#[derive(Debug)]
pub(crate) struct KeptSet<K>(Arc<Inner<K>>);

#[derive(Debug)]
struct Inner<K> {
    record: SetRecord<K>,
    selector: Option<String>,
    tenure: Tenure,
    stored: OnceLock<StoredSet>,
}

impl<K> Clone for KeptSet<K> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<K: Kind> KeptSet<K> {
    /// Keeps a set.
    pub(crate) fn of(record: &SetRecord<K>) -> Self {
        let record = record.clone();
        let spec = record.spec.value();
        let (selector, tenure) = (selector_of(&spec), K::tenure(&record, &spec));
        Self(Arc::new(Inner { record, selector, tenure, stored: OnceLock::new() }))
    }

    /// As the server has it.
    pub(crate) fn record(&self) -> &SetRecord<K> {
        &self.0.record
    }

    /// Which pods are its own, as text; `None` when it says nothing that can be read.
    pub(crate) fn selector(&self) -> Option<&str> {
        self.0.selector.as_deref()
    }

    /// Whether something with these labels may be its own.
    pub(crate) fn selects(&self, labels: &BTreeMap<String, String>) -> bool {
        let said = LabelSelector::deserialize(said(&self.0.record.spec.value()));
        said.is_ok_and(|said| !said.is_empty() && said.matches(labels))
    }

    /// How its claims are told to be its own.
    pub(crate) fn tenure(&self) -> &Tenure {
        &self.0.tenure
    }

    /// As core understands it.
    ///
    /// # Errors
    /// Those of [`SetRecord::stored`].
    pub(crate) fn stored(&self) -> Result<StoredSet> {
        if let Some(stored) = self.0.stored.get() {
            return Ok(stored.clone());
        }
        let stored = self.0.record.stored()?;
        Ok(self.0.stored.get_or_init(|| stored).clone())
    }
}

/// What its selector says, else the labels of its template.
fn said(spec: &Value) -> Value {
    let selector = &spec["selector"];
    if selector.is_null() { json!({ "matchLabels": spec["template"]["metadata"]["labels"] }) } else { selector.clone() }
}

fn selector_of(spec: &Value) -> Option<String> {
    selector::text(&said(spec)).ok().filter(|text| !text.is_empty())
}
